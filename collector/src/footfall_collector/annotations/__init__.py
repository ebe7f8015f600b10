"""Annotations: what happened and when, for every chart over time, in DATA/annotations.json.

`annotation` is one of them and what its text can have, `annotation_list` keeps them, `commands` change them from the
command line and the API, and `github` reads the signed deliveries of a release. Releases that events show by themselves
are added by `show`. `access`, `answer` and what is above them import this package.
"""

from .annotation import (
    MAX_ANNOTATIONS,
    MAX_TEXT_LENGTH,
    Annotation,
    AnnotationError,
    AnnotationsFile,
    check_annotation,
    release_text,
)
from .annotation_list import FILE, AnnotationList
from .commands import annotation_commands
from .github import DeliveryError, PublishedRelease, has_valid_signature, read_release

__all__ = [
    "FILE",
    "MAX_ANNOTATIONS",
    "MAX_TEXT_LENGTH",
    "Annotation",
    "AnnotationError",
    "AnnotationList",
    "AnnotationsFile",
    "DeliveryError",
    "PublishedRelease",
    "annotation_commands",
    "check_annotation",
    "has_valid_signature",
    "read_release",
    "release_text",
]

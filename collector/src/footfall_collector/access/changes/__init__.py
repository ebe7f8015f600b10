"""What programs may change: write keys, and annotations, which say what happened and when, in DATA/annotations.json.

`annotation` is one of them and what its text can have, `annotation_list` keeps them, `commands` change them from the
command line and the API, and `github` reads the signed deliveries of a release. `endpoints` answers over HTTP; it is
not exported, for it loads Starlette. Releases that events show by themselves are added by `show`.
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
from .github import PublishedRelease, UnusableDeliveryError, has_valid_signature, read_release

__all__ = [
    "FILE",
    "MAX_ANNOTATIONS",
    "MAX_TEXT_LENGTH",
    "Annotation",
    "AnnotationError",
    "AnnotationList",
    "AnnotationsFile",
    "PublishedRelease",
    "UnusableDeliveryError",
    "annotation_commands",
    "check_annotation",
    "has_valid_signature",
    "read_release",
    "release_text",
]

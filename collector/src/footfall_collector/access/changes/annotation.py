"""One annotation, and what its parts can be: assistants and readers see texts that a stranger may have chosen."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta

import msgspec

from ...runtime import utc_stamp

MAX_ANNOTATIONS = 2000
MAX_TEXT_LENGTH = 200
_MAX_DAYS_AHEAD = 366
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_ID = re.compile(r"[0-9a-f]{12}")
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_PRODUCT = re.compile(r"([a-z][a-z0-9-]{0,127})?")
_BY = re.compile(r"[A-Za-z0-9 _.-]{1,80}")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_SHOWN_CATEGORIES = frozenset("LMNPS")
"""Letters, marks, numbers, punctuation and symbols: no control characters, and no marks of direction."""


class AnnotationError(Exception):
    """An annotation that can't be added or removed, or a file that can't be used; the message says what to do."""


class Annotation(msgspec.Struct, frozen=True):
    """What happened at a moment.

    Attributes:
        id: 12 hex digits; empty for a release that events show by themselves.
        at: RFC 3339, UTC.
        text: one line of at most 200 characters.
        product: empty for all products.
        by: `command line`, `signed in`, `token NAME`, `GitHub`, or `events` for a release that they show.
    """

    id: str
    at: str
    text: str
    product: str = ""
    by: str = "command line"


class AnnotationsFile(msgspec.Struct):
    """The file's content. `deliveries`: IDs of the latest deliveries of GitHub, the oldest first."""

    version: int = 1
    annotations: list[Annotation] = []
    deliveries: list[str] = []


def clean_text(text: str) -> str:
    """The text without spaces around it. Raises AnnotationError where it is empty, too long or has other characters."""
    stripped = text.strip()
    if not stripped or len(text) > MAX_TEXT_LENGTH:
        raise AnnotationError(f"an annotation's text has 1 to {MAX_TEXT_LENGTH} characters")
    if not all(each == " " or unicodedata.category(each)[0] in _SHOWN_CATEGORIES for each in stripped):
        raise AnnotationError("an annotation's text is one line of letters, digits, spaces, punctuation and symbols")
    return stripped


def moment(at: str, now: float) -> str:
    """A UTC day or an RFC 3339 time as RFC 3339 in UTC; empty is now. Raises AnnotationError for anything else."""
    today = datetime.fromtimestamp(now, UTC)
    try:
        parsed = datetime.fromisoformat(at) if at else today
        parsed = parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise AnnotationError("write a time such as 2026-11-29 or 2026-11-29T15:00:00Z") from None
    if not _EARLIEST <= parsed <= today + timedelta(days=_MAX_DAYS_AHEAD):
        raise AnnotationError("the time is before 2000, or more than a year ahead")
    return utc_stamp(parsed)


def release_text(tag: str) -> str:
    """The text for a release's tag, which a stranger may have chosen. Raises AnnotationError for what is no tag."""
    if not _TAG.fullmatch(tag):
        raise AnnotationError(
            "a tag is 1 to 64 letters, digits, `.`, `_`, `+` and `-`, and begins with one of the first two"
        )
    return f"{tag} released"


def check_annotation(annotation: Annotation) -> None:
    """Raises AnnotationError for one that no collector writes."""
    parts = ((_ID, annotation.id), (_STAMP, annotation.at), (_PRODUCT, annotation.product), (_BY, annotation.by))
    if not all(pattern.fullmatch(text) for pattern, text in parts) or clean_text(annotation.text) != annotation.text:
        raise AnnotationError("an annotation has a part that no collector writes")

"""The files that a backup can have: the complete list, by the form of their paths, each with its maximum size."""

import re
from typing import NamedTuple

STORE, JOURNAL, PUBLIC, PEPPER = "store", "journal", "public", "pepper"
TOMBSTONES, KEYS, TOKENS, LINKS = "forgotten.json", "keys.json", "tokens.json", "links.json"
SEGMENTS, ALERTS, ANNOTATIONS = "segments.json", "alerts.json", "annotations.json"
MAX_FILES = 100_000

_MONTH = r"(?:19[7-9][0-9]|2[0-9]{3})-(?:0[1-9]|1[0-2])"
_PRODUCT = r"[a-z][a-z0-9]{0,63}(?:-[a-z0-9]{1,63}){0,15}"
_DATABASE_BYTES, _SEGMENT_BYTES = 1 << 50, 2 << 30


class FileKind(NamedTuple):
    """One kind of file. A file that is not `large` is read whole and its content is checked."""

    path: re.Pattern[str]
    max_bytes: int
    large: bool


def _kind(pattern: str, max_bytes: int, *, large: bool = False) -> FileKind:
    return FileKind(re.compile(pattern), max_bytes, large)


FILE_KINDS = (
    _kind(rf"store/(?:events-{_MONTH}|rollups)\.duckdb(?:\.wal)?", _DATABASE_BYTES, large=True),
    _kind(r"journal/[0-9]{12}\.jsonl", _SEGMENT_BYTES, large=True),
    _kind(rf"public/{_PRODUCT}/{_MONTH}\.json", 64 << 10),
    _kind(r"forgotten\.json", 64 << 20),
    _kind(r"keys\.json", 4 << 20),
    _kind(r"tokens\.json", 4 << 20),
    _kind(r"links\.json", 4 << 20),
    _kind(r"segments\.json", 4 << 20),
    _kind(r"alerts\.json", 4 << 20),
    _kind(r"annotations\.json", 4 << 20),
    _kind(r"pepper", 4 << 10),
)
"""Everything that a backup consists of. The settings file and catalogues, which are executed, are not among it."""


def kind_of(path: str) -> FileKind | None:
    """The kind of a file by its path within the backup; None for one that no backup has."""
    return next((kind for kind in FILE_KINDS if kind.path.fullmatch(path)), None)

"""Which instances were forgotten, so that a late retry doesn't bring one back.

An instance is named by a hash of its stored hash: the file tells nobody which instance it was, and whoever brings the
instance can be told that it is on the list.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..runtime import replace_file
from .interface import StoreError

_PREFIX = "footfall/forgotten/v1/"


class _Mark(msgspec.Struct):
    """One instance. `pending` until its events are deleted."""

    mark: str
    pending: bool = True


def mark_of(instance: str) -> str:
    """The mark of an instance's 16 hex digits: 64 hex digits."""
    return hashlib.sha256((_PREFIX + instance).encode()).hexdigest()


def sql_of_mark(instance: str) -> str:
    """The same in SQL, for an expression that gives the 16 hex digits as a text."""
    return f"sha256('{_PREFIX}' || {instance})"


class Tombstones:
    """The list, in one file. Raises StoreError where it can't be read: without it forgotten instances could return."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._marks = msgspec.json.decode(path.read_bytes(), type=list[_Mark]) if path.exists() else []
        except (OSError, msgspec.DecodeError) as error:
            raise StoreError(f"{path} can't be read ({type(error).__name__}); restore it from a backup") from None

    @property
    def marks(self) -> tuple[str, ...]:
        """All marks."""
        return tuple(mark.mark for mark in self._marks)

    @property
    def pending(self) -> tuple[str, ...]:
        """The marks of instances whose events are still to be deleted."""
        return tuple(mark.mark for mark in self._marks if mark.pending)

    def add(self, instance: str) -> None:
        """Put an instance on the list, on disk before this returns. Raises OSError."""
        mark = mark_of(instance)
        self._write([*(known for known in self._marks if known.mark != mark), _Mark(mark)])

    def done(self, marks: tuple[str, ...]) -> None:
        """Their events are deleted. Raises OSError."""
        self._write([_Mark(known.mark, known.pending and known.mark not in marks) for known in self._marks])

    def _write(self, marks: list[_Mark]) -> None:
        replace_file(self._path, msgspec.json.encode(marks))
        self._marks = marks


def merged(paths: Sequence[Path]) -> bytes:
    """The content of a list of all instances in some lists, all of them to be deleted again. Missing lists are empty.

    Raises StoreError where one can't be read.
    """
    marks = dict.fromkeys(mark for path in paths for mark in Tombstones(path).marks)
    return msgspec.json.encode([_Mark(mark) for mark in marks])

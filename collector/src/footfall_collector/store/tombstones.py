"""Tombstones: the marks of forgotten instances, so that a late retry doesn't bring one back.

A mark is a hash of the stored instance: the file doesn't reveal which instances were forgotten, but an arriving event
can be checked against it.

The file has a checksum and the number of its version. A whole file that is not older than its copy counts alone. Of a
damaged one, of an older version and of one that an earlier release wrote, the entries count together with the copy's.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec.structs import replace

from ..runtime import (
    has_checksum_of_content,
    quantity,
    read_copy,
    read_regular_file,
    replace_with_copy,
    with_checksum,
)
from .interface import StoreError

_log = logging.getLogger(__name__)

_PREFIX = "footfall/forgotten/v1/"


class _ForgottenInstance(msgspec.Struct):
    """An entry of the file. `pending` until the instance's events are deleted.

    `deleted` is the number of its events that were deleted, None where it is not known.
    """

    mark: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    pending: bool = True
    deleted: int | None = None


def tombstone_mark(instance: str) -> str:
    """The mark, 64 hex digits, of an instance's 16 hex digits."""
    return hashlib.sha256((_PREFIX + instance).encode()).hexdigest()


def tombstone_mark_sql(instance: str) -> str:
    """`tombstone_mark` in DuckDB's SQL; `instance` is an expression for the 16 hex digits as text."""
    return f"sha256('{_PREFIX}' || {instance})"


class _Tombstones(msgspec.Struct):
    """The content of the file; `revision` is higher by one with each change."""

    revision: int = 0
    instances: list[_ForgottenInstance] = []


def _decode(content: bytes) -> _Tombstones:
    """Raises ValueError for a damaged file. Earlier releases wrote a list without checksum."""
    decoded = msgspec.json.decode(content, type=_Tombstones | list[_ForgottenInstance])
    if isinstance(decoded, list):
        return _Tombstones(-1, decoded)
    if not has_checksum_of_content(content):
        raise ValueError("a checksum that does not fit")
    return decoded


def _encode(tombstones: _Tombstones) -> bytes:
    return with_checksum(msgspec.json.encode(tombstones))


def _merged(path: Path, marks: list[_ForgottenInstance], copied: list[_ForgottenInstance]) -> list[_ForgottenInstance]:
    """The entries of the file and of its copy, which differ where a write was cut short or the file is damaged.

    Both count: a restore replaces the file by a longer one. Of two entries for one instance the more careful values
    count: its events are deleted again, and forgetting it is not taken back.
    """
    known, in_copy = {mark.mark: mark for mark in marks}, {mark.mark: mark for mark in copied}
    lost = [mark for mark in copied if mark.mark not in known]
    if lost:
        _log.error("store: %s lost %s, known from its copy", path, quantity(len(lost), "forgotten instance"))
        if len(marks) <= len(copied):
            # An entry that only such a file has was one of the lost ones.
            marks = [mark for mark in marks if mark.mark in in_copy]
    merged = []
    for mark in marks:
        copy = in_copy.get(mark.mark, mark)
        deleted = None if None in (mark.deleted, copy.deleted) else max(mark.deleted or 0, copy.deleted or 0)
        merged.append(replace(mark, pending=mark.pending or copy.pending, deleted=deleted))
    return [*merged, *lost]


class TombstoneFile:
    """The file of tombstones. Raises StoreError if it can't be read: forgotten instances could return without it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        copied = _decode(read_copy(path) or b"[]")
        try:
            read = _decode(read_regular_file(path) if path.exists() else b"[]")
        except (OSError, msgspec.DecodeError, ValueError) as error:
            if not copied.instances:
                raise StoreError(f"{path} can't be read ({type(error).__name__}); restore it from a backup") from None
            read = _Tombstones(-1)
        newest = 0 <= read.revision >= copied.revision
        self._marks = read.instances if newest else _merged(path, read.instances, copied.instances)
        self._revision = max(read.revision, copied.revision, 0)

    @property
    def marks(self) -> tuple[str, ...]:
        return tuple(mark.mark for mark in self._marks)

    @property
    def pending(self) -> tuple[str, ...]:
        """The marks of instances whose events are not deleted yet."""
        return tuple(mark.mark for mark in self._marks if mark.pending)

    def add(self, instance: str) -> None:
        """Add an instance; it is on disk when this returns. Raises OSError."""
        mark = tombstone_mark(instance)
        before = next((known for known in self._marks if known.mark == mark), _ForgottenInstance(mark, deleted=0))
        others = (known for known in self._marks if known.mark != mark)
        self._write([*others, _ForgottenInstance(mark, True, before.deleted)])

    def count_deleted(self, events: Mapping[str, int]) -> None:
        """Record, before the deletion, how many events of which mark it deletes. Raises OSError."""
        if any(events.values()):
            self._write(
                [replace(known, deleted=_sum(known.deleted, events.get(known.mark, 0))) for known in self._marks]
            )

    def mark_deleted(self, marks: tuple[str, ...]) -> None:
        """Record that the instances' events are deleted. Raises OSError."""
        self._write([replace(known, pending=known.pending and known.mark not in marks) for known in self._marks])

    def take_back(self, instances: Sequence[str]) -> None:
        """Remove instances of which nothing was deleted. Raises StoreError where that is not so, and OSError."""
        marks = {tombstone_mark(instance) for instance in instances}
        check_taking_back([known.deleted for known in self._marks if known.mark in marks])
        self._write([known for known in self._marks if known.mark not in marks])

    def _write(self, marks: list[_ForgottenInstance]) -> None:
        replace_with_copy(self._path, _encode(_Tombstones(self._revision + 1, marks)))
        self._marks, self._revision = marks, self._revision + 1


def _sum(known: int | None, events: int) -> int | None:
    return None if known is None else known + events


def check_taking_back(deleted: Sequence[int | None]) -> None:
    """Raise StoreError if forgetting can't be undone; `deleted` has the deleted events of each instance on the list."""
    if not deleted:
        raise StoreError("this instance is not forgotten, so there is nothing to take back; check the ID")
    if None in deleted:
        raise StoreError("an earlier version forgot this instance, and it is not known whether events were deleted")
    if events := sum(number or 0 for number in deleted):
        raise StoreError(
            f"forgetting this instance deleted {quantity(events, 'event')}, so it can't be taken back; "
            "a backup that was made before still has what was deleted"
        )


def merge_tombstone_files(paths: Sequence[Path]) -> bytes:
    """The content of one file with the instances of several, all pending again. A missing file counts as empty.

    Raises StoreError if a file can't be read.
    """
    marks = dict.fromkeys(mark for path in paths for mark in TombstoneFile(path).marks)
    return _encode(_Tombstones(instances=[_ForgottenInstance(mark) for mark in marks]))

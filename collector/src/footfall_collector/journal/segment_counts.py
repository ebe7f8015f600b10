"""The number of acknowledged lines of each segment until the store has them, in a file next to the journal's folder.

Without it, nothing shows that a segment is gone, or was cut at the end of a line. The file has slots of 32 bytes: the
first is of the live segment and is written after each sync, the others are of closed segments. A second copy in
DATA/copies has the closed ones too. A segment is known where both files name it, or where one of them is damaged: an
old version of one file claims no loss.

How the process may end at each step without a false claim and without a hidden loss:

1. Before a segment is closed it gets its slot, first in the copy; until the file has it too, the first slot has it.
2. The slot is emptied once the store has checkpointed the events, in the file first, and synced before the segment is
   deleted. Other writes are not synced: after a power failure a loss may stay uncounted.
"""

import contextlib
import logging
import os
import struct
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from isal.isal_zlib import crc32

from ..runtime import COPIES, make_directory, read_regular_file
from .segments import SCRATCH

_log = logging.getLogger(__name__)

SUFFIX = ".counts"
_NUMBERS = struct.Struct("<QQQI")
_SLOT_BYTES = _NUMBERS.size + 4
_FREE = bytes(_SLOT_BYTES)
_FILE_BYTES, _MAX_FILE_BYTES = 4096, 64 << 20


class SegmentCount(NamedTuple):
    """A segment's number and its acknowledged lines.

    `lost` is the number of lines that are gone; `noticed` is when that was seen, in epoch seconds.
    """

    sequence: int
    lines: int
    lost: int = 0
    noticed: int = 0


class _Slots(NamedTuple):
    """The content of one file: None for a free slot. `intact` if every slot has a valid checksum."""

    slots: list[SegmentCount | None]
    intact: bool

    def closed(self) -> dict[int, SegmentCount]:
        return {count.sequence: count for count in self.slots[1:] if count is not None}


class SegmentCounts:
    """The file of one journal directory, and its copy. No error: where they can't be written, a loss stays uncounted.

    `write_live` is for one thread; the other methods are safe on any.
    """

    def __init__(self, directory: Path) -> None:
        name = directory.name + SUFFIX
        self._path, self._copy = directory.with_name(name), directory.parent / COPIES / name
        self._lock = threading.Lock()
        self._descriptor = -1

    def live(self) -> SegmentCount:
        """The live segment's number and lines as last recorded; zeros where they are not known.

        The copy knows the number only.
        """
        firsts = [_read(path).slots[:1] for path in (self._path, self._copy)]
        return next((slots[0] for slots in firsts if slots and slots[0]), SegmentCount(0, 0))

    def closed(self) -> dict[int, SegmentCount]:
        """The closed segments whose events the store may not have, and those that lost some, by their number."""
        with self._lock:
            file, copy = _read(self._path), _read(self._copy)
        if file.intact == copy.intact:
            return {number: count for number, count in file.closed().items() if number in copy.closed()}
        return (file if file.intact else copy).closed()

    def restart(self, closed: Iterable[SegmentCount]) -> None:
        """Write both files again, with these closed segments and no live one."""
        slots = b"".join([_FREE, *map(_slot, closed)]).ljust(_FILE_BYTES, b"\0")
        for path in (self._copy, self._path):
            try:
                make_directory(path.parent)
                if path.is_dir():
                    path.rmdir()
                # Not synced: of a file that a power failure empties, the numbers are not known.
                scratch = path.with_name(path.name + SCRATCH)
                scratch.write_bytes(slots)
                scratch.chmod(0o600)
                scratch.rename(path)
            except OSError as error:
                _log.warning(
                    "journal: %s can't be written (%s): lost segments would not be counted", path, error.strerror
                )

    def begin(self, sequence: int) -> None:
        """Record an empty live segment."""
        self.close()
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
            self._descriptor = os.open(self._path, flags, 0o600)
        self.write_live(sequence, 0)
        self._change((self._copy,), lambda _: {0: SegmentCount(sequence, 0)})

    def write_live(self, sequence: int, lines: int) -> None:
        """Record the acknowledged lines of the live segment."""
        # After each sync, so without the objects of `_slot`.
        numbers = _NUMBERS.pack(sequence, lines, 0, 0)
        try:
            os.pwrite(self._descriptor, numbers + crc32(numbers).to_bytes(4, "little"), 0)
        except OSError:
            return

    def add(self, count: SegmentCount) -> None:
        """Record a segment that is to be closed."""

        def change(slots: list[SegmentCount | None]) -> dict[int, SegmentCount | None]:
            free = (place for place, slot in enumerate(slots) if place and slot is None)
            return {next(free, max(1, len(slots))): count}

        self._change((self._copy, self._path), change)

    def replace(self, count: SegmentCount) -> None:
        """Record other numbers for a closed segment, or add it."""
        if count.sequence in self.closed():
            self._change((self._path, self._copy), lambda slots: dict.fromkeys(_places(slots, {count.sequence}), count))
        else:
            self.add(count)

    def remove(self, sequences: Collection[int]) -> None:
        """Empty the slots of segments; that is on disk when this returns."""
        if sequences:
            self._change(
                (self._path, self._copy), lambda slots: dict.fromkeys(_places(slots, sequences), None), sync=True
            )

    def close(self) -> None:
        """Safe to call twice; every method may be called afterwards."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _change(
        self,
        paths: Iterable[Path],
        change: Callable[[list[SegmentCount | None]], Mapping[int, SegmentCount | None]],
        *,
        sync: bool = False,
    ) -> None:
        """Write the slots that `change` makes of each file's present ones."""
        for path in paths:
            with contextlib.suppress(OSError), self._lock:
                descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
                try:
                    for place, count in change(_read(path).slots).items():
                        os.pwrite(descriptor, _FREE if count is None else _slot(count), place * _SLOT_BYTES)
                    if sync:
                        os.fdatasync(descriptor)
                finally:
                    os.close(descriptor)


def _slot(count: SegmentCount) -> bytes:
    numbers = _NUMBERS.pack(*count)
    return numbers + crc32(numbers).to_bytes(4, "little")


def _places(slots: list[SegmentCount | None], sequences: Collection[int]) -> list[int]:
    return [place for place, slot in enumerate(slots) if place and slot is not None and slot.sequence in sequences]


def _read(path: Path) -> _Slots:
    try:
        content = read_regular_file(path, _MAX_FILE_BYTES)
    except OSError:
        return _Slots([], False)
    slots: list[SegmentCount | None] = []
    intact = len(content) >= _FILE_BYTES and not len(content) % _SLOT_BYTES
    for at in range(0, len(content) - _SLOT_BYTES + 1, _SLOT_BYTES):
        slot = content[at : at + _SLOT_BYTES]
        numbers = slot[: _NUMBERS.size]
        valid = slot[_NUMBERS.size :] == crc32(numbers).to_bytes(4, "little")
        slots.append(SegmentCount(*_NUMBERS.unpack(numbers)) if valid else None)
        intact = intact and (valid or slot == _FREE)
    return _Slots(slots, intact)

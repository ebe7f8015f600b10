"""A collector's record of its loads, in a file in DATA: its own number, and the numbers and segments of the loads.

The record can't be in the store, whose replicas may be behind. The file has a checksum and a copy; where it is damaged,
missing or older than its copy, the copy counts. If both are lost, so is the journal next to them; the collector then
takes another number, and nothing is loaded twice.
"""

import logging
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ...runtime import (
    checked_content,
    make_directory,
    read_copy,
    read_regular_file,
    replace_with_copy,
    with_checksum,
)
from ..interface import StoreError

_log = logging.getLogger(__name__)

LOAD_BITS = 40
"""A load's number in the store is the collector's number followed by this number of bits for its own count."""


class _StateFile(msgspec.Struct):
    """The file's content, with loads counted from 1."""

    collector: int
    count: int = 0
    rolled: int = 0
    rebuilt: int = 0
    segments: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)


class LoadState:
    """The file `clickhouse-STORE.json` in DATA. Raises StoreError if it can't be read, OSError on writing.

    Attributes (loads by their number in the store):
        collector: this collector's number, 1 to 2**24 - 1.
        first: the number before its first load.
        newest_load: the newest load that was begun.
        last_rolled_load: the newest load that this collector has published in its roll-ups.
        rebuilt: the number of rebuild requests that this collector has carried out.
        segments: name to (bytes, load) of segments that may still exist.
    """

    def __init__(self, data: Path, store: str) -> None:
        self._path = data / f"clickhouse-{store}.json"
        recorded = _read(self._path)
        state = recorded or _StateFile(1 + secrets.randbelow(2**24 - 1))
        self.collector = state.collector
        self.first = self.collector << LOAD_BITS
        self.newest_load = self.first + state.count
        self.last_rolled_load = self.first + state.rolled
        self.rebuilt = state.rebuilt
        self.segments = {name: (size, self.first + load) for name, (size, load) in state.segments.items()}
        if recorded is None:
            make_directory(data)
            self.write()

    def begin(self, segments: Mapping[str, int]) -> int:
        """Record the segments (name to bytes) of a load before it is carried out; returns its number."""
        number = self.newest_load + 1
        self.newest_load = number
        self.segments |= {name: (size, number) for name, size in segments.items()}
        self.write()
        return number

    def write(self) -> None:
        """Replace the file, synced to disk."""
        segments = {name: (size, load - self.first) for name, (size, load) in self.segments.items()}
        state = _StateFile(
            self.collector, self.newest_load - self.first, self.last_rolled_load - self.first, self.rebuilt, segments
        )
        replace_with_copy(self._path, with_checksum(msgspec.json.encode(state)))


def _read(path: Path) -> _StateFile | None:
    """The record; None where there is none. Raises StoreError where neither the file nor its copy can be read."""
    content = read_copy(path)
    copy = None if content is None else msgspec.json.decode(content, type=_StateFile)
    try:
        state = msgspec.json.decode(checked_content(read_regular_file(path)), type=_StateFile)
    except FileNotFoundError:
        return copy
    except (OSError, msgspec.DecodeError, ValueError) as error:
        if copy is None:
            raise StoreError(f"{path} can't be read ({type(error).__name__}); restore it from a backup") from None
        _log.error("store: %s is damaged, and is taken from its copy", path)
        return copy
    return copy if copy is not None and copy.count > state.count else state

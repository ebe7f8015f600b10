"""A collector's record of its loads, in a file in DATA: its own number, and the numbers and segments of the loads.

The record can't be in the store, whose replicas may be behind. If the file is lost, so is the journal next to it; the
collector then takes another number, and nothing is loaded twice.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ..interface import StoreError

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
        try:
            content = self._path.read_bytes() if self._path.exists() else None
            state = (
                msgspec.json.decode(content, type=_StateFile)
                if content
                else _StateFile(1 + secrets.randbelow(2**24 - 1))
            )
        except (OSError, msgspec.DecodeError) as error:
            raise StoreError(f"{self._path} can't be read ({type(error).__name__}); restore it from a backup") from None
        self.collector = state.collector
        self.first = self.collector << LOAD_BITS
        self.newest_load = self.first + state.count
        self.last_rolled_load = self.first + state.rolled
        self.rebuilt = state.rebuilt
        self.segments = {name: (size, self.first + load) for name, (size, load) in state.segments.items()}
        if content is None:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
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
        scratch = self._path.with_suffix(".tmp")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        os.rename(scratch, self._path)

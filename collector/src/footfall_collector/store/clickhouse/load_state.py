"""What a collector must remember of its loads, in a file of its own: their numbers and segments, and its own number.

The store can't be asked for it: its replicas may be behind. Where the file is lost, so is the journal beside it; the
collector then takes another number, and nothing is loaded twice.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ..interface import StoreError

BITS = 40
"""A load's number in the store is the collector's number, then so many bits of its own count."""


class _State(msgspec.Struct):
    collector: int
    count: int = 0
    rolled: int = 0
    rebuilt: int = 0
    segments: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)


class Progress:
    """The file `clickhouse-STORE.json` in DATA. Raises StoreError where it can't be read, OSError on writing.

    Attributes (loads by their number in the store):
        collector: this collector's number, 1 to 2**24 - 1.
        first: the number before its first load.
        newest: the newest load that was begun.
        rolled: the newest load that this collector has published in its rollups.
        rebuilt: how many times a rebuild had been asked for when this collector last did its part.
        segments: name to (bytes, load) of segments that may still be there.
    """

    def __init__(self, data: Path, store: str) -> None:
        self._path = data / f"clickhouse-{store}.json"
        try:
            content = self._path.read_bytes() if self._path.exists() else None
            state = msgspec.json.decode(content, type=_State) if content else _State(1 + secrets.randbelow(2**24 - 1))
        except (OSError, msgspec.DecodeError) as error:
            raise StoreError(f"{self._path} can't be read ({type(error).__name__}); restore it from a backup") from None
        self.collector = state.collector
        self.first = self.collector << BITS
        self.newest = self.first + state.count
        self.rolled = self.first + state.rolled
        self.rebuilt = state.rebuilt
        self.segments = {name: (size, self.first + load) for name, (size, load) in state.segments.items()}
        if content is None:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.write()

    def begin(self, segments: Mapping[str, int]) -> int:
        """Write down, before anything else, which segments (name to bytes) a load is made of; returns its number."""
        number = self.newest + 1
        self.newest = number
        self.segments |= {name: (size, number) for name, size in segments.items()}
        self.write()
        return number

    def write(self) -> None:
        """Put it on disk, whole."""
        segments = {name: (size, load - self.first) for name, (size, load) in self.segments.items()}
        state = _State(self.collector, self.newest - self.first, self.rolled - self.first, self.rebuilt, segments)
        scratch = self._path.with_suffix(".tmp")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        os.rename(scratch, self._path)

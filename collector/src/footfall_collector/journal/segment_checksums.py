"""Checksums of whole segments: the loader needs not check each line of a segment that this process wrote.

They are in memory only. After a restart none are known, and every line is checked.
"""

from pathlib import Path
from typing import NamedTuple

from isal.isal_zlib import crc32

_MAX_SEGMENTS = 4096
_CHUNK = 1 << 20


class ReadLines(NamedTuple):
    """The number of intact and damaged lines of a segment that was read."""

    intact: int
    damaged: int


class SegmentChecksums:
    """Name, size and CRC-32 of the closed segments that this process wrote. Safe on any thread.

    Attributes:
        read: what the segments had that were read for a load, by name; None for those that are as they were written.
            The loader takes it.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int]] = {}
        self.read: dict[str, ReadLines | None] = {}

    def add(self, name: str, size: int, checksum: int) -> None:
        """Register a segment before it is closed under that name."""
        if len(self._known) >= _MAX_SEGMENTS:
            del self._known[next(iter(self._known))]
        self._known[name] = (size, checksum)

    def matches(self, segment: Path) -> bool:
        """Whether a file has exactly the bytes that were written under its name. Raises OSError."""
        known = self._known.get(segment.name)
        if known is None:
            return False
        size = checksum = 0
        with segment.open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                size, checksum = size + len(chunk), crc32(chunk, checksum)
        return (size, checksum) == known

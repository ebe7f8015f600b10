"""Checksums of whole segments, by the process that wrote them: who loads them need not look at each line.

They are kept in memory only. After a restart nothing is known of what is on disk, and every line is checked.
"""

from pathlib import Path

from isal.isal_zlib import crc32

_REMEMBERED = 4096
_PIECE = 1 << 20


class SegmentChecksums:
    """Name, size and CRC-32 of the closed segments that this process wrote. Safe on any thread."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int]] = {}

    def add(self, name: str, size: int, checksum: int) -> None:
        """A segment is about to be closed under that name."""
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[name] = (size, checksum)

    def matches(self, segment: Path) -> bool:
        """Whether a file is byte for byte what was written under its name. Raises OSError."""
        known = self._known.get(segment.name)
        if known is None:
            return False
        size = checksum = 0
        with segment.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                size, checksum = size + len(piece), crc32(piece, checksum)
        return (size, checksum) == known

"""Segments of the journal as files: the live one `{seq:012d}.open`, closed ones `{seq:012d}.jsonl`.

A sequence number is never used twice as long as the directory exists: the next segment is created before the live
one is closed, so that the highest number is always on disk.
"""

import os
from pathlib import Path

from isal.isal_zlib import crc32

from ..runtime import sync_directory

FOLDER = "journal"
"""The journal's place in the data directory."""
LIVE = ".open"
CLOSED = ".jsonl"
SCRATCH = ".tmp"
_PIECE = 1 << 20


def segment_path(directory: Path, sequence: int, suffix: str) -> Path:
    """Where a segment is."""
    return directory / f"{sequence:012d}{suffix}"


def probe(directory: Path, size: int) -> None:
    """Raises OSError where so many bytes can't be written and synced now; leaves nothing behind."""
    path = directory / f"probe{SCRATCH}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        while size > 0:
            size -= os.write(descriptor, bytes(min(size, _PIECE)))
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
        path.unlink()


class LiveSegment:
    """The segment that is being appended to.

    `size` is how many of its bytes are known to be on disk, `checksum` their CRC-32. Every method may raise OSError;
    `broken` then tells that nothing more can be appended, only `close`d.
    """

    def __init__(self, directory: Path, sequence: int) -> None:
        self.directory = directory
        self.sequence = sequence
        self.size = 0
        self.checksum = 0
        self.broken = False
        path = segment_path(directory, sequence, LIVE)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(self._descriptor, 0)
            sync_directory(directory)
        except OSError:
            os.close(self._descriptor)
            raise

    def append(self, lines: bytes) -> None:
        """Write whole lines and sync them; when it raises, none of them is in the segment."""
        try:
            view = memoryview(lines)
            while view:
                view = view[os.write(self._descriptor, view) :]
        except BaseException:
            self._cut()
            raise
        try:
            os.fdatasync(self._descriptor)
        except OSError:
            # After a failed sync the kernel may call pages clean that never reached the disk: don't build on them.
            self._cut()
            self.broken = True
            raise
        self.size += len(lines)
        self.checksum = crc32(lines, self.checksum)

    def _cut(self) -> None:
        try:
            os.ftruncate(self._descriptor, self.size)
        except OSError:
            self.broken = True

    def close(self) -> None:
        """Rename it for the loader, durably; where it holds nothing, delete it. May be tried again after an OSError."""
        path = segment_path(self.directory, self.sequence, LIVE)
        if self.size:
            if self.broken:
                os.ftruncate(self._descriptor, self.size)
            os.rename(path, segment_path(self.directory, self.sequence, CLOSED))
        else:
            path.unlink(missing_ok=True)
        self.release()
        sync_directory(self.directory)

    def release(self) -> None:
        """Let go of the file and leave it as it is: the next start finds it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

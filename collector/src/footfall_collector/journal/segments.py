"""Segments of the journal as files: the live one `{seq:012d}.open`, closed ones `{seq:012d}.jsonl`.

A sequence number is never used twice while the directory exists: the next segment is created before the live one is
closed, and so the highest number is always on disk.
"""

import contextlib
import os
from pathlib import Path

from isal.isal_zlib import crc32

from ..runtime import sync_directory

FOLDER = "journal"
"""The journal's folder in the data directory."""
LIVE = ".open"
CLOSED = ".jsonl"
SCRATCH = ".tmp"
_CHUNK = 1 << 20


def segment_path(directory: Path, sequence: int, suffix: str) -> Path:
    return directory / f"{sequence:012d}{suffix}"


def probe(directory: Path, size: int) -> None:
    """Write and sync `size` bytes, and delete them. Raises OSError where that is not possible."""
    path = directory / f"probe{SCRATCH}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        while size > 0:
            size -= os.write(descriptor, bytes(min(size, _CHUNK)))
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
        path.unlink()


class LiveSegment:
    """The segment to which lines are appended. Every method may raise OSError.

    Attributes:
        size: the number of bytes that are synced.
        checksum: their CRC-32.
        broken: after an error; the segment can be closed, and no more lines appended.
    """

    def __init__(self, directory: Path, sequence: int) -> None:
        self.directory = directory
        self.sequence = sequence
        self.size = 0
        self.checksum = 0
        self.broken = False
        # Not with its parents: a data directory that is gone, such as a volume, is not made again elsewhere.
        with contextlib.suppress(FileExistsError):
            os.mkdir(directory, 0o700)
            sync_directory(directory.parent)
        self._descriptor = self._open()
        try:
            os.ftruncate(self._descriptor, 0)
            sync_directory(directory)
        except OSError:
            os.close(self._descriptor)
            raise

    def _open(self) -> int:
        path = segment_path(self.directory, self.sequence, LIVE)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)

    def append(self, lines: bytes) -> None:
        """Write whole lines and sync them; when it raises, none of them is in the segment."""
        try:
            unwritten = memoryview(lines)
            while unwritten:
                unwritten = unwritten[os.write(self._descriptor, unwritten) :]
        except BaseException:
            self._truncate()
            raise
        try:
            os.fdatasync(self._descriptor)
        except OSError:
            # After a failed sync the kernel may mark pages as clean that never reached the disk: append no more.
            self._truncate()
            self.broken = True
            raise
        self.size += len(lines)
        self.checksum = crc32(lines, self.checksum)

    def _truncate(self) -> None:
        try:
            os.ftruncate(self._descriptor, self.size)
        except OSError:
            self.broken = True

    def restore_name(self) -> bool:
        """Write the segment again if it was removed while it is open. Returns whether it was."""
        if segment_path(self.directory, self.sequence, LIVE).exists():
            return False
        removed = self._descriptor
        scratch = segment_path(self.directory, self.sequence, SCRATCH)
        with scratch.open("wb") as file:
            while chunk := os.pread(removed, min(_CHUNK, self.size - file.tell()), file.tell()):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.rename(scratch, segment_path(self.directory, self.sequence, LIVE))
        sync_directory(self.directory)
        self._descriptor = self._open()
        os.close(removed)
        return True

    def close(self) -> None:
        """Rename the segment for the loader, durably; delete an empty one. May be called again after an OSError."""
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
        """Close the file and keep its name: the next start recovers it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

"""One spool file: a header line of fixed size, then one event a line; lines of names in between (see `header`).

A segment belongs to the process that holds its `flock`; process IDs mean nothing where containers share a volume.
A host that closes all descriptors releases it: then the file is opened and locked again, unless another process has
adopted it since.
"""

import errno
import os
from collections.abc import Iterable

from ..runtime import TEMPORARY_PREFIX, AppendFile, NotPrivateError, open_private_file, unlink_quietly
from .header import FORMAT_VERSION, HEADER_BYTES, NAMES_START, Header, decode_names, encode_names

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock: segments are then adopted by age alone
    fcntl = None  # type: ignore[assignment] # the module is optional

SEGMENT_SUFFIX = ".seg"
SEGMENT_BYTES = 256 << 10
"""A larger segment is sealed, and a new one begins."""
COUNT_CHUNK_BYTES = 1 << 20
_LOCKED_BY_ANOTHER = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES})


def try_lock(descriptor: int) -> bool | None:
    """Lock a file without waiting: True on success, False if another process holds it, None where locks don't work."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in _LOCKED_BY_ANOTHER else None
    return True


class Segment:
    """An open segment.

    Attributes:
        path: of the file; None once it was removed.
        file: its descriptor, which is proven before each use.
        header: as it is on disk, or will be when it is next written. Its `offset` is kept up to date.
        names: the registered names that the file has lines of.
        start: where the first event begins, in bytes.
        size: bytes in the file, as far as this process knows.
        lines: unacknowledged events in the file, for counting what overflow drops.
    """

    __slots__ = ("_torn", "file", "header", "lines", "names", "path", "size", "start")

    def __init__(self, path: str, file: AppendFile, header: Header) -> None:
        self.path: str | None = path
        self.file = file
        self.header = header
        self.names: set[str] = set()
        self.start = self.size = HEADER_BYTES
        self.lines = 0
        self._torn = False

    @classmethod
    def create(cls, directory: str, header: Header, names: Iterable[str] = (), *, now: float) -> "Segment":
        """A new, locked segment without events. Its name sorts by age. Raises OSError where the disk refuses."""
        name = f"{int(now * 1000):014d}-{os.urandom(8).hex()}"
        temporary, path = (
            os.path.join(directory, TEMPORARY_PREFIX + name),
            os.path.join(directory, name + SEGMENT_SUFFIX),
        )
        # Under a temporary name until it is locked and has its header, so that no process adopts it before.
        file = open_private_file(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, AppendFile)
        segment = cls(path, file, header)
        try:
            try_lock(file.proven())
            segment._begin(names)
            os.rename(temporary, path)
        except OSError:
            file.close()
            unlink_quietly(temporary)
            raise
        return segment

    def _begin(self, names: Iterable[str]) -> None:
        """Write the header and the names. Raises OSError."""
        self.names = set(names)
        lines = encode_names(self.names)
        if lines and self.header.offset == HEADER_BYTES:
            self.header.offset = HEADER_BYTES + len(lines)
        text = self.header.encode() + lines
        if not self.file.write_and_mark(text):
            raise OSError(errno.ENOSPC, "disk full")
        self.start = self.size = len(text)

    @classmethod
    def adopt(cls, path: str, *, idle_seconds: float, min_idle_seconds: float) -> "Segment | None":
        """Adopt a segment whose process has ended; None where it has not, or where another process was faster.

        `idle_seconds` is how long the file was not written; where locks don't work, only a segment that is idle for
        `min_idle_seconds` is adopted. The file is renamed, so that a process which opened it under the old name sees
        that it came too late.
        """
        try:
            file = open_private_file(path, os.O_RDWR | os.O_APPEND, AppendFile)
        except OSError:
            return None
        try:
            locked = try_lock(file.proven())
            abandoned = locked or (locked is None and idle_seconds >= min_idle_seconds)
            header = Header.read(file.proven())
            # A newer version's segment waits for that version.
            if abandoned and header.version <= FORMAT_VERSION and file.inode == os.stat(path).st_ino:
                directory, name = os.path.split(path)
                age = name.partition("-")[0][:14]
                new_path = os.path.join(directory, f"{age}-{os.urandom(8).hex()}{SEGMENT_SUFFIX}")
                os.rename(path, new_path)
                segment = cls(new_path, file, header)
                segment._measure()
                return segment
        except OSError:
            pass  # removed or renamed since: another process adopted it
        file.close()
        return None

    def recover(self) -> bool:
        """Open the file again after other code closed the descriptor; False where it is not this process's any more.

        Raises OSError where it can't be opened now, for example because the process has no descriptor left.
        """
        lost = self.file
        if lost.is_ours:
            return True
        try:
            file = open_private_file(self.path or "", os.O_RDWR | os.O_APPEND, AppendFile)
        except (FileNotFoundError, NotADirectoryError, NotPrivateError):
            return False
        # Stored before it is locked: a signal handler that records here must find it.
        self.file = file
        if (file.device, file.inode) == (lost.device, lost.inode) and try_lock(file.proven()) is not False:
            if lost.position >= 0:
                file.mark()
            return True
        self.file = lost
        file.close()
        return False

    def _measure(self) -> None:
        """Set `size` and `lines` from the file, and add its `names`."""
        self.size, self.lines = self.file.status().st_size, 0
        end, line = HEADER_BYTES if self.header.version else 0, b""
        for start in range(end, self.size, COUNT_CHUNK_BYTES):
            *lines, rest = (line + os.pread(self.file.proven(), COUNT_CHUNK_BYTES, start)).split(b"\n")
            for line in lines:
                end += len(line) + 1
                if line.startswith(NAMES_START):
                    self.names.update(decode_names(line))
                elif end > self.header.offset:
                    self.lines += 1
            line = rest

    def append(self, data: bytes, lines: int) -> None:
        """Add `data`, which is `lines` whole lines, at the end. Raises OSError; then no part of it can be read."""
        text = b"\n" + data if self._torn else data
        written = self.file.append(text)
        if written != len(text):
            self._end_partial_write(text[:written])
            raise OSError(errno.ENOSPC, "disk full")
        self._torn = False
        self.size += written
        self.lines += lines

    def append_line(self, line: bytes, names: int) -> bool:
        """Add one line in the usual case; False, with no line added, in any other, which `Segments.append` handles.

        Others are: not exactly `names` names are in the file, it is full or ends in half a line, its descriptor is not
        ours any more, or the disk refuses the line. All in one function: every further one costs a tool call half a
        microsecond, since its caches hold the host's code and data.
        """
        file = self.file
        number = file.number
        if self._torn or self.size > SEGMENT_BYTES or len(self.names) != names:
            return False
        try:
            # As in `AppendFile.append`.
            if os.lseek(number, 0, os.SEEK_CUR) != file.position:
                return False
            written = os.pwrite(number, line, 0)
        except OSError:
            return False
        if written != len(line):
            self._end_partial_write(line[:written])
            return False
        self.size += written
        self.lines += 1
        return True

    def _end_partial_write(self, tail: bytes) -> None:
        """Cut half a line off, or note that it has to be ended: it would make the next one unreadable too."""
        self._torn = not self._cut_off(tail)
        self.size += len(tail) if self._torn else 0

    def _cut_off(self, tail: bytes) -> bool:
        """Remove the partial write `tail` from the end of the file; whether that worked."""
        try:
            end = self.file.status().st_size - len(tail)
            # Only the bytes that this process wrote: another program may have appended since.
            if os.pread(self.file.proven(), len(tail), end) != tail:
                return False
            os.ftruncate(self.file.proven(), end)
        except OSError:
            return False
        return True

    @property
    def unacknowledged_bytes(self) -> int:
        return max(0, self.size - self.header.offset)

    def acknowledge(self, offset: int, lines: int) -> None:
        """The last `lines` lines before `offset` were delivered; none before it is read again. Raises OSError."""
        self.header.offset = offset
        self.lines = max(0, self.lines - lines)
        self.write_header()

    def write_header(self) -> None:
        """Write the header to the file, if it still has one: a truncated file begins with events. Raises OSError."""
        if self.path is None or not self.header.version:
            return
        # A second descriptor: with O_APPEND every write goes to the end, positioned ones too.
        file = open_private_file(self.path, os.O_WRONLY)
        try:
            if (file.device, file.inode) == (self.file.device, self.file.inode):
                os.pwrite(file.proven(), self.header.encode(), 0)
        finally:
            file.close()

    def lines_lost_by_truncation(self) -> int | None:
        """How many unacknowledged lines another program cut out of the file; None for a file that was not truncated.

        The lines that are left are read from the beginning of the file, which may repeat events under the same uuids.
        """
        if self.file.status().st_size >= self.size:
            return None
        before, version = self.lines, Header.read(self.file.proven()).version
        self.header.version, self.header.offset = (version, HEADER_BYTES) if version else (0, 0)
        self._measure()
        return max(0, before - self.lines)

    def read(self, max_bytes: int) -> bytes:
        """At most `max_bytes` from the first unacknowledged event on. Raises OSError."""
        return os.pread(self.file.proven(), max_bytes, self.header.offset)

    @property
    def on_disk(self) -> bool:
        """Whether the file still has a name: it has none after its directory was deleted while it is open."""
        try:
            return self.file.status().st_nlink > 0
        except OSError:
            return False

    def restore(self, *, now: float) -> None:
        """Copy a deleted file to a new one under another name, with every offset unchanged.

        Raises OSError; then nothing has changed.
        """
        copy = Segment.create(os.path.dirname(self.path or ""), self.header, now=now)
        try:
            for start in range(HEADER_BYTES, self.size, COUNT_CHUNK_BYTES):
                copy.append(os.pread(self.file.proven(), COUNT_CHUNK_BYTES, start), 0)
        except OSError:
            copy.remove()
            raise
        deleted, self.file = self.file, copy.file
        self.path, self.size = copy.path, copy.size
        deleted.close()

    def remove(self) -> None:
        """Unlink the file if it has a name, and close it, which releases the lock."""
        if self.path is not None:
            # Where the directory became read-only the file stays: then it is adopted and sent again.
            unlink_quietly(self.path)
            self.path = None
        self.close()

    def close(self) -> None:
        """Close the descriptor; the file stays and can be adopted."""
        self.file.close()

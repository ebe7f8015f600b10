"""One spool file: a header line of fixed size, then one event a line.

The header is JSON padded with spaces to HEADER_BYTES: `{"v":1,"offset":N,"facts":{…},"boot":"…","zero":seconds}`.
`offset` is where the first unacknowledged event begins; `facts` are the properties that all events of the file share;
`boot` and `zero` are `boot_id` and `boot_time` of the writer's clock (`footfall.runtime.clock`). The header is
rewritten in place. In a crash the old one may survive: then events are sent again under the same uuids.

A segment belongs to the process that holds its `flock`; process IDs mean nothing where containers share a volume.
"""

import errno
import os
from typing import Any

import msgspec

from ..runtime import unlink_quietly

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock: segments are then adopted by age alone
    fcntl = None  # type: ignore[assignment] # the module is optional

HEADER_BYTES = 1024
FORMAT_VERSION = 1
SEGMENT_SUFFIX = ".seg"
TEMPORARY_PREFIX = ".new-"
"""The name of a segment begins with this until it is complete."""
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


class Header(msgspec.Struct):
    """The content of a header. `version` 0 stands for one that can't be read: then every line is examined."""

    version: int = 0
    offset: int = 0
    facts: dict[str, Any] = msgspec.field(default_factory=dict)
    boot_id: str = ""
    boot_time: float = 0.0

    @classmethod
    def read(cls, descriptor: int) -> "Header":
        """The header of an open file."""
        try:
            header = msgspec.json.decode(os.pread(descriptor, HEADER_BYTES, 0))
            version, offset, facts = header["v"], header["offset"], header["facts"]
            boot_id, boot_time = header.get("boot", ""), header.get("zero", 0.0)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
            return cls()
        if type(version) is int and version > FORMAT_VERSION:
            return cls(version)
        valid = type(version) is int and type(offset) is int and offset >= HEADER_BYTES and type(facts) is dict
        valid = valid and type(boot_id) is str and isinstance(boot_time, (int, float))
        return cls(version, offset, facts, boot_id, float(boot_time)) if valid else cls()

    def encode(self) -> bytes:
        """HEADER_BYTES bytes that end with a newline."""
        content = {
            "v": FORMAT_VERSION,
            "offset": self.offset,
            "facts": self.facts,
            "boot": self.boot_id,
            "zero": self.boot_time,
        }
        return msgspec.json.encode(content).ljust(HEADER_BYTES - 1)[: HEADER_BYTES - 1] + b"\n"


class Segment:
    """An open segment.

    Attributes:
        path: of the file; None once it was removed.
        header: as it is on disk, or will be when it is next written. Its `offset` is kept up to date.
        size: bytes in the file, as far as this process knows.
        lines: unacknowledged events in the file, for counting what overflow drops.
    """

    __slots__ = ("_torn", "descriptor", "header", "lines", "path", "size")

    def __init__(self, path: str, descriptor: int, header: Header) -> None:
        self.path: str | None = path
        self.descriptor = descriptor
        self.header = header
        self.size = HEADER_BYTES
        self.lines = 0
        self._torn = False

    @classmethod
    def create(cls, directory: str, header: Header, *, now: float) -> "Segment":
        """A new, locked, empty segment. Its name sorts by age. Raises OSError where the disk refuses."""
        name = f"{int(now):011d}-{os.urandom(8).hex()}"
        temporary, path = (
            os.path.join(directory, TEMPORARY_PREFIX + name),
            os.path.join(directory, name + SEGMENT_SUFFIX),
        )
        # Under a temporary name until it is locked and has its header, so that no process adopts it before.
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600)
        try:
            try_lock(descriptor)
            if os.write(descriptor, header.encode()) != HEADER_BYTES:
                raise OSError(errno.ENOSPC, "disk full")
            os.rename(temporary, path)
        except OSError:
            os.close(descriptor)
            unlink_quietly(temporary)
            raise
        return cls(path, descriptor, header)

    @classmethod
    def adopt(cls, path: str, *, idle_seconds: float, min_idle_seconds: float) -> "Segment | None":
        """Adopt a segment whose process has ended; None where it has not, or where another process was faster.

        `idle_seconds` is how long the file was not written; where locks don't work, only a segment that is idle for
        `min_idle_seconds` is adopted. The file is renamed, so that a process which opened it under the old name sees
        that it came too late.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError:
            return None
        try:
            locked = try_lock(descriptor)
            abandoned = locked or (locked is None and idle_seconds >= min_idle_seconds)
            header = Header.read(descriptor)
            # A newer version's segment waits for that version.
            if abandoned and header.version <= FORMAT_VERSION and os.fstat(descriptor).st_ino == os.stat(path).st_ino:
                directory, name = os.path.split(path)
                new_path = os.path.join(directory, f"{name[:12]}{os.urandom(8).hex()}{SEGMENT_SUFFIX}")
                os.rename(path, new_path)
                segment = cls(new_path, descriptor, header)
                segment._measure()
                return segment
        except OSError:
            pass  # removed or renamed since: another process adopted it
        os.close(descriptor)
        return None

    def _measure(self) -> None:
        """Set `size` and `lines` from the file."""
        self.size, self.lines = os.fstat(self.descriptor).st_size, 0
        for start in range(self.header.offset, self.size, COUNT_CHUNK_BYTES):
            self.lines += os.pread(self.descriptor, COUNT_CHUNK_BYTES, start).count(b"\n")

    def append(self, data: bytes, lines: int) -> None:
        """Add `data`, which is `lines` whole lines, at the end. Raises OSError; then no part of it can be read."""
        text = b"\n" + data if self._torn else data
        written = os.write(self.descriptor, text)
        if written != len(text):
            # Half a line would make the next one unreadable too: it is cut off, or at least ended.
            self._torn = not self._cut_off(text[:written])
            self.size += written if self._torn else 0
            raise OSError(errno.ENOSPC, "disk full")
        self._torn = False
        self.size += written
        self.lines += lines

    def _cut_off(self, tail: bytes) -> bool:
        """Remove the partial write `tail` from the end of the file; whether that worked."""
        try:
            end = os.fstat(self.descriptor).st_size - len(tail)
            # Only the bytes that this process wrote: another program may have appended since.
            if os.pread(self.descriptor, len(tail), end) != tail:
                return False
            os.ftruncate(self.descriptor, end)
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
        if self.path is None or self.header.version != FORMAT_VERSION:
            return
        # A second descriptor: with O_APPEND every write goes to the end, positioned ones too.
        descriptor = os.open(self.path, os.O_WRONLY)
        try:
            os.pwrite(descriptor, self.header.encode(), 0)
        finally:
            os.close(descriptor)

    def lines_lost_by_truncation(self) -> int | None:
        """How many unacknowledged lines another program cut out of the file; None for a file that was not truncated.

        The lines that are left are read from the beginning of the file, which may repeat events under the same uuids.
        """
        if os.fstat(self.descriptor).st_size >= self.size:
            return None
        before = self.lines
        has_header = Header.read(self.descriptor).version == FORMAT_VERSION
        self.header.version, self.header.offset = (FORMAT_VERSION, HEADER_BYTES) if has_header else (0, 0)
        self._measure()
        return max(0, before - self.lines)

    def read(self, max_bytes: int) -> bytes:
        """At most `max_bytes` from the first unacknowledged event on. Raises OSError."""
        return os.pread(self.descriptor, max_bytes, self.header.offset)

    @property
    def on_disk(self) -> bool:
        """Whether the file still has a name: it has none after its directory was deleted while it is open."""
        try:
            return os.fstat(self.descriptor).st_nlink > 0
        except OSError:
            return False

    def restore(self, *, now: float) -> None:
        """Copy a deleted file to a new one under another name, with every offset unchanged.

        Raises OSError; then nothing has changed.
        """
        copy = Segment.create(os.path.dirname(self.path or ""), self.header, now=now)
        try:
            for start in range(HEADER_BYTES, self.size, COUNT_CHUNK_BYTES):
                copy.append(os.pread(self.descriptor, COUNT_CHUNK_BYTES, start), 0)
        except OSError:
            copy.remove()
            raise
        # The same descriptor number, so that an append that is about to use it writes to the new file.
        os.dup2(copy.descriptor, self.descriptor, inheritable=False)
        self.path, self.size = copy.path, copy.size
        copy.close()

    def remove(self) -> None:
        """Unlink the file if it has a name, and close it, which releases the lock."""
        if self.path is not None:
            # Where the directory became read-only the file stays: then it is adopted and sent again.
            unlink_quietly(self.path)
            self.path = None
        self.close()

    def close(self) -> None:
        """Close the descriptor; the file stays and can be adopted."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

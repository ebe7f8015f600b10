"""One spool file: a fixed-size header line, then one event a line.

The header is JSON padded with spaces to HEADER bytes: `{"v":1,"offset":N,"facts":{…},"boot":"…","zero":seconds}`.
`offset` is where the first event not yet acknowledged begins; `facts` is what all events of the file share; `boot`
and `zero` are those of the writer's clock (`footfall.runtime.clock`). The header is rewritten in place, which a crash
can at worst leave old: then events are sent again under the same uuids.

A segment belongs to whoever holds its `flock`; process ids mean nothing where containers share a volume.
"""

import errno
import os
from typing import Any

import msgspec

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock: segments are then adopted by age alone
    fcntl = None  # type: ignore[assignment] # the module is optional

HEADER = 1024
FORMAT = 1
SUFFIX = ".seg"
HIDDEN = ".new-"
"""What a segment's name begins with until it is whole."""
COUNT_BYTES = 1 << 20
_LOCKED = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES})


def lock(descriptor: int) -> bool | None:
    """Take a file's lock without waiting: True taken, False held by another, None where locks don't work."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in _LOCKED else None
    return True


class Header(msgspec.Struct):
    """What a header says. `version` 0 stands for one that can't be read: then every line is looked at."""

    version: int = 0
    offset: int = 0
    facts: dict[str, Any] = msgspec.field(default_factory=dict)
    boot: str = ""
    zero: float = 0.0

    @classmethod
    def read(cls, descriptor: int) -> "Header":
        """The header of an open file."""
        try:
            header = msgspec.json.decode(os.pread(descriptor, HEADER, 0))
            version, offset, facts = header["v"], header["offset"], header["facts"]
            boot, zero = header.get("boot", ""), header.get("zero", 0.0)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
            return cls()
        if type(version) is int and version > FORMAT:
            return cls(version)
        good = type(version) is int and type(offset) is int and offset >= HEADER and type(facts) is dict
        good = good and type(boot) is str and isinstance(zero, (int, float))
        return cls(version, offset, facts, boot, float(zero)) if good else cls()

    def encode(self) -> bytes:
        """HEADER bytes with a newline at the end."""
        said = {"v": FORMAT, "offset": self.offset, "facts": self.facts, "boot": self.boot, "zero": self.zero}
        return msgspec.json.encode(said).ljust(HEADER - 1)[: HEADER - 1] + b"\n"


class Segment:
    """An open segment.

    Attributes:
        path: where it is (None once it was removed).
        header: what its header says, or will say when next written. Its `offset` is kept up to date.
        size: bytes in it, as far as this process knows.
        lines: events in it that are not yet acknowledged, for counting what overflow drops.
    """

    __slots__ = ("_torn", "descriptor", "header", "lines", "path", "size")

    def __init__(self, path: str, descriptor: int, header: Header) -> None:
        self.path: str | None = path
        self.descriptor = descriptor
        self.header = header
        self.size = HEADER
        self.lines = 0
        self._torn = False

    @classmethod
    def create(cls, directory: str, header: Header, *, now: float) -> "Segment":
        """A new, locked, empty segment. Its name sorts by age. Raises OSError where the disk refuses."""
        name = f"{int(now):011d}-{os.urandom(8).hex()}"
        hidden, path = os.path.join(directory, HIDDEN + name), os.path.join(directory, name + SUFFIX)
        # Hidden until locked and headed, so that nobody adopts it half made.
        descriptor = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600)
        try:
            lock(descriptor)
            if os.write(descriptor, header.encode()) != HEADER:
                raise OSError(errno.ENOSPC, "disk full")
            os.rename(hidden, path)
        except OSError:
            os.close(descriptor)
            unlink_quietly(hidden)
            raise
        return cls(path, descriptor, header)

    @classmethod
    def adopt(cls, path: str, *, idle_seconds: float, least_idle: float) -> "Segment | None":
        """Take over a segment whose process is gone; None where it isn't, or another was faster.

        `idle_seconds` is how long ago the file was written; where locks don't work, only a segment idle for
        `least_idle` seconds is taken. The file is renamed, so that a process which opened the old name sees that it
        came too late.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError:
            return None
        try:
            taken = lock(descriptor)
            mine = taken or (taken is None and idle_seconds >= least_idle)
            header = Header.read(descriptor)
            # A newer version's segment waits for that version.
            if mine and header.version <= FORMAT and os.fstat(descriptor).st_ino == os.stat(path).st_ino:
                directory, name = os.path.split(path)
                fresh = os.path.join(directory, f"{name[:12]}{os.urandom(8).hex()}{SUFFIX}")
                os.rename(path, fresh)
                segment = cls(fresh, descriptor, header)
                segment._measure()
                return segment
        except OSError:
            pass  # gone in between: another process adopted it
        os.close(descriptor)
        return None

    def _measure(self) -> None:
        """Find out how many bytes and unacknowledged lines are in the file."""
        self.size, self.lines = os.fstat(self.descriptor).st_size, 0
        for start in range(self.header.offset, self.size, COUNT_BYTES):
            self.lines += os.pread(self.descriptor, COUNT_BYTES, start).count(b"\n")

    def append(self, data: bytes, lines: int) -> None:
        """Add so many whole lines at the end. Raises OSError; then nothing of them is there, or nothing readable."""
        text = b"\n" + data if self._torn else data
        written = os.write(self.descriptor, text)
        if written != len(text):
            # Half a line would make the next one unreadable too: cut it, or at least end it.
            self._torn = not self._cut(text[:written])
            self.size += written if self._torn else 0
            raise OSError(errno.ENOSPC, "disk full")
        self._torn = False
        self.size += written
        self.lines += lines

    def _cut(self, tail: bytes) -> bool:
        """Take back what a write that failed half-way left at the end; whether that worked."""
        try:
            end = os.fstat(self.descriptor).st_size - len(tail)
            # Only what is surely ours: another program may have appended meanwhile.
            if os.pread(self.descriptor, len(tail), end) != tail:
                return False
            os.ftruncate(self.descriptor, end)
        except OSError:
            return False
        return True

    @property
    def waiting(self) -> int:
        """Bytes that are not yet acknowledged."""
        return max(0, self.size - self.header.offset)

    def acknowledge(self, offset: int, lines: int) -> None:
        """Everything before `offset` was delivered, so many lines of it just now. Raises OSError."""
        self.header.offset = offset
        self.lines = max(0, self.lines - lines)
        self.write_header()

    def write_header(self) -> None:
        """Put the header on disk, if the file still has one: a cut file begins with events. Raises OSError."""
        if self.path is None or self.header.version != FORMAT:
            return
        # A second descriptor: with O_APPEND every write goes to the end, positioned ones too.
        descriptor = os.open(self.path, os.O_WRONLY)
        try:
            os.pwrite(descriptor, self.header.encode(), 0)
        finally:
            os.close(descriptor)

    def was_cut(self) -> int | None:
        """None for a file that is whole; else how many unacknowledged lines were lost to whoever cut it.

        What is left is read from the file's beginning, which may repeat events under the same uuids.
        """
        if os.fstat(self.descriptor).st_size >= self.size:
            return None
        before = self.lines
        headed = Header.read(self.descriptor).version == FORMAT
        self.header.version, self.header.offset = (FORMAT, HEADER) if headed else (0, 0)
        self._measure()
        return max(0, before - self.lines)

    def read(self, most: int) -> bytes:
        """At most so many bytes from the first unacknowledged event on. Raises OSError."""
        return os.pread(self.descriptor, most, self.header.offset)

    @property
    def on_disk(self) -> bool:
        """Whether the file still has a name: a deleted directory takes it away while we hold it open."""
        try:
            return os.fstat(self.descriptor).st_nlink > 0
        except OSError:
            return False

    def restore(self, *, now: float) -> None:
        """Write a file that somebody deleted anew, under another name but with every offset as it was.

        Raises OSError; then all is as before.
        """
        fresh = Segment.create(os.path.dirname(self.path or ""), self.header, now=now)
        try:
            for start in range(HEADER, self.size, COUNT_BYTES):
                fresh.append(os.pread(self.descriptor, COUNT_BYTES, start), 0)
        except OSError:
            fresh.remove()
            raise
        # The same number, so that whoever is about to use it uses the new file.
        os.dup2(fresh.descriptor, self.descriptor, inheritable=False)
        self.path, self.size = fresh.path, fresh.size
        fresh.close()

    def remove(self) -> None:
        """Unlink the file if it has a name, and close it, which gives up the lock."""
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


def unlink_quietly(path: str) -> None:
    """Unlink a file if that is possible."""
    try:
        os.unlink(path)
    except OSError:
        return

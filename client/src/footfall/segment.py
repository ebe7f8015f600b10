"""One spool file: a fixed-size header line, then one event a line.

The header is JSON padded with spaces to HEADER bytes: `{"v":1,"offset":N,"facts":{…}}`. `offset` is where the first
event not yet acknowledged begins; `facts` is what all events of the file share (`footfall.spool.Facts`). It is
rewritten in place, which a crash can at worst leave old: then events are sent again under the same uuids.

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


class Segment:
    """An open segment.

    Attributes:
        path: where it is (None once it was removed).
        offset: where the first unacknowledged event begins, in bytes.
        size: bytes written, as far as this process knows.
        lines: events appended by this process and not yet acknowledged, for counting what overflow drops.
        facts: the header's facts, a dict.
    """

    def __init__(self, path: str, descriptor: int, facts: dict[str, Any], offset: int = HEADER) -> None:
        self.path: str | None = path
        self.descriptor = descriptor
        self.facts = facts
        self.offset = offset
        self.size = HEADER
        self.lines = 0

    @classmethod
    def create(cls, directory: str, facts: dict[str, Any], *, now: float) -> "Segment":
        """A new, locked, empty segment. Its name sorts by age. Raises OSError where the disk refuses."""
        name = f"{int(now):011d}-{os.urandom(8).hex()}"
        hidden = os.path.join(directory, f".new-{name}")
        # Hidden until locked and headed, so that nobody adopts it half made.
        descriptor = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600)
        try:
            lock(descriptor)
            segment = cls(os.path.join(directory, name + SUFFIX), descriptor, facts)
            if os.write(descriptor, segment.header()) != HEADER:
                raise OSError(errno.ENOSPC, "disk full")
            os.rename(hidden, os.path.join(directory, name + SUFFIX))
        except OSError:
            os.close(descriptor)
            os.unlink(hidden)
            raise
        return segment

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
            # A newer version's segment waits for that version, or for its 30 days to pass.
            taken = lock(descriptor) if read_header(descriptor)[0] <= FORMAT else False
            mine = taken or (taken is None and idle_seconds >= least_idle)
            if mine and os.fstat(descriptor).st_ino == os.stat(path).st_ino:
                directory, name = os.path.split(path)
                fresh = os.path.join(directory, f"{name[:12]}{os.urandom(8).hex()}{SUFFIX}")
                os.rename(path, fresh)
                return cls._opened(fresh, descriptor)
        except OSError:
            pass  # gone in between: another process adopted it
        os.close(descriptor)
        return None

    @classmethod
    def _opened(cls, path: str, descriptor: int) -> "Segment":
        _, offset, facts = read_header(descriptor)
        segment = cls(path, descriptor, facts, offset)
        segment.size = os.fstat(descriptor).st_size
        return segment

    def header(self) -> bytes:
        """The header as it stands, HEADER bytes with its newline."""
        text = msgspec.json.encode({"v": FORMAT, "offset": self.offset, "facts": self.facts})
        return text.ljust(HEADER - 1)[: HEADER - 1] + b"\n"

    def write_header(self) -> None:
        """Put the header on disk. Raises OSError."""
        if self.path is None:
            return
        # A second descriptor: with O_APPEND every write goes to the end, positioned ones too.
        descriptor = os.open(self.path, os.O_WRONLY)
        try:
            os.pwrite(descriptor, self.header(), 0)
        finally:
            os.close(descriptor)

    def read(self, most: int) -> bytes:
        """At most so many bytes from the first unacknowledged event on. Raises OSError."""
        size = os.fstat(self.descriptor).st_size
        if size < self.offset:
            # Something cut the file: whatever is in it now is read from its beginning, header line included.
            self.offset = 0
        return os.pread(self.descriptor, most, self.offset)

    @property
    def on_disk(self) -> bool:
        """Whether the file still has a name: a deleted directory takes it away while we hold it open."""
        try:
            return os.fstat(self.descriptor).st_nlink > 0
        except OSError:
            return False

    def remove(self) -> None:
        """Unlink the file if it has a name, and close it, which gives up the lock."""
        if self.path is not None:
            try:
                os.unlink(self.path)
            except OSError:
                pass  # it is gone, or the directory became read-only: then it is adopted and sent again
            self.path = None
        self.close()

    def close(self) -> None:
        """Close the descriptor; the file stays and can be adopted."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def read_header(descriptor: int) -> tuple[int, int, dict[str, Any]]:
    """Format, offset and facts of a header; where it is unreadable (0, 0, {}), so that every line is looked at."""
    try:
        header = msgspec.json.decode(os.pread(descriptor, HEADER, 0))
        version, offset, facts = header["v"], header["offset"], header["facts"]
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        return 0, 0, {}
    good = type(version) is int and type(offset) is int and offset >= 0 and type(facts) is dict
    return (version, offset, facts) if good else (0, 0, {})

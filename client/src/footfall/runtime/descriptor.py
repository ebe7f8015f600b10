"""File descriptors that Footfall keeps: proven to be its own before each use.

A descriptor is only a number. A host that daemonises closes all of them, ours included, and opens files of its own
that get the same numbers. So a number counts only while it stands for the file that was opened; otherwise it is
forgotten and not closed, because it belongs to the host. Ours are moved above the numbers that a process reuses first.

Between the proof and the use, the host could still close the number on another thread and open 4,000 files of its own.
No system call does both. Nor does Python prove anything while it imports: a host that closes all descriptors while the
sender imports its modules, once a process at its first pass, may lose a file that it opens in the same moment.
"""

import contextlib
import errno
import os

try:
    import fcntl
    import resource
except ImportError:  # pragma: no cover - Windows has neither
    fcntl = resource = None  # type: ignore[assignment] # the modules are optional

HIGH_NUMBER = 4032
"""Descriptors are moved here, where the process may have as many. Higher ones would cost memory in the kernel."""
_RESERVE = 64
_FIRST_POSITION = 1 << 40
"""Beyond the end of any segment, and within the bounds of common file systems."""


def move_up(number: int, identity: tuple[int, int]) -> int:
    """Move a descriptor to a high number; the new number, or the same one where there is none.

    Raises OSError (EBADF) if the number does not stand for a file with this device and inode.
    """
    moved = number
    if fcntl is not None:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        floor = min(HIGH_NUMBER, (HIGH_NUMBER if limit < 0 else limit) - _RESERVE)
        if number < floor:
            with contextlib.suppress(OSError):
                moved = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, floor)
    if not stands_for(moved, identity):
        if moved != number:
            os.close(moved)
        raise _lost()
    if moved != number and stands_for(number, identity):
        os.close(number)
    return moved


def stands_for(number: int, identity: tuple[int, int]) -> bool:
    """Whether a number stands for an open file with this device and inode."""
    try:
        status = os.fstat(number)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == identity


def _lost() -> OSError:
    return OSError(errno.EBADF, "the descriptor was closed by other code")


class Descriptor:
    """An open file, moved to a high number.

    Args:
        number: of the open file.
        status: what its path had right after opening, which no other code can have changed; else the number's own.

    Attributes:
        number: -1 once it is closed or forgotten.
    """

    __slots__ = ("device", "inode", "number")

    def __init__(self, number: int, status: os.stat_result | None = None) -> None:
        status = status or os.fstat(number)
        self.device, self.inode = status.st_dev, status.st_ino
        self.number = move_up(number, (self.device, self.inode))

    def status(self) -> os.stat_result:
        """The status of the file. Raises OSError (EBADF) if the number is not ours any more, and forgets it."""
        try:
            status = os.fstat(self.number)
        except OSError:
            status = None
        if status is None or status.st_ino != self.inode or status.st_dev != self.device:
            self.number = -1
            raise _lost()
        return status

    @property
    def is_ours(self) -> bool:
        """Whether the number still stands for the file."""
        try:
            self.status()
        except OSError:
            return False
        return True

    def proven(self) -> int:
        """The number, for immediate use. Raises as `status`."""
        self.status()
        return self.number

    def close(self) -> None:
        """Close the file, unless the number is not ours any more."""
        try:
            number = self.proven()
        except OSError:
            return
        self.number = -1
        os.close(number)


class AppendFile(Descriptor):
    """A file that was opened with O_APPEND.

    Linux keeps the position of a file that is written at its end with `pwrite`. So the position can be a random number
    that no other open file has, and a quarter of the cost of device and inode proves even more: it is the same opening.
    Where `pwrite` does not append, device and inode are compared.
    """

    __slots__ = ("position",)

    def __init__(self, number: int, status: os.stat_result | None = None) -> None:
        super().__init__(number, status)
        self.position = -1

    def write_and_mark(self, data: bytes) -> bool:
        """Write the beginning of an empty file, and mark it where `pwrite` appends; False where the disk is full.

        Raises OSError.
        """
        number, half = self.proven(), len(data) // 2
        if os.write(number, data[:half]) != half or os.pwrite(number, data[half:], 0) != len(data) - half:
            return False
        if os.pread(number, len(data), 0) == data:
            self.mark()
            return True
        os.ftruncate(number, 0)
        return os.write(number, data) == len(data)

    def mark(self) -> None:
        """Set the position: `pwrite` appends to this file."""
        # Not from `random`, whose sequence belongs to the host.
        position = _FIRST_POSITION + int.from_bytes(os.urandom(5), "big")
        try:
            self.position = os.lseek(self.proven(), position, os.SEEK_SET)
        except OSError:
            return  # the file system has a lower bound

    def append(self, data: bytes) -> int:
        """Write at the end; the number of bytes written. Raises OSError, EBADF if the number is not ours any more."""
        number = self.number
        try:
            ours = os.lseek(number, 0, os.SEEK_CUR) == self.position
        except OSError:
            ours = False  # closed, or a socket
        # Offset 0 is ignored: the file was opened with O_APPEND.
        return os.pwrite(number, data, 0) if ours else os.write(self.proven(), data)

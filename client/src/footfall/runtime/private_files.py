"""Files and directories that only this user can have written: opened without following links, and examined once open.

A directory that another user made, or that others can write to, may hold anything: events that would be sent under
this product's key, or links through which Footfall would write to the user's own files. So a file or directory counts
as private only if it belongs to the effective user, nobody else may write to it, and, for a file, it is a regular one
with no other name. The directory of a file is examined at each opening: where it can be renamed, another one may stand
in its place since. Directories above are not examined: what they lead to is.
"""

import errno
import os
import stat
import tempfile
from typing import TypeVar, overload

from .descriptor import Descriptor

D = TypeVar("D", bound=Descriptor)
_NO_LINKS = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe must not block
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
TEMPORARY_PREFIX = ".new-"
"""The name of a file begins with this until it is complete."""
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class NotPrivateError(OSError):
    """A file or directory that other users could have written. `strerror` is a phrase without the path."""

    def __init__(self, problem: str) -> None:
        super().__init__(errno.EPERM, problem)


@overload
def open_private_file(path: str, flags: int) -> Descriptor: ...
@overload
def open_private_file(path: str, flags: int, kind: type[D]) -> D: ...
def open_private_file(path: str, flags: int, kind: type[Descriptor] = Descriptor) -> Descriptor:
    """Open a file, created with mode 0600 where `flags` say so.

    Raises OSError; NotPrivateError if it or its directory isn't private.
    """
    check_private_directory(os.path.dirname(path))
    try:
        number = os.open(path, flags | _NO_LINKS, 0o600)
    except OSError as error:
        raise NotPrivateError("a symbolic link") if error.errno == errno.ELOOP else error from None
    file = kind(number, _status_of(path))
    try:
        status = file.status()
        if not stat.S_ISREG(status.st_mode):
            raise NotPrivateError("not a regular file")
        if status.st_nlink > 1:
            raise NotPrivateError("a file with a second name (a hard link)")
        _examine_owner(status, given_to_group=_in_kubernetes())
    except OSError:
        file.close()
        raise
    return file


def _status_of(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None  # renamed since


def read_private_file(path: str, max_bytes: int) -> bytes:
    """The beginning of a file. Raises OSError; NotPrivateError if it isn't private."""
    file = open_private_file(path, os.O_RDONLY)
    try:
        return os.pread(file.proven(), max_bytes, 0)
    finally:
        file.close()


def write_temporary_file(directory: str, data: bytes) -> str:
    """Write a new file (0600) for renaming; its path. Raises OSError; then there is no file."""
    check_private_directory(directory)
    number, path = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=directory)
    file = Descriptor(number, _status_of(path))
    try:
        if os.write(file.proven(), data) != len(data):
            raise OSError(errno.ENOSPC, "disk full")
    except OSError:
        unlink_quietly(path)
        raise
    finally:
        file.close()
    return path


def unlink_quietly(path: str) -> None:
    """Unlink a file if that is possible."""
    try:
        os.unlink(path)
    except OSError:
        return


def check_private_directory(path: str) -> None:
    """Raise OSError if a directory does not exist, and NotPrivateError if it isn't private."""
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        raise NotPrivateError("a symbolic link")
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    _examine_owner(status, given_to_group=bool(status.st_mode & stat.S_ISGID) and _in_kubernetes())


def make_private_directory(path: str) -> None:
    """Make a directory and its parent, readable by nobody else (0700).

    Raises OSError; NotPrivateError if the directory exists and isn't private.
    """
    # makedirs applies its mode to the last directory only.
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        os.mkdir(path, mode=0o700)
    except FileExistsError:
        check_private_directory(path)
        if os.lstat(path).st_mode & _WRITABLE_BY_OTHERS:
            os.chmod(path, 0o700)  # Kubernetes gave it to the group: the owner takes it back


def _examine_owner(status: os.stat_result, *, given_to_group: bool) -> None:
    """Raise NotPrivateError if others own or may write it.

    `given_to_group`: Kubernetes may have given it to this process's group, which it does with every file of a volume
    when a pod with an `fsGroup` starts.
    """
    if not hasattr(os, "geteuid"):  # pragma: no cover - Windows
        return
    if status.st_uid != os.geteuid():
        raise NotPrivateError("another user's")
    others = status.st_mode & _WRITABLE_BY_OTHERS
    if others == stat.S_IWGRP and given_to_group and status.st_gid in {os.getegid(), *os.getgroups()}:
        return
    if others:
        raise NotPrivateError("writable by other users (chmod go-w makes it private)")


def _in_kubernetes() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST"))

"""Copies of files and directories that are complete or not there at all."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ...runtime import ControlError, make_directory, sync_directory
from .manifest import UNFINISHED, ShowProgress

PARTIAL_SUFFIX = ".partial"
_CHUNK_BYTES = 8 << 20
_FICLONE = 0x40049409
"""Linux's ioctl for a clone: the copy shares the original's blocks until one of them changes."""


def copy_file(source: Path, target: Path, show_progress: ShowProgress) -> None:
    """Copy a file, at once where the file system can share blocks. Not synced. Raises OSError."""
    with source.open("rb") as original:
        copy_open_file(original, target, None, show_progress)


def copy_open_file(original: BinaryIO, target: Path, max_bytes: int | None, show_progress: ShowProgress) -> None:
    """The same for an open file, of which at most `max_bytes` are copied, or all for None."""
    with open(target, "wb", opener=_open_private) as copy:
        size = os.fstat(original.fileno()).st_size
        try:
            fcntl.ioctl(copy.fileno(), _FICLONE, original.fileno())
            return
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS):
                raise
        copied, limit = 0, size if max_bytes is None else max_bytes
        while chunk := original.read(_CHUNK_BYTES if max_bytes is None else min(_CHUNK_BYTES, limit - copied)):
            copy.write(chunk)
            copied += len(chunk)
            show_progress(f"copied {_mebibytes(copied)} of {_mebibytes(size)}: {target.name}")


def sync_tree(directory: Path) -> None:
    """Put a directory and everything below it on disk. Raises OSError."""
    for path in directory.rglob("*"):
        if not path.is_file() and not path.is_dir():
            continue  # a socket
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_directory(directory)


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """A new directory to fill: it gets its name once it is complete and on disk, and is removed where that fails.

    The remains of an earlier attempt are removed. Raises ControlError where the name is taken.
    """
    partial = target.with_name(target.name + PARTIAL_SUFFIX)
    if target.exists():
        raise ControlError(f"{target} exists; choose another name, or remove it")
    if partial.exists() and not (partial / UNFINISHED).exists():
        raise ControlError(f"{partial} exists and is not ours; remove it, or choose another name")
    shutil.rmtree(partial, ignore_errors=True)
    make_directory(target.parent)
    partial.mkdir(mode=0o700)
    try:
        (partial / UNFINISHED).touch()
        yield partial
        (partial / UNFINISHED).unlink()
        sync_tree(partial)
        os.rename(partial, target)
        sync_directory(target.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"

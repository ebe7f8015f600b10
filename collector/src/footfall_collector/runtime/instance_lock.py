"""One collector per data directory: an exclusive lock that the kernel releases when the process ends."""

import fcntl
import os
import shutil
from pathlib import Path

from .durable_files import copy_path, make_directory, sync_directory, write_copy

FILE = "lock"
RESTORING = "restore-unfinished"
"""A file that earlier versions had in the data directory while a restore copied a backup into it."""
RESTORE_PARTIAL, RESTORED = "restore.partial", "restore.complete"
"""Folders of the data directory: of a restore that is being put together, and of one that is decided."""


class DataUnusableError(Exception):
    """The data directory can't be used; the message says why and what to do."""


class AlreadyRunningError(DataUnusableError):
    """Another collector uses the data directory."""


class UnfinishedRestoreError(DataUnusableError):
    """A restore into the data directory did not finish."""


def lock_data(data: Path, *, restoring: bool = False) -> int:
    """Make the directory where it is missing and lock it; the descriptor holds the lock while it is open.

    Raises:
        AlreadyRunningError: another process holds the lock.
        UnfinishedRestoreError: only another restore (`restoring`) may use the directory.
        OSError: the directory can't be made or written.
    """
    make_directory(data)
    descriptor = os.open(data / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunningError(
            f"another collector uses {data}: stop it, or choose another directory with --data"
        ) from None
    except OSError:
        os.close(descriptor)
        raise
    if (data / RESTORING).exists() and not restoring:
        os.close(descriptor)
        raise UnfinishedRestoreError(f"a restore into {data} did not finish: run it again with --force")
    shutil.rmtree(data / RESTORE_PARTIAL, ignore_errors=True)
    complete_restore(data)
    return descriptor


def complete_restore(data: Path) -> None:
    """Move the files of a decided restore into their places; nothing where there is none. Raises OSError.

    Each file is gone from the folder once it is in its place, so an interrupted move is continued.
    """
    restored = data / RESTORED
    if not restored.is_dir():
        return
    for path in sorted(restored.iterdir()):
        target = data / path.name
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        if path.is_file() and copy_path(target).exists():
            # The copy of the replaced file would contradict a file of an earlier version, which has no checksum.
            write_copy(target, path.read_bytes())
        path.rename(target)
    (data / RESTORING).unlink(missing_ok=True)
    sync_directory(data)
    restored.rmdir()
    sync_directory(data)

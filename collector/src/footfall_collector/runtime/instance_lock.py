"""One collector per data directory: an exclusive lock that the kernel releases when the process ends."""

import fcntl
import os
from pathlib import Path

from .durable_files import make_directory

FILE = "lock"
RESTORING = "restore-unfinished"
"""A file that is in the data directory while a restore copies a backup into it."""


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
    return descriptor

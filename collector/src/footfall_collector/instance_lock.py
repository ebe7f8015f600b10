"""One collector per data directory: an exclusive lock, which the kernel gives back whatever ends the process."""

import fcntl
import os
from pathlib import Path

from .durable import make_directory

FILE = "lock"


class AlreadyRunningError(Exception):
    """Another collector uses the data directory."""


def lock_data(data: Path) -> int:
    """Make the directory if need be and lock it; the descriptor holds the lock for as long as it is open.

    Raises:
        AlreadyRunningError: another process holds it.
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
    return descriptor

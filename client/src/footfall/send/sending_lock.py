"""The lock in the state directory that lets one process send at a time."""

import os

from ..spool import try_lock


class SendingLock:
    """A lock on `ship.lock`. Without a directory, or where locks don't work, it is always free."""

    def __init__(self, directory: str | None) -> None:
        self._directory = directory
        self._descriptor = -1

    def acquire(self) -> bool:
        """Take the lock without waiting; False while another process holds it."""
        if self._directory is None:
            return True
        try:
            path = os.path.join(self._directory, "ship.lock")
            # Stored before it is locked: a child that is forked in between has to find it.
            self._descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError:
            return True
        return try_lock(self._descriptor) is not False

    def release(self) -> None:
        """Release the lock; in a forked child only close its descriptor: the parent keeps the lock."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

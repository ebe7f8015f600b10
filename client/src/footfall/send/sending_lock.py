"""The lock in the state directory that lets one process send at a time."""

import os

from ..runtime import Descriptor, open_private_file
from ..spool import try_lock


class SendingLock:
    """A lock on `ship.lock`. Without a directory, or where locks don't work, it is always free."""

    def __init__(self, directory: str | None) -> None:
        self._directory = directory
        self._file: Descriptor | None = None

    def acquire(self) -> bool:
        """Take the lock without waiting, or keep it; False while another process holds it."""
        if self._directory is None or (self._file is not None and self._file.is_ours):
            return True
        try:
            path = os.path.join(self._directory, "ship.lock")
            # Stored before it is locked: a child that is forked in between has to find it.
            self._file = open_private_file(path, os.O_CREAT | os.O_RDWR)
            if try_lock(self._file.proven()) is not False:
                return True
        except OSError:
            return True
        self.release()
        return False

    def release(self) -> None:
        """Release the lock; in a forked child only close its descriptor: the parent keeps the lock."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

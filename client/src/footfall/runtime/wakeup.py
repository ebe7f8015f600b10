"""A wake-up call for one thread, from any code."""

import threading


class Wakeup:
    """A flag that one thread waits for and any code may set, signal handlers and finalisers included.

    `threading.Event.set` takes a lock that a signal handler's own thread could already hold; releasing a bare lock
    can't block.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the waiting thread, or let its next wait return at once."""
        if self._lock.locked():
            try:
                self._lock.release()
            except RuntimeError:
                return  # another thread set it between the two calls

    def wait(self, seconds: float) -> bool:
        """Wait until the flag is set, for at most `seconds`, and clear it; whether it was set."""
        return self._lock.acquire(timeout=max(0.0, seconds))

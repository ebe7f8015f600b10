"""A wake-up call for one thread, from any code."""

import threading


class Wakeup:
    """A flag that one thread waits for and any code may raise, signal handlers and finalisers included.

    `threading.Event.set` takes a lock that a signal handler could already hold on its own thread; releasing a bare
    lock can't block.
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
                return  # another thread released it in between: it is set

    def wait(self, seconds: float) -> bool:
        """Wait until set or for so many seconds; clears the flag. Whether it was set."""
        return self._lock.acquire(timeout=max(0.0, seconds))

"""Log lines of the background thread, which a fork never cuts in the middle.

A stream such as stderr has a lock. A child that is forked while another thread holds that lock inherits it as taken,
and waits forever when it flushes the stream at its end. So the background thread writes under a lock of this module,
and a fork waits for it. The host's log handlers may be slow: a fork waits at most `FORK_WAIT_SECONDS`, and then
proceeds as it would without Footfall.
"""

import os
import threading
from collections.abc import Callable

FORK_WAIT_SECONDS = 0.2


class ForkSafeLog:
    """One line at a time, and none while the process forks."""

    def __init__(self) -> None:
        # Re-entrant: a log handler of the host's may itself fork.
        self._lock = threading.RLock()

    def write(self, write_line: Callable[[], None]) -> None:
        """Call `write_line` under the lock; for the background thread only. Raises what it raises."""
        with self._lock:
            write_line()

    def before_fork(self) -> None:
        """On the thread that forks: wait until no line is being written, but not for long."""
        self._lock.acquire(timeout=FORK_WAIT_SECONDS)

    def after_fork_in_parent(self) -> None:
        try:
            self._lock.release()
        except RuntimeError:
            pass  # the lock was not acquired in time

    def after_fork_in_child(self) -> None:
        """Replace the lock: the thread that may hold it does not exist in the child."""
        self._lock = threading.RLock()


FORK_SAFE_LOG = ForkSafeLog()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=FORK_SAFE_LOG.before_fork,
        after_in_parent=FORK_SAFE_LOG.after_fork_in_parent,
        after_in_child=FORK_SAFE_LOG.after_fork_in_child,
    )

"""A clock that runs with the wall clock's rate from the time the process began, whatever the wall clock does next.

Events and requests are stamped with it, and ages and waits are measured by it: when an operator or NTP moves the
wall clock by a day or a year, nothing is sent early, nothing expires, and `timestamp - sent_at` stays right.
"""

import time


class Clock:
    """Seconds: `now()` since the epoch, `elapsed()` since the clock was made. Time asleep counts as time."""

    def __init__(self) -> None:
        self._id = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        self._began = time.clock_gettime(self._id)
        self._offset = time.time() - self._began

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.clock_gettime(self._id) + self._offset

    def elapsed(self) -> float:
        """Seconds since this clock was made."""
        return time.clock_gettime(self._id) - self._began

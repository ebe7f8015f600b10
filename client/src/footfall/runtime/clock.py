"""A clock that runs with the wall clock's rate from the time the process began, whatever the wall clock does next.

Events and requests are stamped with it, and ages and waits are measured by it: when an operator or NTP moves the
wall clock by a day or a year, nothing is sent early, nothing expires, and `timestamp - sent_at` stays right.
"""

import time
from typing import Protocol

LEAST_SHIFT_SECONDS = 60.0
"""Two processes whose clocks differ by less agree well enough: their events keep the time they were stamped with."""


class Clock:
    """Seconds: `now()` since the epoch, `elapsed()` since the clock was made. Time asleep counts as time.

    Attributes:
        boot: names the machine's current run; empty where the system doesn't tell.
        zero: when that run began, in epoch seconds by this process's clock.
    """

    def __init__(self) -> None:
        self._id = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        self._began = time.clock_gettime(self._id)
        self.zero = time.time() - self._began
        self.boot = _boot()

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.clock_gettime(self._id) + self.zero

    def elapsed(self) -> float:
        """Seconds since this clock was made."""
        return time.clock_gettime(self._id) - self._began


class Timer(Protocol):
    """What everything that needs the time asks of a clock."""

    @property
    def boot(self) -> str:
        """Names the machine's current run; empty where that is not known."""

    @property
    def zero(self) -> float:
        """When that run began, in epoch seconds."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def elapsed(self) -> float:
        """Seconds since the clock was made."""


def shift(clock: Timer, boot: str, zero: float) -> float:
    """Seconds to add to times of a process whose clock had `boot` and `zero`, so that they are this clock's times.

    Between two processes of one run of the machine the wall clock may have been set; how long ago something
    happened is still known. Across runs only the wall clock tells: then nothing is added.
    """
    moved = clock.zero - zero
    return moved if boot and boot == clock.boot and abs(moved) >= LEAST_SHIFT_SECONDS else 0.0


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read(36)
    except (OSError, UnicodeDecodeError):
        return ""

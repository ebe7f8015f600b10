"""Time for stamps and for waiting, undisturbed when the wall clock is set: clock at start plus a steady clock."""

import time
from functools import partial
from typing import Protocol

MIN_SHIFT_SECONDS = 60.0
"""Processes whose clocks differ by less agree well enough: their events keep the time they were stamped with."""


class Clock(Protocol):
    """The time, in seconds. Time that the machine sleeps counts."""

    @property
    def boot_id(self) -> str:
        """Names the machine's current run; empty where that is not known."""

    @property
    def boot_time(self) -> float:
        """The beginning of that run by this process's clock, in epoch seconds."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def elapsed(self) -> float:
        """Seconds since the clock was made."""


class SystemClock:
    """The machine's clock, read once; from then on only the steady clock is read."""

    def __init__(self) -> None:
        self._read = partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
        self._start = self._read()
        self.boot_time = time.time() - self._start
        self.boot_id = _read_boot_id()

    def now(self) -> float:
        return self._read() + self.boot_time

    def elapsed(self) -> float:
        return self._read() - self._start


def clock_shift(clock: Clock, boot_id: str, boot_time: float) -> float:
    """Seconds to add to the times of a process whose clock had `boot_id` and `boot_time`, to get this clock's times.

    The wall clock may be set between two processes of one run of the machine; how long ago an event happened is
    still known then. Across runs only the wall clock is known, and nothing is added.
    """
    moved = clock.boot_time - boot_time
    return moved if boot_id and boot_id == clock.boot_id and abs(moved) >= MIN_SHIFT_SECONDS else 0.0


def _read_boot_id() -> str:
    try:
        # As bytes: for the name of ASCII Python would import a codec.
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            return file.read(36).decode()
    except (OSError, UnicodeDecodeError):
        return ""

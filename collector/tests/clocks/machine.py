"""A machine whose clock a test sets, and whose time a test lets pass."""

from collections.abc import Callable
from pathlib import Path

from client.tests.support.clocks import SteppedClock
from footfall_collector.operate.retention import TrustedTime

DAY = 86_400
NOW = 1_795_000_000.0  # 2026-11-18


class Machine:
    """A machine with a data directory: its right time, and how far its clock is off."""

    def __init__(self, data: Path, now: float = NOW) -> None:
        self.data, self.clock, self.off = data, SteppedClock(now), 0.0

    def process(self, newest_event: int | Callable[[], int | None] | None = None) -> TrustedTime:
        newest = newest_event if callable(newest_event) else lambda: newest_event
        return TrustedTime(self.data, newest, self.wall, lambda: self.clock.up, self.clock.boot_id)

    def wall(self) -> float:
        return self.clock.now() + self.off

    def pass_(self, seconds: float) -> None:
        self.clock.pass_(seconds)

    def reboot(self, seconds_off: float) -> None:
        self.clock = SteppedClock(self.clock.now() + seconds_off, boot_id=f"{self.clock.boot_id}+", up=20.0)

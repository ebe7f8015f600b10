"""A clock that goes only when told."""


class SteppedClock:
    """As footfall.runtime.clock.Clock; `pass_(seconds)` lets time pass. `up` is the machine's time since `boot`."""

    def __init__(self, now: float = 1_790_000_000.0, *, boot: str = "one boot", up: float = 1000.0) -> None:
        self.boot = boot
        self.zero = now - up
        self.up = self._began = up

    def now(self) -> float:
        return self.up + self.zero

    def elapsed(self) -> float:
        return self.up - self._began

    def pass_(self, seconds: float) -> None:
        self.up += seconds

    def another_process(self, *, wall_clock_set_by: float = 0.0) -> "SteppedClock":
        """The clock of a process that starts now on the same machine, its wall clock set by so many seconds."""
        return SteppedClock(self.now() + wall_clock_set_by, boot=self.boot, up=self.up)

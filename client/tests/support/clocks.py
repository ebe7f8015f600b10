"""A clock that a test moves."""


class SteppedClock:
    """A `footfall.runtime.Clock` whose time passes in `pass_` only. `up` is the machine's time since its boot."""

    def __init__(self, now: float = 1_790_000_000.0, *, boot_id: str = "one boot", up: float = 1000.0) -> None:
        self.boot_id = boot_id
        self.boot_time = now - up
        self.up = self._start = up

    def now(self) -> float:
        return self.up + self.boot_time

    def elapsed(self) -> float:
        return self.up - self._start

    def pass_(self, seconds: float) -> None:
        self.up += seconds

    def another_process(self, *, wall_clock_set_by: float = 0.0) -> "SteppedClock":
        """The clock of a process that starts now on the same machine, after the wall clock was set by some seconds."""
        return SteppedClock(self.now() + wall_clock_set_by, boot_id=self.boot_id, up=self.up)

"""A clock that goes only when told."""


class SteppedClock:
    """`now()` and `elapsed()` in seconds, as footfall.clock.Clock; `pass_(seconds)` moves both."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self._now = now
        self._began = now

    def now(self) -> float:
        return self._now

    def elapsed(self) -> float:
        return self._now - self._began

    def pass_(self, seconds: float) -> None:
        self._now += seconds

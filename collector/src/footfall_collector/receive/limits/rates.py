"""Rate limits by name: the allowance of a whole period at once, then evenly, in a table of bounded size."""

import time
from collections.abc import Callable

_MAX_NAMES = 100_000


class RateLimiter:
    """One rate per name. A name is dropped from the table once it has its whole allowance again.

    Args:
        limit: units in a period; 0 for no limit.
        period: seconds.
    """

    def __init__(
        self,
        limit: int,
        period: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        max_names: int = _MAX_NAMES,
    ) -> None:
        self._seconds_per_unit = period / limit if limit else 0.0
        self._period, self._clock, self._max_names = period, clock, max_names
        # Name to the moment at which its whole allowance is free again.
        self._free_at: dict[str, float] = {}

    def acquire(self, name: str, n: int = 1) -> float:
        """Use `n` units. Returns 0 where they are granted, else the seconds until they would be.

        More than a whole allowance is granted to a name that has all of it, and is worked off afterwards.
        """
        seconds_per_unit = self._seconds_per_unit
        if not seconds_per_unit:
            return 0.0
        now = self._clock()
        free_at = self._free_at.get(name, 0.0)
        if free_at < now:
            free_at = now
            if len(self._free_at) >= self._max_names and name not in self._free_at:
                self._make_room(now)
        wait = free_at - now - max(self._period - n * seconds_per_unit, 0.0)
        if wait > 1e-9:
            return wait
        self._free_at[name] = free_at + n * seconds_per_unit
        return 0.0

    def __len__(self) -> int:
        return len(self._free_at)

    def _make_room(self, now: float) -> None:
        self._free_at = {name: free_at for name, free_at in self._free_at.items() if free_at > now}
        # A limit per name does not stop an attacker with 100,000 names; the oldest names go.
        for name in list(self._free_at)[: len(self._free_at) - self._max_names * 3 // 4]:
            del self._free_at[name]

"""How often something may happen by name: a minute's or an hour's worth at once, then evenly, in a bounded table."""

import time
from collections.abc import Callable

_MOST_NAMES = 100_000


class Rate:
    """A rate per name. A name costs one entry, which is dropped once it has its whole allowance again.

    Args:
        most: how many in a period; 0 for no limit.
        period: seconds.
    """

    def __init__(
        self,
        most: int,
        period: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        most_names: int = _MOST_NAMES,
    ) -> None:
        self._each = period / most if most else 0.0
        self._period, self._clock, self._most_names = period, clock, most_names
        # Name to the moment at which all that it took is paid for.
        self._paid: dict[str, float] = {}

    def take(self, name: str, n: int = 1) -> float:
        """Take `n`. 0 where they are granted, else the seconds after which they would be.

        More than a whole allowance is granted to who has it whole, and paid for afterwards.
        """
        each = self._each
        if not each:
            return 0.0
        now = self._clock()
        paid = self._paid.get(name, 0.0)
        if paid < now:
            paid = now
            if len(self._paid) >= self._most_names and name not in self._paid:
                self._make_room(now)
        wait = paid - now - max(self._period - n * each, 0.0)
        if wait > 1e-9:
            return wait
        self._paid[name] = paid + n * each
        return 0.0

    def __len__(self) -> int:
        return len(self._paid)

    def _make_room(self, now: float) -> None:
        self._paid = {name: paid for name, paid in self._paid.items() if paid > now}
        # An attacker with so many names is not held by a limit per name; the names that came first go.
        for name in list(self._paid)[: len(self._paid) - self._most_names * 3 // 4]:
            del self._paid[name]

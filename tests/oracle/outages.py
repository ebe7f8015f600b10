"""When a fleet's surroundings fail: an AI provider that answers nobody, a collector that nobody reaches."""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from tests.oracle.world import DAY, HOUR, PROVIDERS, pick

_EVERY = 14 * DAY


@dataclass(frozen=True, slots=True)
class Outage:
    """From `begin` to before `end`, epoch seconds. `provider` is empty where it is the collector that is down."""

    begin: int
    end: int
    provider: str = ""

    def covers(self, moment: float) -> bool:
        """Whether it is under way at a moment."""
        return self.begin <= moment < self.end


@lru_cache(maxsize=8)
def outages(seed: int, start: int, end: int) -> tuple[Outage, ...]:
    """Those of a fleet: every fortnight one of a provider (2 to 9 hours) and one of the collector (up to 30 hours)."""
    found = []
    for number, begin in enumerate(range(start, end, _EVERY)):
        rng = Random(f"footfall/{seed}/outages/{number}")
        first = begin + rng.randrange(_EVERY - 2 * DAY)
        found.append(Outage(first, first + rng.randrange(2 * HOUR, 9 * HOUR), pick(rng, PROVIDERS)))
        first = begin + rng.randrange(_EVERY - 2 * DAY)
        found.append(Outage(first, first + rng.randrange(600, 30 * HOUR)))
    return tuple(found)

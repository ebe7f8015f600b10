"""The outages around a fleet: of an AI provider, and of the collector."""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from tests.oracle.world import DAY, HOUR, PROVIDERS, pick

_INTERVAL_SECONDS = 14 * DAY


@dataclass(frozen=True, slots=True)
class Outage:
    """From `begin` to before `end`, epoch seconds. An empty `provider` means that the collector is down."""

    begin: int
    end: int
    provider: str = ""

    def covers(self, moment: float) -> bool:
        return self.begin <= moment < self.end


@lru_cache(maxsize=8)
def outages(seed: int, start: int, end: int) -> tuple[Outage, ...]:
    """A fleet's outages: every 14 days one of a provider (2 to 9 hours) and one of the collector (up to 30 hours)."""
    result = []
    for number, begin in enumerate(range(start, end, _INTERVAL_SECONDS)):
        rng = Random(f"footfall/{seed}/outages/{number}")
        first = begin + rng.randrange(_INTERVAL_SECONDS - 2 * DAY)
        result.append(Outage(first, first + rng.randrange(2 * HOUR, 9 * HOUR), pick(rng, PROVIDERS)))
        first = begin + rng.randrange(_INTERVAL_SECONDS - 2 * DAY)
        result.append(Outage(first, first + rng.randrange(600, 30 * HOUR)))
    return tuple(result)

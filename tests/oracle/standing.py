"""Which instances of a fleet are established, in plain Python: seen on three days, the last a week after the first.

An event that arrives on a later UTC day than it happened, and more than an hour after it, counts for no day: its sender
chose its time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.oracle.fleet import FleetEvent, FleetRequest
from tests.oracle.world import DAY, HOUR


@dataclass(frozen=True)
class TrueStanding:
    """The days on which an instance was seen in time."""

    days: frozenset[int]

    @property
    def established(self) -> bool:
        return len(self.days) >= 3 and max(self.days) - min(self.days) >= 7


def true_standings(requests: Iterable[FleetRequest]) -> dict[str, TrueStanding]:
    """Instance to its standing. Of an event that is sent twice, the request that arrives first counts."""
    days: defaultdict[str, set[int]] = defaultdict(set)
    counted: set[str] = set()
    for request in sorted(requests, key=lambda one: one.received):
        for event in request.events:
            if event.uuid not in counted and not event.instance.startswith("ephemeral_"):
                counted.add(event.uuid)
                same_day = event.at // DAY == request.received // DAY
                if same_day or request.received - event.at <= HOUR:
                    days[event.instance].add(event.at // DAY)
    return {instance: TrueStanding(frozenset(seen)) for instance, seen in days.items()}


def true_counts(events: Iterable[FleetEvent], standings: Mapping[str, TrueStanding], last_day: int) -> list[int]:
    """All instances of some events, the established ones, and those that are not and are new.

    New instances were not seen before the week that ends with `last_day`, which is excluded.
    """
    active = {event.instance for event in events if not event.instance.startswith("ephemeral_")}
    established = {instance for instance in active if instance in standings and standings[instance].established}
    older = {instance for instance in active if instance in standings and min(standings[instance].days) < last_day - 7}
    return [len(active), len(established), len(active - established - older)]

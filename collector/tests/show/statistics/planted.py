"""Fleets with and without a planted cause, and what the search names in them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from footfall_collector.answer import is_version, version_key
from footfall_collector.show.statistics import Cause, find_causes
from footfall_collector.show.statistics.cube import CallCell
from tests.oracle.causes import KINDS, PlantedCause, draw_cause, plant
from tests.oracle.fleet import Fleet, FleetEvent
from tests.oracle.world import DAY

NO_CAUSE = "none"
_KINDS = {"provider": "outage", "client": "client", "version": "release"}
Name = tuple[str, str]
"""Kind and value of a cause."""


@dataclass(frozen=True)
class Judgement:
    """What was planted into a fleet, and what was named. A fleet without a cause is of the kind `none`."""

    seed: int
    kind: str
    planted: tuple[Name, ...]
    named: tuple[Name, ...]

    @property
    def right(self) -> bool:
        """Whether the cause is named as what it is, and nothing else."""
        return self.named == self.planted

    @property
    def regression_too_many(self) -> bool:
        """Whether a release is flagged that has no bug."""
        return any(name not in self.planted for name in self.named if name[0] == "release")


def fleet_of(seed: int) -> Fleet:
    return Fleet(instances=300, days=28, seed=seed, busy=2, calm=True)


def cells_of(events: Iterable[FleetEvent]) -> list[CallCell]:
    """The calls of external events, by instance."""
    calls: Counter[tuple[int, str, str, str, str, str]] = Counter()
    errors: Counter[tuple[int, str, str, str, str, str]] = Counter()
    for event in events:
        properties = event.properties
        if event.event != "tool_executed" or properties.get("is_internal"):
            continue
        version, provider = properties.get("product_version", ""), properties.get("ai_provider", "")
        key = (event.at // DAY, version, properties["tool"], properties["mcp_client"], provider, event.instance)
        calls[key] += 1
        errors[key] += not properties["success"]
    return [CallCell(*key, number, errors[key]) for key, number in calls.items()]


def causes_of(cells: Sequence[CallCell]) -> list[Cause]:
    versions = {cell.version for cell in cells if is_version(cell.version)}
    return find_causes(cells, sorted(versions, key=version_key)).causes


def names_of(cells: Sequence[CallCell]) -> tuple[Name, ...]:
    """The causes that are named, each once."""
    return tuple(dict.fromkeys(name_of(cause) for cause in causes_of(cells)))


def name_of(cause: Cause) -> Name:
    return _KINDS.get(cause.set.kind, cause.set.kind), cause.set.values[0]


def true_name(cause: PlantedCause) -> Name:
    return cause.kind, cause.value


def judgements(seed: int) -> Iterator[Judgement]:
    """One fleet without a cause, and with one of each kind."""
    fleet = fleet_of(seed)
    calm = list(fleet.events())
    yield Judgement(seed, NO_CAUSE, (), names_of(cells_of(calm)))
    for kind in KINDS:
        cause = draw_cause(kind, calm, fleet.start, fleet.end, seed)
        yield Judgement(seed, kind, (true_name(cause),), names_of(cells_of(plant(calm, cause, seed))))

"""Incidents that are planted into calm fleets, and whether the rules of alerts find them within their day."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from footfall_collector.alerts.rule_options import rule_options
from footfall_collector.alerts.rules import judge_product
from tests.oracle.alert_numbers import FleetNumbers
from tests.oracle.causes import MIN_FAILURES, MIN_INSTANCES, PlantedCause, draw_cause, plant
from tests.oracle.fleet import Fleet, FleetEvent
from tests.oracle.world import DAY, HOUR, TOOLS

QUIET = "quiet"
INCIDENTS = ("release", "outage", "instances", "silence", "class")
RULES = {
    "release": "regression",
    "outage": "error-rate",
    "instances": "active-instances",
    "silence": "no-events",
    "class": "new-error-class",
}
JUDGED_DAYS = 28
STEP = 10 * 60
"""Between two evaluations, as the collector's default is."""
LATE = 2 * HOUR
"""What needs the whole day may be found so much after its end."""
FAILING = 0.3
_OPTIONS = rule_options(())


@dataclass(frozen=True)
class IncidentJudgement:
    """What the rules said of one fleet.

    Attributes:
        kind: what was planted.
        found: whether its rule spoke in time.
        false: `rule subject` of everything that a quiet fleet was said to have.
    """

    seed: int
    kind: str
    found: bool
    false: tuple[str, ...]


@dataclass(frozen=True)
class PlantedIncident:
    """Events with an incident, and the moments (epoch seconds) from which and until which it may be found."""

    events: Sequence[FleetEvent]
    begin: int
    until: int


def fleet_of(seed: int, instances: int = 300) -> Fleet:
    return Fleet(instances=instances, days=84, seed=seed, busy=2, calm=True)


def judge_fleet(seed: int) -> Iterator[IncidentJudgement]:
    """One judgement of the quiet fleet, and one of each kind of incident."""
    fleet = fleet_of(seed)
    events = list({event.uuid: event for event in fleet.events()}.values())
    alarms = alarms_of(FleetNumbers(fleet.product, events), fleet.end - JUDGED_DAYS * DAY, fleet.end)
    yield IncidentJudgement(seed, QUIET, not alarms, tuple(alarms))
    for kind in INCIDENTS:
        planted = plant_incident(kind, fleet, events, seed)
        yield IncidentJudgement(seed, kind, is_found(kind, fleet.product, planted), ())


def plant_incident(kind: str, fleet: Fleet, events: Sequence[FleetEvent], seed: int) -> PlantedIncident:
    if kind == "silence":
        fleet = fleet_of(seed, 900)
        events = list({event.uuid: event for event in fleet.events()}.values())
    return _PLANTED[kind](Random(f"footfall/{seed}/{kind}"), fleet, events, seed)


def alarms_of(numbers: FleetNumbers, start: int, end: int, step: int = STEP) -> list[str]:
    """`rule subject` of everything that is found, each once: a recurrence counts once in four weeks."""
    found: dict[str, None] = {}
    for now in range(start + step, end, step):
        judged = judge_product(numbers.at(now, now % (12 * HOUR) < step), _OPTIONS, (), DAY)
        found |= {f"{each.rule} {each.subject}": None for each in judged}
    return [*found]


def is_found(kind: str, product: str, planted: PlantedIncident) -> bool:
    numbers, rule = FleetNumbers(product, planted.events), RULES[kind]
    # The collector judges regressions at each sixth evaluation.
    for now in range(planted.begin + STEP, planted.until + 1, HOUR if rule == "regression" else STEP):
        judged = judge_product(numbers.at(now, rule == "regression"), _OPTIONS, (), DAY)
        if any(each.rule == rule for each in judged):
            return True
    return False


def _release(rng: Random, fleet: Fleet, events: Sequence[FleetEvent], seed: int) -> PlantedIncident:
    """The bug of a release of the last weeks. Its day is the first on which it can be told from chance."""
    del rng
    start = fleet.end - JUDGED_DAYS * DAY
    cause = draw_cause("release", [event for event in events if event.at >= start], start, fleet.end, seed)
    # Instances that had the version before make no new release of it.
    planted = list(plant(events, cause, seed))
    day = visible_day(events, planted, cause)
    return PlantedIncident(planted, (day + 1) * DAY - 20 * 60, (day + 1) * DAY + LATE)


def visible_day(events: Sequence[FleetEvent], planted: Sequence[FleetEvent], cause: PlantedCause) -> int:
    succeeded = {event.uuid for event in events if event.properties.get("success")}
    failures: defaultdict[str, int] = defaultdict(int)
    for event in sorted(planted, key=lambda each: each.at):
        if event.uuid in succeeded and not event.properties["success"] and not event.properties.get("is_internal"):
            failures[event.instance] += 1
            if sum(failures.values()) >= MIN_FAILURES and len(failures) >= MIN_INSTANCES:
                return event.at // DAY
    raise ValueError(f"{cause} is never visible")


def _outage(rng: Random, fleet: Fleet, events: Sequence[FleetEvent], seed: int) -> PlantedIncident:
    """Every tool fails in 30 % of its calls for four to twelve hours of a day."""
    hours = rng.randrange(4, 13)
    day = fleet.end // DAY - rng.randrange(2, JUDGED_DAYS)
    begin = day * DAY + rng.randrange(24 - hours + 1) * HOUR
    rates = {tool.name: max(tool.failing, FAILING) for tool in TOOLS}
    changed: list[FleetEvent] = []
    for value in {event.properties.get("product_version") for event in events} - {None}:
        cause = PlantedCause("release", str(value), begin, begin + hours * HOUR, rates)
        changed += plant([each for each in events if each.properties.get("product_version") == value], cause, seed)
    return PlantedIncident(changed, begin, (day + 1) * DAY)


def _instances(rng: Random, fleet: Fleet, events: Sequence[FleetEvent], seed: int) -> PlantedIncident:
    """Half of the instances stay away for a day. It can be told once the day is over."""
    del seed
    day = fleet.end // DAY - rng.randrange(2, JUDGED_DAYS)
    away = {instance for instance in sorted({event.instance for event in events}) if rng.random() < 0.5}
    kept = [event for event in events if event.at // DAY != day or event.instance not in away]
    return PlantedIncident(kept, (day + 1) * DAY + HOUR, (day + 1) * DAY + LATE)


def _silence(rng: Random, fleet: Fleet, events: Sequence[FleetEvent], seed: int) -> PlantedIncident:
    """No event for six hours of a working day."""
    del seed
    day = fleet.end // DAY - rng.choice([number for number in range(2, JUDGED_DAYS) if _works(fleet.end, number)])
    begin = day * DAY + 12 * HOUR
    kept = [event for event in events if not begin <= event.at < begin + 6 * HOUR]
    return PlantedIncident(kept, begin, begin + 6 * HOUR)


def _works(end: int, days_before: int) -> bool:
    return (end // DAY - days_before + 3) % 7 < 5


def _class(rng: Random, fleet: Fleet, events: Sequence[FleetEvent], seed: int) -> PlantedIncident:
    """A class that nobody met before, of a usual tool, in eight instances of a day."""
    del seed
    day = fleet.end // DAY - rng.randrange(2, JUDGED_DAYS)
    tool = max(TOOLS, key=lambda each: sum(event.properties.get("tool") == each.name for event in events)).name
    met = {e.instance: e for e in events if e.at // DAY == day and not e.properties.get("is_internal")}
    new = [
        replace(
            event,
            event="tool_error",
            uuid=f"new-{event.uuid}",
            properties={"tool": tool, "error_type": "BrandNewError"},
            wire_properties={"tool": tool, "error_type": "BrandNewError"},
        )
        for _, event in sorted(met.items())[:8]
    ]
    return PlantedIncident([*events, *new], day * DAY, (day + 1) * DAY)


_PLANTED: dict[str, Callable[[Random, Fleet, Sequence[FleetEvent], int], PlantedIncident]] = {
    "release": _release,
    "outage": _outage,
    "instances": _instances,
    "silence": _silence,
    "class": _class,
}

"""Which events a chart counts, and which values of a property it shows: of too many, some become `other`."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.oracle.fleet import FleetEvent
from tests.oracle.questions import CARRIED, AnyQuestion, Scope, Where
from tests.oracle.world import DAY

_RANKED_BY = {
    "product_version": None,
    "tool": "tool_executed",
    "error_type": "tool_error",
    "mcp_client": "client_connected",
    "mcp_client_version": "client_connected",
    "k8s_version": "server_started",
}
"""Property to the event whose instances rank its values; None for every event. All that events have are counted."""


def all_kept_values(events: Sequence[FleetEvent], limit: int) -> dict[str, set[str]]:
    """Property to the values that charts show, for the properties that have more."""
    found = {name: kept_values(events, name, limit) for name in _RANKED_BY}
    return {name: kept for name, kept in found.items() if kept is not None}


def kept_values(events: Sequence[FleetEvent], name: str, limit: int, carriers: Sequence[str] = ()) -> set[str] | None:
    """The values of most instances, then most days of an instance, then the first by name; None where all are.

    `carriers` are the events that carry a property which is not in `_RANKED_BY`.
    """
    known = Counter(value for event in events if (value := event.properties.get(name)))
    days: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    ranked_by = carriers or (_RANKED_BY[name],)
    for event in events:
        if (event.event in ranked_by or None in ranked_by) and not event.instance.startswith("ephemeral_"):
            days[event.properties.get(name) or ""].add((event.instance, event.at // DAY))
    if len(known) <= limit:
        return None
    ranked = sorted(days, key=lambda value: (-len({one for one, _ in days[value]}), -len(days[value]), value))
    # Where these are too few: those of most events among the others.
    others = sorted(known.keys() - {*ranked}, key=lambda value: (-known[value], value))
    return set([*ranked, *others][:limit])


def fold_values(event: FleetEvent, kept: Mapping[str, set[str]]) -> FleetEvent:
    """The event as charts show it: with `other` in place of values that are not kept."""
    hidden = {name: "other" for name in kept if (value := event.properties.get(name)) and value not in kept[name]}
    return replace(event, properties={**event.properties, **hidden}) if hidden else event


@dataclass(frozen=True)
class OracleQuery:
    """The range and filters of a chart.

    Attributes:
        start: epoch seconds, included; the start of a UTC day unless `bucket_seconds` is less than a day.
        end: epoch seconds, excluded; as `start`.
        internal: `hide`, `only` or `all`, as in a query string.
        bucket_seconds: length of a bucket in charts over time.
        filters: property, by its name in the journal, to value.
        max_values: the number of values of one property that charts show; the others are `other`.
        where: conditions on any property.
        by_instance: the properties that select instances, even where the chart's events carry them.
    """

    start: int
    end: int
    internal: str = "hide"
    bucket_seconds: int = DAY
    filters: Mapping[str, str] = field(default_factory=dict)
    max_values: int = 500
    where: tuple[Where, ...] = ()
    by_instance: tuple[str, ...] = ()


class MatchingEvents:
    """The events of a query: `in_range`, and `at_any_time` under the same filters; `without_filters` all others too."""

    def __init__(
        self, events: Sequence[FleetEvent], query: OracleQuery, carried: Mapping[str, Sequence[str]] = CARRIED
    ) -> None:
        internal = {"hide": (False,), "only": (True,), "all": (False, True)}[query.internal]
        self.query = query
        self._kept = all_kept_values(events, query.max_values)
        where = (*(Where(name, False, (value,)) for name, value in query.filters.items()), *query.where)
        question = AnyQuestion(query.start, query.end, where=where, internal=query.internal)
        scope = Scope(events, question, carried, self._kept, query.by_instance)
        self._scope, self._named = scope, dict[str, list[FleetEvent]]()
        lives = [event for event in events if event.properties.get("is_internal", False) in internal]
        self.without_filters = [fold_values(event, self._kept) for event in lives]
        passing = zip(lives, self.without_filters, strict=True)
        self.at_any_time = [shown for event, shown in passing if scope.fits(event)]
        self.in_range = [event for event in self.at_any_time if query.start <= event.at < query.end]
        self._fitting = {event.uuid for event in self.at_any_time}

    def fits(self, event: FleetEvent) -> bool:
        """Whether the event passes the filters."""
        return event.uuid in self._fitting

    def named(self, name: str) -> list[FleetEvent]:
        """The events of one name in the range: conditions on what these carry are about them."""
        if name not in self._named:
            scope = self._scope
            own = Scope(
                scope.events, replace(scope.question, event=name), scope.carried, self._kept, self.query.by_instance
            )
            self._named[name] = [fold_values(event, self._kept) for event in own.matching()]
        return self._named[name]

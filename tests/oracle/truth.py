"""The true answers to all charts, in plain Python over a fleet's events: no SQL, no roll-ups, no rounding but the
promise's. Rows are those of `/api/charts/<id>`, in its order.

A chart's true answer is a function `(events: MatchingEvents) -> Rows` and an entry in `ANSWERS`, at the end.
"""
# ruff: noqa: RUF001 -- the labels are the chart's, with its dashes

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.oracle.behaviour import BEHAVIOUR_ANSWERS
from tests.oracle.fleet import FleetEvent
from tests.oracle.matching import MatchingEvents, OracleQuery
from tests.oracle.questions import CARRIED
from tests.oracle.world import DAY

Rows = list[list[Any]]
_MONDAY = 3  # day 0 was a Thursday
_UPTIMES = (
    ("under 10 s", 0, 10),
    ("10 s – 1 min", 10, 60),
    ("1 – 10 min", 60, 600),
    ("10 – 60 min", 600, 3600),
    ("1 – 6 h", 3600, 21600),
    ("6 – 24 h", 21600, 86400),
    ("1 – 7 d", 86400, 604800),
    ("7 d and more", 604800, None),
)


class Truth:
    """The true answers over some events. Events with the same UUID are one event."""

    def __init__(self, events: Iterable[FleetEvent], carried: Mapping[str, Sequence[str]] = CARRIED) -> None:
        self._carried = carried
        self._events = sorted({event.uuid: event for event in events}.values(), key=lambda event: event.at)
        self._latest: MatchingEvents | None = None
        self._hidden: dict[str, int] = {}

    def chart(self, name: str, query: OracleQuery) -> Rows:
        """The rows of a chart."""
        return (ANSWERS | BEHAVIOUR_ANSWERS)[name](self._matching(query))

    def charts(self, query: OracleQuery) -> dict[str, Rows]:
        """The rows of every chart."""
        return {name: answer(self._matching(query)) for name, answer in (ANSWERS | BEHAVIOUR_ANSWERS).items()}

    def _matching(self, query: OracleQuery) -> MatchingEvents:
        """The query's events, kept for the next call: tests ask for several charts of one query in a row."""
        if self._latest is None or self._latest.query != query:
            self._latest = MatchingEvents(self._events, query, self._carried)
        return self._latest

    def hidden_internal(self, query: OracleQuery) -> int:
        """The number of internal events in the range, under the same filters."""
        asked = replace(query, internal="only")
        if repr(asked) not in self._hidden:
            self._hidden[repr(asked)] = len(MatchingEvents(self._events, asked, self._carried).in_range)
        return self._hidden[repr(asked)]


def _lasting(events: Iterable[FleetEvent]) -> set[str]:
    """The instances that count: ephemeral ones don't."""
    return {event.instance for event in events if not event.instance.startswith("ephemeral_")}


def _instances(events: Iterable[FleetEvent]) -> int:
    return len(_lasting(events))


def _grouped(events: Iterable[FleetEvent], *names: str) -> dict[tuple[Any, ...], list[FleetEvent]]:
    groups = defaultdict(list)
    for event in events:
        groups[tuple(event.properties.get(name) for name in names)].append(event)
    return groups


def _ordered(rows: Rows, *columns: int) -> Rows:
    """Sorted by columns, ascending; a column whose index is given as ~index holds numbers and sorts descending."""

    def key(row: list[Any]) -> tuple[Any, ...]:
        return tuple(-row[~column] if column < 0 else row[column] or "" for column in columns)

    return sorted(rows, key=key)


def _percentile(values: list[float], percent: int) -> float | None:
    """Linear between the two values around position percent * (n - 1) / 100."""
    if not values:
        return None
    low, remainder = divmod(percent * (len(values) - 1), 100)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * remainder / 100


def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY, UTC).strftime("%Y-%m-%d")


def tool_usage(events: MatchingEvents) -> Rows:
    calls = events.named("tool_executed")
    groups = _grouped(calls, "tool").items()
    return _ordered(
        [[tool, len(group), _instances(group), len(group) / len(calls)] for (tool,), group in groups], ~1, 0
    )


def tool_errors(events: MatchingEvents) -> Rows:
    rows = []
    for (tool,), calls in _grouped(events.named("tool_executed"), "tool").items():
        errors = sum(not call.properties["success"] for call in calls)
        rows.append([tool, len(calls), errors, errors / len(calls)])
    return _ordered(rows, ~3, ~1, 0)


def tool_duration(events: MatchingEvents) -> Rows:
    rows = []
    for (tool,), calls in _grouped(events.named("tool_executed"), "tool").items():
        times = sorted(call.properties["duration_ms"] for call in calls)
        rows.append([tool, len(calls), *(_percentile(times, percent) for percent in (50, 95, 99))])
    return _ordered(rows, ~1, 0)


def error_types(events: MatchingEvents) -> Rows:
    groups = _grouped(events.named("tool_error"), "tool", "error_type").items()
    return _ordered([[*names, len(group), _instances(group)] for names, group in groups], ~2, 0, 1)


def ai_providers(events: MatchingEvents) -> Rows:
    calls = Counter(event.properties.get("ai_provider") for event in events.named("tool_executed"))
    groups = _grouped(events.in_range, "ai_provider")
    names = {name for (name,) in groups} | set(calls)
    rows = [[name, _instances(groups.get((name,), ())), calls[name]] for name in names]
    return _ordered([row for row in rows if row[1] or row[2]], ~1, ~2, 0)


def mcp_clients(events: MatchingEvents) -> Rows:
    calls = _grouped(events.named("tool_executed"), "mcp_client")
    connections = _grouped(events.named("client_connected"), "mcp_client", "mcp_client_version")
    rows = [
        [*names, len(group), _instances(group), len(calls.get(names[:1], ()))] for names, group in connections.items()
    ]
    connected = {client for client, _ in connections}
    for (client,), group in calls.items():
        if client not in connected:
            rows.append([client, None, 0, _instances(group), len(group)])
    return _ordered(rows, ~2, ~4, 0, 1)


def transports(events: MatchingEvents) -> Rows:
    groups = _grouped(events.named("client_connected"), "transport").items()
    return _ordered([[name, len(group), _instances(group)] for (name,), group in groups], ~1, 0)


def kubernetes_versions(events: MatchingEvents) -> Rows:
    by_minor: defaultdict[Any, list[FleetEvent]] = defaultdict(list)
    for (version,), group in _grouped(events.named("server_started"), "k8s_version").items():
        by_minor[None if version is None else ".".join(version.split("-")[0].split(".")[:2])] += group
    return _ordered([[minor, _instances(group), len(group)] for minor, group in by_minor.items()], ~1, ~2, 0)


def deployment_methods(events: MatchingEvents) -> Rows:
    groups = _grouped(events.named("server_started"), "deployment_method").items()
    return _ordered([[name, _instances(group), len(group)] for (name,), group in groups], ~1, ~2, 0)


def versions(events: MatchingEvents) -> Rows:
    by_day: defaultdict[tuple[int, Any], tuple[list[FleetEvent], list[FleetEvent]]] = defaultdict(lambda: ([], []))
    for place, chosen in enumerate((events.in_range, events.named("tool_executed"))):
        for event in chosen:
            by_day[event.at // DAY, event.properties.get("product_version")][place].append(event)
    rows = []
    for (day, version), (group, calls) in by_day.items():
        errors = sum(not call.properties["success"] for call in calls)
        row = [_day(day), version, _instances(group), len(calls), errors]
        if row[2] or row[3]:
            rows.append(row)
    return _ordered(rows, 0, 1)


def active_instances(events: MatchingEvents) -> Rows:
    active: defaultdict[int, set[str]] = defaultdict(set)
    for event in events.at_any_time:
        active[event.at // DAY] |= _lasting([event])
    first: dict[str, int] = {}
    for day in sorted(active):
        for instance in active[day]:
            first.setdefault(instance, day)
    rows = []
    for day in range(events.query.start // DAY, (events.query.end - 1) // DAY + 1):
        if first and day >= min(first.values()):
            week = set().union(*(active.get(day - back, set()) for back in range(7)))
            today = active.get(day, set())
            new = sum(first[instance] == day for instance in today)
            rows.append([_day(day), len(today), len(week), new, len(today) - new])
    return rows


def retention(events: MatchingEvents) -> Rows:
    weeks: defaultdict[str, set[int]] = defaultdict(set)
    for event in events.at_any_time:
        for instance in _lasting([event]):
            weeks[instance].add((event.at // DAY + _MONDAY) // 7)
    first = (events.query.start // DAY + _MONDAY) // 7
    last = ((events.query.end - 1) // DAY + _MONDAY) // 7
    rows = []
    for cohort in sorted({min(active) for active in weeks.values()}):
        if first <= cohort <= last:
            members = [active for active in weeks.values() if min(active) == cohort]
            for week in range(cohort, last + 1):
                back = sum(week in active for active in members)
                rows.append([_day(cohort * 7 - _MONDAY), week - cohort, back, len(members), back / len(members)])
    return rows


def uptime(events: MatchingEvents) -> Rows:
    times = sorted(event.properties["uptime_seconds"] for event in events.named("server_stopped"))
    rows: Rows = []
    for name, low, high in _UPTIMES if times else ():
        n = sum(low <= time and (high is None or time < high) for time in times)
        rows.append([name, low, high, n, n / len(times), _percentile(times, 50), _percentile(times, 95)])
    return rows


def events_over_time(events: MatchingEvents) -> Rows:
    bucket = events.query.bucket_seconds
    counts = Counter((event.at // bucket * bucket, event.event) for event in events.in_range)
    form = "%Y-%m-%dT%H:%M:%SZ" if bucket < DAY else "%Y-%m-%d"
    return [[datetime.fromtimestamp(at, UTC).strftime(form), name, n] for (at, name), n in sorted(counts.items())]


ANSWERS: dict[str, Callable[[MatchingEvents], Rows]] = {
    "tool-usage": tool_usage,
    "tool-errors": tool_errors,
    "tool-duration": tool_duration,
    "error-types": error_types,
    "ai-providers": ai_providers,
    "mcp-clients": mcp_clients,
    "transports": transports,
    "kubernetes-versions": kubernetes_versions,
    "deployment-methods": deployment_methods,
    "versions": versions,
    "active-instances": active_instances,
    "retention": retention,
    "uptime": uptime,
    "events": events_over_time,
}

"""The true answers to all 14 charts, in plain Python over the events as they happened: no SQL, no rollups, no rounding
but the promise's. Rows are as `/api/charts/<id>` gives them, in its order.
"""
# ruff: noqa: RUF001 -- the labels are the chart's, with its dashes

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.oracle.fleet import Happened
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


@dataclass(frozen=True)
class Asked:
    """A chart's filters. `start` and `end` in epoch seconds, whole UTC days unless `step` is less than a day.

    `step` are the seconds between the moments of charts over time; `internal` as in a query; `only` are properties
    by the journal's names.
    """

    start: int
    end: int
    internal: str = "hide"
    step: int = DAY
    only: Mapping[str, str] = field(default_factory=dict)


class Truth:
    """Answers over some events. An event sent twice is one event."""

    def __init__(self, events: Iterable[Happened]) -> None:
        self._events = sorted({event.uuid: event for event in events}.values(), key=lambda event: event.at)
        self._latest: _Answer | None = None

    def chart(self, name: str, asked: Asked) -> Rows:
        """The rows of a chart."""
        return self._answer(asked).charts[name]()

    def charts(self, asked: Asked) -> dict[str, Rows]:
        """The rows of every chart."""
        return {name: rows() for name, rows in self._answer(asked).charts.items()}

    def _answer(self, asked: Asked) -> "_Answer":
        """One question is mostly asked of several charts in a row."""
        if self._latest is None or self._latest.asked != asked:
            self._latest = _Answer(self._events, asked)
        return self._latest

    def hidden_internal(self, asked: Asked) -> int:
        """How many internal events the range has, whatever is asked of tools and clients."""
        kept = {name: value for name, value in asked.only.items() if name in ("product_version", "ai_provider")}
        return sum(
            asked.start <= event.at < asked.end
            for event in self._events
            if event.said.get("is_internal") and _fits(event, kept)
        )


def _fits(event: Happened, only: Mapping[str, str]) -> bool:
    return all(event.said.get(name) == value for name, value in only.items())


def _lasting(events: Iterable[Happened]) -> set[str]:
    """The instances that count: an ephemeral one is none."""
    return {event.instance for event in events if not event.instance.startswith("ephemeral_")}


def _instances(events: Iterable[Happened]) -> int:
    return len(_lasting(events))


def _grouped(events: Iterable[Happened], *names: str) -> dict[tuple[Any, ...], list[Happened]]:
    found = defaultdict(list)
    for event in events:
        found[tuple(event.said.get(name) for name in names)].append(event)
    return found


def _ordered(rows: Rows, *columns: int) -> Rows:
    """By columns: a number from large to small where its index is given as ~index, the rest from small to large."""

    def key(row: list[Any]) -> tuple[Any, ...]:
        return tuple(-row[~column] if column < 0 else row[column] or "" for column in columns)

    return sorted(rows, key=key)


def _percentile(values: list[float], percent: int) -> float | None:
    """Linear between the two values around position percent * (n - 1) / 100."""
    if not values:
        return None
    low, rest = divmod(percent * (len(values) - 1), 100)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * rest / 100


def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY, UTC).strftime("%Y-%m-%d")


class _Answer:
    """One question. `seen` are the events under the filters at any time, `events` those of the range."""

    def __init__(self, events: list[Happened], asked: Asked) -> None:
        wanted = {"hide": (False,), "only": (True,), "all": (False, True)}[asked.internal]
        self.asked = asked
        self.seen = [e for e in events if e.said.get("is_internal", False) in wanted and _fits(e, asked.only)]
        self.events = [e for e in self.seen if asked.start <= e.at < asked.end]
        self.charts: dict[str, Callable[[], Rows]] = {
            "tool-usage": self.tool_usage,
            "tool-errors": self.tool_errors,
            "tool-duration": self.tool_duration,
            "error-types": self.error_types,
            "ai-providers": self.ai_providers,
            "mcp-clients": self.mcp_clients,
            "transports": self.transports,
            "kubernetes-versions": self.kubernetes_versions,
            "deployment-methods": self.deployment_methods,
            "versions": self.versions,
            "active-instances": self.active_instances,
            "retention": self.retention,
            "uptime": self.uptime,
            "events": self.events_over_time,
        }

    def of(self, name: str) -> list[Happened]:
        return [event for event in self.events if event.event == name]

    def tool_usage(self) -> Rows:
        calls = self.of("tool_executed")
        rows = [[t, len(of), _instances(of), len(of) / len(calls)] for (t,), of in _grouped(calls, "tool").items()]
        return _ordered(rows, ~1, 0)

    def tool_errors(self) -> Rows:
        rows = []
        for (tool,), calls in _grouped(self.of("tool_executed"), "tool").items():
            errors = sum(not call.said["success"] for call in calls)
            rows.append([tool, len(calls), errors, errors / len(calls)])
        return _ordered(rows, ~3, ~1, 0)

    def tool_duration(self) -> Rows:
        rows = []
        for (tool,), calls in _grouped(self.of("tool_executed"), "tool").items():
            times = sorted(call.said["duration_ms"] for call in calls)
            rows.append([tool, len(calls), *(_percentile(times, percent) for percent in (50, 95, 99))])
        return _ordered(rows, ~1, 0)

    def error_types(self) -> Rows:
        found = _grouped(self.of("tool_error"), "tool", "error_type").items()
        return _ordered([[*names, len(of), _instances(of)] for names, of in found], ~2, 0, 1)

    def ai_providers(self) -> Rows:
        calls = Counter(event.said.get("ai_provider") for event in self.of("tool_executed"))
        found = _grouped(self.events, "ai_provider").items()
        rows = [[name, _instances(of), calls[name]] for (name,), of in found]
        return _ordered([row for row in rows if row[1] or row[2]], ~1, ~2, 0)

    def mcp_clients(self) -> Rows:
        calls = _grouped(self.of("tool_executed"), "mcp_client")
        found = _grouped(self.of("client_connected"), "mcp_client", "mcp_client_version")
        rows = [[*names, len(of), _instances(of), len(calls.get(names[:1], ()))] for names, of in found.items()]
        connected = {client for client, _ in found}
        for (client,), of in calls.items():
            if client not in connected:
                rows.append([client, None, 0, _instances(of), len(of)])
        return _ordered(rows, ~2, ~4, 0, 1)

    def transports(self) -> Rows:
        found = _grouped(self.of("client_connected"), "transport").items()
        return _ordered([[name, len(of), _instances(of)] for (name,), of in found], ~1, 0)

    def kubernetes_versions(self) -> Rows:
        found: defaultdict[Any, list[Happened]] = defaultdict(list)
        for (version,), of in _grouped(self.of("server_started"), "k8s_version").items():
            found[None if version is None else ".".join(version.split("-")[0].split(".")[:2])] += of
        return _ordered([[minor, _instances(of), len(of)] for minor, of in found.items()], ~1, ~2, 0)

    def deployment_methods(self) -> Rows:
        found = _grouped(self.of("server_started"), "deployment_method").items()
        return _ordered([[name, _instances(of), len(of)] for (name,), of in found], ~1, ~2, 0)

    def versions(self) -> Rows:
        by_day: defaultdict[tuple[int, Any], list[Happened]] = defaultdict(list)
        for event in self.events:
            by_day[event.at // DAY, event.said.get("product_version")].append(event)
        rows = []
        for (day, version), of in by_day.items():
            calls = [event for event in of if event.event == "tool_executed"]
            row = [_day(day), version, _instances(of), len(calls), sum(not call.said["success"] for call in calls)]
            if row[2] or row[3]:
                rows.append(row)
        return _ordered(rows, 0, 1)

    def active_instances(self) -> Rows:
        active: defaultdict[int, set[str]] = defaultdict(set)
        for event in self.seen:
            active[event.at // DAY] |= _lasting([event])
        first: dict[str, int] = {}
        for day in sorted(active):
            for instance in active[day]:
                first.setdefault(instance, day)
        rows = []
        for day in range(self.asked.start // DAY, (self.asked.end - 1) // DAY + 1):
            if first and day >= min(first.values()):
                week = set().union(*(active.get(day - back, set()) for back in range(7)))
                today = active.get(day, set())
                new = sum(first[instance] == day for instance in today)
                rows.append([_day(day), len(today), len(week), new, len(today) - new])
        return rows

    def retention(self) -> Rows:
        weeks: defaultdict[str, set[int]] = defaultdict(set)
        for event in self.seen:
            for instance in _lasting([event]):
                weeks[instance].add((event.at // DAY + _MONDAY) // 7)
        first = (self.asked.start // DAY + _MONDAY) // 7
        last = ((self.asked.end - 1) // DAY + _MONDAY) // 7
        rows = []
        for cohort in sorted({min(of) for of in weeks.values()}):
            if first <= cohort <= last:
                members = [of for of in weeks.values() if min(of) == cohort]
                for week in range(cohort, last + 1):
                    back = sum(week in of for of in members)
                    rows.append([_day(cohort * 7 - _MONDAY), week - cohort, back, len(members), back / len(members)])
        return rows

    def uptime(self) -> Rows:
        times = sorted(event.said["uptime_seconds"] for event in self.of("server_stopped"))
        rows: Rows = []
        for name, low, high in _UPTIMES if times else ():
            n = sum(low <= time and (high is None or time < high) for time in times)
            rows.append([name, low, high, n, n / len(times), _percentile(times, 50), _percentile(times, 95)])
        return rows

    def events_over_time(self) -> Rows:
        counts = Counter((event.at // self.asked.step * self.asked.step, event.event) for event in self.events)
        written = "%Y-%m-%dT%H:%M:%SZ" if self.asked.step < DAY else "%Y-%m-%d"
        return [
            [datetime.fromtimestamp(at, UTC).strftime(written), name, n] for (at, name), n in sorted(counts.items())
        ]

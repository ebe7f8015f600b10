"""The insights of a product's PostHog dashboard: PostHog's query nodes as plain data, derived from its catalogue.

The names of the nodes and their fields are those of PostHog's query API: `InsightVizNode` around a `TrendsQuery` or a
`RetentionQuery`, `EventsNode` for a series.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from footfall.catalogue import (
    EVENTS,
    QUESTIONS,
    Amount,
    Catalogue,
    ClientConnected,
    Event,
    EventType,
    Property,
    ServerStarted,
    ServerStopped,
    ToolError,
    ToolExecuted,
    Version,
    event_type,
    version_property,
)

from ...runtime import with_unit

Node = dict[str, Any]
DAYS = 30

LINE, BARS, TABLE, STACKED = "ActionsLineGraph", "ActionsBarValue", "ActionsTable", "ActionsBar"
CALLS, INSTANCES, WEEKLY = "total", "dau", "weekly_active"
BINS = 10
"""Bars of a number's distribution."""


@dataclass(frozen=True)
class Insight:
    """One insight: the `id` of the collector's chart, a title, the question that it answers, PostHog's query.

    No other insight of the product has its title. `other_titles` are those that it has where another event has, or no
    longer has, the same meaning.
    """

    id: str
    title: str
    description: str
    query: Node
    other_titles: tuple[str, ...] = ()


def product_insights(catalogue: Catalogue) -> tuple[Insight, ...]:
    """The charts that a Footfall collector shows, and those of the product's own events and properties.

    The collector has the same forms: words and booleans as bars, versions as shares over time, and numbers as their
    distribution and their percentiles.
    """
    version = version_property(catalogue.product)
    shared = {event_type(event).name for event in EVENTS}
    own = [event for name, event in catalogue.events.items() if name not in shared]
    return _with_unique_titles(
        {f"own-{event.name}": event.name for event in own},
        (
            *_tool_insights(),
            *_provider_and_client_insights(),
            *_adoption_insights(version, list(catalogue.events)),
            *(insight for event in own for insight in _own_insights(event)),
            *(
                insight
                for event, properties in catalogue.extra.items()
                for name, property_ in properties.items()
                for insight in _property_insights(f"extra-{event}-{name}", event, name, property_)
            ),
        ),
    )


def _with_unique_titles(own: Mapping[str, str], insights: Collection[Insight]) -> tuple[Insight, ...]:
    """The insights; those of own events (id → name) say the event where another insight has the same title.

    An insight is known by its title: two with one title would be one insight.
    """
    count = Counter(insight.title for insight in insights)

    def unique(insight: Insight) -> Insight:
        if insight.id not in own:
            return insight
        meaning, name = insight.title, own[insight.id]
        named = f"{meaning} ({name.replace('_', ' ')})"
        # Another event's meaning can be this very text.
        named = f"{meaning} ({name})" if named in count else named
        title, other = (meaning, named) if count[meaning] == 1 else (named, meaning)
        return replace(insight, title=title, other_titles=(other,))

    return tuple(map(unique, insights))


def _own_insights(event: EventType) -> Iterator[Insight]:
    counted = [_series(event.name, CALLS, "events"), _series(event.name, INSTANCES, "instances")]
    yield _insight(f"own-{event.name}", event.meaning.rstrip("."), "next", counted, LINE, [])
    for name, property_ in event.properties.items():
        yield from _property_insights(f"own-{event.name}-{name}", event.name, name, property_)


def _property_insights(id_: str, event: str, name: str, property_: Property) -> Iterator[Insight]:
    """Those of one property; none of a retired one. Titles name the event: properties of two events can be alike."""
    if property_.retired is not None:
        return
    question = property_.question if property_.question in QUESTIONS else "next"
    title, counted = f"{event}: {name}", [_series(event, CALLS, "events")]
    if isinstance(property_.kind, Amount):
        # In the legend: an insight is known by its title, so a title that changes would be a second insight.
        measured = [
            _measure_series(event, math, name) | {"custom_name": with_unit(math, property_.kind.unit)}
            for math in ("median", "p95", "p99")
        ]
        distribution = _insight(id_, f"{title}, distribution", question, counted, BARS, [name])
        distribution.query["source"]["breakdownFilter"]["breakdowns"][0]["histogram_bin_count"] = BINS
        yield distribution
        yield _insight(f"{id_}-percentiles", f"{title}, percentiles", question, measured, LINE, [])
    elif isinstance(property_.kind, Version):
        shares = {"showPercentStackView": True}
        yield _insight(id_, f"{title}, share over time", question, counted, STACKED, [name], shares)
    else:
        yield _insight(id_, title, question, counted, BARS, [name])


def _tool_insights() -> tuple[Insight, ...]:
    call, error = _wire_name(ToolExecuted), _wire_name(ToolError)
    failed = _series(call, CALLS, "failed") | {"properties": [_equals("success", "false")]}
    durations = [_measure_series(call, math, "duration_ms") for math in ("median", "p95", "p99")]
    return (
        _insight(
            "tool-usage",
            "Tool usage",
            "tools",
            [_series(call, CALLS, "calls"), _series(call, INSTANCES, "instances")],
            TABLE,
            ["tool"],
        ),
        _insight(
            "tool-errors",
            "Tool error rate",
            "errors",
            [failed, _series(call, CALLS, "calls")],
            BARS,
            ["tool"],
            {"formula": "A / B", "aggregationAxisFormat": "percentage_scaled"},
        ),
        _insight("tool-duration", "Tool duration (ms)", "tools", durations, TABLE, ["tool"]),
        _insight(
            "error-types",
            "Errors by tool and class",
            "errors",
            [_series(error, CALLS, "errors"), _series(error, INSTANCES, "instances")],
            TABLE,
            ["tool", "error_type"],
        ),
    )


def _provider_and_client_insights() -> tuple[Insight, ...]:
    call, connected = _wire_name(ToolExecuted), _wire_name(ClientConnected)
    connections = [_series(connected, CALLS, "connections"), _series(connected, INSTANCES, "instances")]
    used = [_series(call, INSTANCES, "instances"), _series(call, CALLS, "calls")]
    by_client = ["mcp_client", "mcp_client_version"]
    return (
        _insight("ai-providers", "AI providers", "providers", used, TABLE, ["ai_provider"]),
        _insight("mcp-clients", "MCP clients and their versions", "providers", connections, TABLE, by_client),
        _insight("transports", "Transports", "providers", connections, TABLE, ["transport"]),
    )


def _adoption_insights(version: str, events: list[str]) -> tuple[Insight, ...]:
    started, stopped = _wire_name(ServerStarted), _wire_name(ServerStopped)
    starts = [_series(started, INSTANCES, "instances"), _series(started, CALLS, "starts")]
    lengths = [_measure_series(stopped, math, "uptime_seconds") for math in ("median", "p95")]
    anything = [_series(None, INSTANCES, "daily"), _series(None, WEEKLY, "last 7 days")]
    return (
        _insight("kubernetes-versions", "Kubernetes versions", "next", starts, TABLE, ["k8s_version"]),
        _insight("deployment-methods", "Deployment methods", "next", starts, TABLE, ["deployment_method"]),
        _insight("versions", "Product versions over time", "next", anything[:1], LINE, [version]),
        _insight("active-instances", "Daily and weekly active instances", "next", anything, LINE, []),
        Insight("retention", "Weekly retention", QUESTIONS["next"], _retention_query()),
        _insight("uptime", "Session length (s)", "next", lengths, LINE, []),
        _insight("events", "Events over time", "next", [_series(e, CALLS, e) for e in events], STACKED, []),
    )


def _insight(
    name: str,
    title: str,
    question: str,
    series: list[Node],
    display: str,
    breakdowns: list[str],
    options: Node | None = None,
) -> Insight:
    source: Node = {
        "kind": "TrendsQuery",
        "series": series,
        "interval": "day",
        "dateRange": {"date_from": f"-{DAYS}d"},
        "properties": [_equals("is_internal", "false")],
        "trendsFilter": {"display": display, **(options or {})},
    }
    if breakdowns:
        source["breakdownFilter"] = {"breakdowns": [{"property": name, "type": "event"} for name in breakdowns]}
    return Insight(name, title, QUESTIONS[question], {"kind": "InsightVizNode", "source": source})


def _retention_query() -> Node:
    started = {"id": _wire_name(ServerStarted), "name": _wire_name(ServerStarted), "type": "events"}
    source = {
        "kind": "RetentionQuery",
        "dateRange": {"date_from": "-9w"},
        "properties": [_equals("is_internal", "false")],
        "retentionFilter": {
            "period": "Week",
            "retentionType": "retention_first_time",
            "totalIntervals": 9,
            "targetEntity": started,
            "returningEntity": started,
        },
    }
    return {"kind": "InsightVizNode", "source": source}


def _wire_name(event: type[Event]) -> str:
    return event_type(event).name


def _series(event: str | None, math: str, name: str) -> Node:
    """One series. `event` None stands for any event; the `math` `dau` counts distinct IDs, which are instances."""
    return {"kind": "EventsNode", "event": event, "math": math, "custom_name": name}


def _measure_series(event: str, math: str, property_: str) -> Node:
    return _series(event, math, math) | {"math_property": property_}


def _equals(name: str, value: str) -> Node:
    return {"key": name, "value": [value], "operator": "exact", "type": "event"}

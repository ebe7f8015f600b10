"""The insights of a product's PostHog dashboard: PostHog's query nodes as plain data, derived from its catalogue.

The names of the nodes and their fields are those of PostHog's query API: `InsightVizNode` around a `TrendsQuery` or a
`RetentionQuery`, `EventsNode` for a series.
"""

from dataclasses import dataclass
from typing import Any

from footfall.catalogue import (
    EVENTS,
    QUESTIONS,
    Catalogue,
    ClientConnected,
    Event,
    Flag,
    Identifier,
    Property,
    ServerStarted,
    ServerStopped,
    ToolError,
    ToolExecuted,
    ToolName,
    Version,
    Vocabulary,
    event_type,
    version_property,
)

Node = dict[str, Any]
DAYS = 30

LINE, BARS, TABLE, STACKED = "ActionsLineGraph", "ActionsBarValue", "ActionsTable", "ActionsBar"
CALLS, INSTANCES, WEEKLY = "total", "dau", "weekly_active"
_GROUPING_KINDS = (Vocabulary, Identifier, ToolName, Version, Flag)
"""Kinds that have few enough values for a breakdown."""


@dataclass(frozen=True)
class Insight:
    """One insight: the `id` of the collector's chart, a title, the question that it answers, PostHog's query."""

    id: str
    title: str
    description: str
    query: Node


def product_insights(catalogue: Catalogue) -> tuple[Insight, ...]:
    """The charts that a Footfall collector shows, and one for each of the product's own events and extra properties."""
    version = version_property(catalogue.product)
    shared = {event_type(event).name for event in EVENTS}
    own = [event for name, event in catalogue.events.items() if name not in shared]
    return (
        *_tool_insights(),
        *_provider_and_client_insights(),
        *_adoption_insights(version, list(catalogue.events)),
        *(
            _insight(
                f"own-{event.name}",
                event.meaning.rstrip("."),
                "next",
                [_series(event.name, CALLS, "events")],
                BARS,
                [
                    name
                    for name, p in event.properties.items()
                    if p.retired is None and isinstance(p.kind, _GROUPING_KINDS)
                ],
            )
            for event in own
        ),
        *(
            _extra_insight(event, name, property_)
            for event, properties in catalogue.extra.items()
            for name, property_ in properties.items()
            if property_.retired is None
        ),
    )


def _extra_insight(event: str, name: str, property_: Property) -> Insight:
    """One property that the product adds to a standard event: its values, or the percentiles of a number."""
    grouped = isinstance(property_.kind, _GROUPING_KINDS)
    counted = [_series(event, CALLS, "events"), _series(event, INSTANCES, "instances")]
    measured = [_measure_series(event, math, name) for math in ("median", "p95", "p99")]
    return _insight(
        f"extra-{event}-{name}",
        property_.meaning.rstrip("."),
        property_.question if property_.question in QUESTIONS else "next",
        counted if grouped else measured,
        TABLE if grouped else LINE,
        [name] if grouped else [],
    )


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

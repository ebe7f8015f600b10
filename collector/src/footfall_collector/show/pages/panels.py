"""How each chart is drawn. Data only; columns are those of the chart's SQL."""

from dataclasses import dataclass, replace
from typing import Any

# Until 1.32: data/releases/eol.yaml of kubernetes/website. From 1.33 on: planned dates of kubernetes.io/releases/1.x,
# in copies of March to September 2026. Looked up on 29 November 2026.
KUBERNETES_ENDS = {
    "1.24": "2023-07-28",
    "1.25": "2023-10-28",
    "1.26": "2024-02-28",
    "1.27": "2024-07-16",
    "1.28": "2024-10-22",
    "1.29": "2025-02-28",
    "1.30": "2025-07-15",
    "1.31": "2025-11-11",
    "1.32": "2026-02-28",
    "1.33": "2026-06-28",
    "1.34": "2026-10-27",
    "1.35": "2027-02-28",
    "1.36": "2027-06-28",
    "1.37": "2027-10-28",
}
"""The end of life of each minor release, as the Kubernetes project publishes it. A newer one has no mark."""
SEGMENT_COLUMNS = (
    "tool",
    "error_type",
    "ai_provider",
    "mcp_client",
    "mcp_client_version",
    "transport",
    "k8s_version",
    "deployment_method",
    "product_version",
)
"""Columns whose values are those of the property of that name: a click on one filters by it."""
SHORT_LIST = 4
"""Rows of a list before its button, where the list beside it is as short."""


@dataclass(frozen=True)
class Panel:
    """A chart on a page.

    Attributes:
        id: unique on the page; the chart's id where the page shows the chart once.
        chart: the id of the chart.
        kind: how it is drawn: a module of `frontend/src/charts`.
        unit: the line below the title.
        options: settings of the kind, which `PanelConfig` in `frontend/src/data/types.ts` describes.
        span: width in twelfths of the page.
        empty: the text in place of the chart before the first event.
    """

    id: str
    chart: str
    kind: str
    title: str
    unit: str
    options: dict[str, Any]
    span: int = 6
    empty: str = "Each tool call of an instrumented server is counted here. Point a server at this collector to see it."

    @property
    def segments(self) -> dict[str, str]:
        """The columns whose values can be clicked, each with its property."""
        columns = (*self.options.get("label", ()), self.options.get("series"))
        return {column: column for column in columns if column in SEGMENT_COLUMNS}


def _rows_below(by: str, name: str, value: str, event: str) -> dict[str, Any]:
    """What a row opens: its `value` by a property, asked of one kind of event when the row is opened."""
    measure = "instances" if value == "instances" else "events"
    return {"by": by, "name": name, "value": value, "query": {"measure": measure, "event": event, "by": by}}


TOOL_USAGE = Panel(
    "tool-usage",
    "tool-usage",
    "bars",
    "Tool usage",
    "calls and active instances by tool; a row opens its clients",
    {
        "label": ["tool"],
        "value": "calls",
        "numbers": ["calls", "instances"],
        "opens": _rows_below("mcp_client", "Clients", "calls", "tool_executed"),
    },
)
TOOL_ERRORS = Panel(
    "tool-errors",
    "tool-errors",
    "bars",
    "Error rate by tool",
    "share of calls that failed",
    {
        "label": ["tool"],
        "value": "error_rate",
        "numbers": ["error_rate", "errors", "calls"],
        "tone": "bad",
    },
)
ERROR_TYPES = Panel(
    "error-types",
    "error-types",
    "bars",
    "Errors by class",
    "errors by class of exception and tool",
    {
        "label": ["error_type", "tool"],
        "value": "errors",
        "numbers": ["errors", "instances"],
        "tone": "bad",
    },
    empty="No tool call failed. An error is counted here by the name of its class, never by its message.",
)
TOOL_DURATION = Panel(
    "tool-duration",
    "tool-duration",
    "ranges",
    "Tool duration",
    "median, 95th and 99th percentile, logarithmic",
    {"label": ["tool"], "values": ["p50_ms", "p95_ms", "p99_ms"]},
)
EVENTS = Panel(
    "events",
    "events",
    "series",
    "Events over time",
    "events per day, UTC",
    {
        "x": "day",
        "series": "event",
        "values": ["events"],
        "stack": True,
        "short": "events per hour, UTC",
        "shortest": "events per minute, UTC",
    },
    span=12,
)
WEEKLY = Panel(
    "weekly-instances",
    "weekly-instances",
    "series",
    "New, returning and lost instances",
    "instances per week, UTC, weeks from Monday",
    {
        "x": "week",
        "values": ["new", "returning", "lost"],
        "gap": "empty",
        "days": 7,
        "titles": {"new": "New", "returning": "Returning", "lost": "Lost"},
    },
    empty="Instances are counted here by the week in which they come and go.",
)
ACTIVE = Panel(
    "active-instances",
    "active-instances",
    "series",
    "Active instances",
    "daily and 7-day active instances (UTC)",
    {"x": "day", "values": ["daily", "weekly"], "gap": "empty"},
)
PROVIDERS = Panel(
    "ai-providers",
    "ai-providers",
    "bars",
    "AI providers",
    "instances and calls by configured provider; a row opens its clients",
    {
        "label": ["ai_provider"],
        "value": "instances",
        "numbers": ["instances", "calls"],
        "opens": _rows_below("mcp_client", "Clients", "instances", "tool_executed"),
    },
)
CLIENTS = Panel(
    "mcp-clients",
    "mcp-clients",
    "bars",
    "MCP clients",
    "connections by client, and its calls; a row opens its versions",
    {
        "label": ["mcp_client", "mcp_client_version"],
        "value": "connections",
        "numbers": ["connections", "calls"],
        "group": {"by": "mcp_client", "sum": ["connections"], "same": ["calls"]},
        "titles": {"calls": "Calls"},
    },
    empty="A client that opens a session is counted here by its public name.",
)
CLIENTS_BY_REACH = replace(
    CLIENTS,
    unit="connections and instances by client; a row opens its versions",
    options=CLIENTS.options
    | {
        "numbers": ["connections", "instances"],
        "group": {
            "by": "mcp_client",
            "sum": ["connections"],
            "same": ["calls"],
            "total": "instances",
            "totals": {"event": "client_connected", "measure": "instances", "by": "mcp_client"},
        },
    },
)
TRANSPORTS = Panel(
    "transports",
    "transports",
    "bars",
    "Transports",
    "connections and instances by MCP transport",
    {
        "label": ["transport"],
        "value": "connections",
        "numbers": ["connections", "instances"],
    },
)
KUBERNETES = Panel(
    "kubernetes-versions",
    "kubernetes-versions",
    "bars",
    "Kubernetes versions",
    "instances by version of the API server; a row opens its deployment methods",
    {
        "label": ["k8s_version"],
        "value": "instances",
        "numbers": ["instances", "starts"],
        "ends": KUBERNETES_ENDS,
        "opens": _rows_below("deployment_method", "Deployment methods", "instances", "server_started"),
    },
    empty="A server that starts in a cluster reports the cluster's Kubernetes version.",
)
DEPLOYMENTS = Panel(
    "deployment-methods",
    "deployment-methods",
    "bars",
    "Deployment methods",
    "instances by how the server was installed",
    {
        "label": ["deployment_method"],
        "value": "instances",
        "numbers": ["instances", "starts"],
        "limit": SHORT_LIST,
    },
)
VERSIONS = Panel(
    "versions",
    "versions",
    "series",
    "Product versions over time",
    "share of each day's active instances, UTC",
    {
        "x": "day",
        "series": "product_version",
        "values": ["instances"],
        "stack": True,
        "share": True,
        "order": "version",
    },
)
RETENTION = Panel(
    "retention",
    "retention",
    "heat",
    "Retention",
    "weekly retention by first-seen week",
    {"cohort": "cohort", "offset": "week", "value": "instances"},
    span=12,
    empty="Instances that come back in a later week are counted here; the first numbers appear after two weeks.",
)
UPTIME = Panel(
    "uptime",
    "uptime",
    "columns",
    "Server uptime",
    "server runs by duration",
    {"label": ["uptime"], "value": "sessions"},
    span=12,
    empty="A server process reports its uptime when it stops.",
)

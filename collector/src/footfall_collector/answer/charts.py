"""Every chart: what it asks, its columns, and the filters that all its events carry. Data only."""

from dataclasses import dataclass

DAY = "day"
MOMENT = "day or hour"

COMMON = ("version", "provider", "internal")


@dataclass(frozen=True)
class Column:
    """One column of a chart.

    `unit` is `calls`, `instances`, … for counts, `ratio` (0 to 1), `milliseconds`, `seconds`, `day` (`2026-11-24`,
    UTC), `day or hour` (that, or `2026-11-24T13:00:00Z` where the range is short: an hour, in the shortest ones a
    minute), or empty for a text.
    """

    name: str
    title: str
    unit: str = ""


@dataclass(frozen=True)
class ChartSpec:
    """One chart. `daily` ones count whole UTC days even where the range is given to the second."""

    id: str
    title: str
    question: str
    columns: tuple[Column, ...]
    filters: tuple[str, ...]
    daily: bool = False


_TOOL = Column("tool", "Tool")
_CALLS = Column("calls", "Calls", "calls")
_ERRORS = Column("errors", "Errors", "errors")
_INSTANCES = Column("instances", "Instances", "instances")
_SHARE = Column("share", "Share", "ratio")
_DAY = Column("day", "Day (UTC)", DAY)
_CONNECTIONS = Column("connections", "Connections", "connections")
_STARTS = Column("starts", "Starts", "starts")

CHARTS = (
    ChartSpec(
        "tool-usage",
        "Tool usage",
        "Which tools are called most, and in how many instances?",
        (_TOOL, _CALLS, _INSTANCES, _SHARE),
        (*COMMON, "tool", "mcp_client"),
    ),
    ChartSpec(
        "tool-errors",
        "Tool error rate",
        "Which tools fail most?",
        (_TOOL, _CALLS, _ERRORS, Column("error_rate", "Error rate", "ratio")),
        (*COMMON, "tool", "mcp_client"),
    ),
    ChartSpec(
        "tool-duration",
        "Tool duration",
        "Which tools are slow?",
        (
            _TOOL,
            _CALLS,
            Column("p50_ms", "Median", "milliseconds"),
            Column("p95_ms", "95th percentile", "milliseconds"),
            Column("p99_ms", "99th percentile", "milliseconds"),
        ),
        (*COMMON, "tool"),
    ),
    ChartSpec(
        "error-types",
        "Errors by tool and class",
        "Which errors do users meet?",
        (_TOOL, Column("error_type", "Error class"), _ERRORS, _INSTANCES),
        (*COMMON, "tool", "error_type"),
    ),
    ChartSpec(
        "ai-providers",
        "AI providers",
        "Which AI providers are configured, and how much are they used?",
        (Column("ai_provider", "AI provider"), _INSTANCES, _CALLS),
        COMMON,
    ),
    ChartSpec(
        "mcp-clients",
        "MCP clients",
        "Which MCP clients connect, in which versions?",
        (
            Column("mcp_client", "Client"),
            Column("mcp_client_version", "Version"),
            _CONNECTIONS,
            _INSTANCES,
            Column("calls", "Calls (all versions)", "calls"),
        ),
        (*COMMON, "mcp_client"),
    ),
    ChartSpec(
        "transports",
        "Transports",
        "Over which MCP transports do clients connect?",
        (Column("transport", "Transport"), _CONNECTIONS, _INSTANCES),
        (*COMMON, "mcp_client", "transport"),
    ),
    ChartSpec(
        "kubernetes-versions",
        "Kubernetes versions",
        "Which Kubernetes versions have to be supported?",
        (Column("k8s_version", "Kubernetes"), _INSTANCES, _STARTS),
        (*COMMON, "deployment_method"),
    ),
    ChartSpec(
        "deployment-methods",
        "Deployment methods",
        "How is the product installed?",
        (Column("deployment_method", "Deployment method"), _INSTANCES, _STARTS),
        (*COMMON, "deployment_method"),
    ),
    ChartSpec(
        "versions",
        "Product versions",
        "How fast are releases adopted?",
        (_DAY, Column("product_version", "Version"), _INSTANCES, _CALLS, _ERRORS),
        COMMON,
    ),
    ChartSpec(
        "active-instances",
        "Active instances",
        "How many instances are active, new and returning?",
        (
            _DAY,
            Column("daily", "Daily", "instances"),
            Column("weekly", "Last 7 days", "instances"),
            Column("new", "New", "instances"),
            Column("returning", "Returning", "instances"),
        ),
        COMMON,
        daily=True,
    ),
    ChartSpec(
        "retention",
        "Weekly retention",
        "Do instances come back after their first week?",
        (
            Column("cohort", "First seen in week of", DAY),
            Column("week", "Weeks later", "weeks"),
            _INSTANCES,
            Column("size", "Instances at first", "instances"),
            _SHARE,
        ),
        COMMON,
        daily=True,
    ),
    ChartSpec(
        "uptime",
        "Session length",
        "How long do server processes run?",
        (
            Column("uptime", "Uptime"),
            Column("from_seconds", "From", "seconds"),
            Column("to_seconds", "To", "seconds"),
            Column("sessions", "Sessions", "sessions"),
            _SHARE,
            Column("p50_seconds", "Median of all", "seconds"),
            Column("p95_seconds", "95th percentile of all", "seconds"),
        ),
        COMMON,
    ),
    ChartSpec(
        "events",
        "Events over time",
        "How much is counted?",
        (Column("day", "Day (UTC)", MOMENT), Column("event", "Event"), Column("events", "Events", "events")),
        COMMON,
    ),
)

SUMMARY = ChartSpec(
    "summary",
    "Summary",
    "How much, by how many, how well?",
    (
        _CALLS,
        _ERRORS,
        _INSTANCES,
        Column("callers", "Calling instances", "instances"),
        Column("p50_ms", "Median duration", "milliseconds"),
    ),
    # Active instances and the median don't carry all of these; `show` says so where it shows them.
    (*COMMON, "tool", "mcp_client"),
)
TREND = ChartSpec(
    "trend",
    "Trend",
    "How much and how well, day by day?",
    (Column("day", "Day (UTC)", MOMENT), _CALLS, _ERRORS, Column("p50_ms", "Median duration", "milliseconds")),
    (*COMMON, "tool", "mcp_client"),
)
RELEASES = ChartSpec(
    "releases",
    "Releases",
    "How does each version fare?",
    (
        Column("product_version", "Version"),
        Column("first_seen", "First seen", DAY),
        _INSTANCES,
        _CALLS,
        _ERRORS,
        Column("error_rate", "Error rate", "ratio"),
    ),
    COMMON,
)
_VERSION = Column("product_version", "Version")
RELEASE_TOOLS = ChartSpec(
    "release-tools",
    "Tools of releases",
    "How does each tool fare in each version?",
    (_VERSION, _TOOL, _CALLS, _ERRORS),
    (*COMMON, "tool", "mcp_client"),
)
RELEASE_DURATIONS = ChartSpec(
    "release-durations",
    "Durations of releases",
    "How long does each tool take in each version?",
    (_VERSION, _TOOL, Column("duration_ms", "Duration", "milliseconds"), _CALLS),
    (*COMMON, "tool"),
)
RELEASE_ERRORS = ChartSpec(
    "release-errors",
    "Errors of releases",
    "Which errors does each version meet?",
    (_VERSION, _TOOL, Column("error_type", "Error class"), _ERRORS),
    (*COMMON, "tool", "error_type"),
)
PUBLIC = ChartSpec(
    "public",
    "Instances by one dimension",
    "How many instances are there of each kind?",
    (Column("dimension", "Dimension"), Column("value", "Value"), _INSTANCES),
    (),
)

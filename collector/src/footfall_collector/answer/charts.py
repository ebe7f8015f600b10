"""The registry of charts: each chart's question and its columns. Data only.

To add a chart, add a `ChartSpec` to `CHARTS`, its SQL for both engines in `sql/<page>/`, its true answer to
`tests/oracle/truth.py`, and a panel in `show/pages`. The tests in `collector/tests/answer` name what is missing.
"""

from dataclasses import dataclass

DAY_UNIT = "day"
MOMENT_UNIT = "day or hour"


AMOUNT_UNITS = ("milliseconds", "seconds")
AMOUNT_DECIMALS = 4
"""Digits after the point of a percentile that the data can carry.

Amounts are rounded to hundredths at the finest, and a percentile lies some hundredths of the way between two of them.
What comes after is noise of binary fractions, in which the engines differ.
"""

Cell = str | int | float | bool | None
"""A value of a row; None if the events don't carry it."""


def round_amount(value: float) -> float:
    """A percentile, or a difference of two, without the noise of binary fractions."""
    return round(value, AMOUNT_DECIMALS)


@dataclass(frozen=True)
class Column:
    """One column of a chart.

    `unit` is `calls`, `instances`, … for counts, `ratio` (0 to 1), `milliseconds`, `seconds`, `day` (`2026-11-24`,
    UTC), `day or hour` (a day, or in short ranges `2026-11-24T13:00:00Z`: an hour, in the shortest ranges a minute),
    `word` for a text of the collector's own, or empty for a text that comes with events.
    """

    name: str
    title: str
    unit: str = ""


@dataclass(frozen=True)
class ChartSpec:
    """One chart; `reading` says what exactly is counted.

    A `daily` one counts whole UTC days even if the range is given to the second; a `sampled` one some instances only.
    Filters by properties `by_instance` select instances, even where the chart's events carry the property; those by
    properties `unfiltered` are not applied.
    """

    id: str
    title: str
    question: str
    columns: tuple[Column, ...]
    daily: bool = False
    reading: str = ""
    sampled: bool = False
    by_instance: tuple[str, ...] = ()
    unfiltered: tuple[str, ...] = ()


_TOOL = Column("tool", "Tool")
_CALLS = Column("calls", "Calls", "calls")
_ERRORS = Column("errors", "Errors", "errors")
_INSTANCES = Column("instances", "Instances", "instances")
_SHARE = Column("share", "Share", "ratio")
_DAY = Column("day", "Day (UTC)", DAY_UNIT)
_CONNECTIONS = Column("connections", "Connections", "connections")
_STARTS = Column("starts", "Starts", "starts")

CHARTS = (
    ChartSpec(
        "tool-usage",
        "Tool usage",
        "Which tools are called most, and in how many instances?",
        (_TOOL, _CALLS, _INSTANCES, _SHARE),
    ),
    ChartSpec(
        "tool-errors",
        "Tool error rate",
        "Which tools fail most?",
        (_TOOL, _CALLS, _ERRORS, Column("error_rate", "Error rate", "ratio")),
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
    ),
    ChartSpec(
        "error-types",
        "Errors by tool and class",
        "Which errors do users meet?",
        (_TOOL, Column("error_type", "Error class"), _ERRORS, _INSTANCES),
    ),
    ChartSpec(
        "ai-providers",
        "AI providers",
        "Which AI providers are configured, and how much are they used?",
        (Column("ai_provider", "AI provider"), _INSTANCES, _CALLS),
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
    ),
    ChartSpec(
        "transports",
        "Transports",
        "Over which MCP transports do clients connect?",
        (Column("transport", "Transport"), _CONNECTIONS, _INSTANCES),
    ),
    ChartSpec(
        "kubernetes-versions",
        "Kubernetes versions",
        "Which Kubernetes versions have to be supported?",
        (Column("k8s_version", "Kubernetes"), _INSTANCES, _STARTS),
    ),
    ChartSpec(
        "deployment-methods",
        "Deployment methods",
        "How is the product installed?",
        (Column("deployment_method", "Deployment method"), _INSTANCES, _STARTS),
    ),
    ChartSpec(
        "versions",
        "Product versions",
        "How fast are releases adopted?",
        (_DAY, Column("product_version", "Version"), _INSTANCES, _CALLS, _ERRORS),
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
        daily=True,
    ),
    ChartSpec(
        "retention",
        "Weekly retention",
        "Do instances come back after their first week?",
        (
            Column("cohort", "First seen in week of", DAY_UNIT),
            Column("week", "Weeks later", "weeks"),
            _INSTANCES,
            Column("size", "Instances at first", "instances"),
            _SHARE,
        ),
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
    ),
    ChartSpec(
        "events",
        "Events over time",
        "How much is counted?",
        (Column("day", "Day (UTC)", MOMENT_UNIT), Column("event", "Event"), Column("events", "Events", "events")),
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
)
TREND = ChartSpec(
    "trend",
    "Trend",
    "How much and how well, day by day?",
    (Column("day", "Day (UTC)", MOMENT_UNIT), _CALLS, _ERRORS, Column("p50_ms", "Median duration", "milliseconds")),
)
RELEASES = ChartSpec(
    "releases",
    "Releases",
    "How does each version fare?",
    (
        Column("product_version", "Version"),
        Column("first_seen", "First seen", DAY_UNIT),
        _INSTANCES,
        _CALLS,
        _ERRORS,
        Column("error_rate", "Error rate", "ratio"),
        Column("established", "Established instances", "instances"),
    ),
)
STANDINGS = ChartSpec(
    "standings",
    "Established and new instances",
    "How many instances are established, and how many are new?",
    (
        _INSTANCES,
        Column("established", "Established", "instances"),
        Column("new", "New in the last week", "instances"),
        Column("callers", "Calling instances", "instances"),
        Column("established_callers", "Established", "instances"),
        Column("new_callers", "New in the last week", "instances"),
        Column("of_product", "Established instances of the product", "instances"),
    ),
)
_VERSION = Column("product_version", "Version")
RELEASE_TOOLS = ChartSpec(
    "release-tools",
    "Tools of releases",
    "How does each tool fare in each version?",
    (_VERSION, _TOOL, _CALLS, _ERRORS),
)
RELEASE_DURATIONS = ChartSpec(
    "release-durations",
    "Durations of releases",
    "How long does each tool take in each version?",
    (_VERSION, _TOOL, Column("duration_ms", "Duration", "milliseconds"), _CALLS),
)
RELEASE_ERRORS = ChartSpec(
    "release-errors",
    "Errors of releases",
    "Which errors does each version meet?",
    (_VERSION, _TOOL, Column("error_type", "Error class"), _ERRORS),
)
PUBLIC = ChartSpec(
    "public",
    "Instances by one dimension",
    "How many instances are there of each kind?",
    (Column("dimension", "Dimension"), Column("value", "Value"), _INSTANCES),
)

PUBLIC_CALLS = ChartSpec("public-calls", "Calls by some instances", "How many calls did they make?", (_CALLS,))

PAGE_QUESTIONS = (
    SUMMARY,
    TREND,
    RELEASES,
    STANDINGS,
    RELEASE_TOOLS,
    RELEASE_DURATIONS,
    RELEASE_ERRORS,
    PUBLIC,
    PUBLIC_CALLS,
)
"""Questions that pages, reports and the public page ask; they are not in the API and need no panel."""

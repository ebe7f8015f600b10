"""The roll-ups: counts that are kept ready, and how each follows from raw events.

Counters have one row per UTC day and combination of their dimensions. Presence has one row per block of 56 days,
combination and instance, with a bit for each day: distinct instances stay exact for every range of whole days, at a
fraction of the rows. Durations and uptimes are dimensions of their counters, so percentiles over the rounded values
are exact. Ephemeral instances are in the counters but not in presence.

Every relation has `product`, `internal`, `product_version` and `ai_provider` in addition to its own dimensions. A text
that an event doesn't carry is '' here. No admitted value is empty, so rows compare without NULLs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

INSTANCE, LASTING = "instance", "lasting"
"""An instance as the journal hashes it, and whether it counts as one: an ephemeral instance doesn't."""
FIRST_AT, LAST_AT = "first_at", "last_at"
"""Measures: the earliest and the latest event of a row, epoch seconds."""
_ADDED = {FIRST_AT: "min", LAST_AT: "max"}

COMMON_DIMENSIONS = ("product", "internal", "product_version", "ai_provider")


@dataclass(frozen=True)
class RollupTable:
    """A table of counts, and the relation of the same name that charts read.

    Attributes:
        event: the event it counts; None for every event.
        dimensions: name to type; `COMMON_DIMENSIONS` are not among them.
        measures: name to an SQL aggregate over raw events; empty for presence.
        common: those of the `COMMON_DIMENSIONS` that the table has.
        unless: flags of an event; where one is true, the event is not counted.
        raw: dimension to the raw events' column that it is, where their names differ.
        flags: the dimensions whose raw column is BOOLEAN, as the texts `true`, `false` and ''.
        by_instance: whether a row counts one instance.
    """

    name: str
    event: str | None
    dimensions: dict[str, str] = field(default_factory=dict)
    measures: dict[str, str] = field(default_factory=dict)
    common: tuple[str, ...] = COMMON_DIMENSIONS
    unless: tuple[str, ...] = ()
    raw: Mapping[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    by_instance: bool = False

    @property
    def is_presence(self) -> bool:
        """Whether the table says on which days an instance was active, not how often something happened."""
        return not self.measures

    @property
    def number(self) -> str:
        """The dimension that is a number, or empty."""
        return next((name for name, type_ in self.dimensions.items() if type_ == "DOUBLE"), "")

    @property
    def period(self) -> str:
        """The column with the time: `block` or `day`."""
        return "block" if self.is_presence else "day"

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        instance = (INSTANCE, LASTING) if self.by_instance else (INSTANCE,) if self.is_presence else ()
        return (self.period, *self.common, *self.dimensions, *instance)

    @property
    def texts(self) -> tuple[str, ...]:
        """The properties that are texts: all that a condition can be about.

        The other columns are the collector's own, and a product's property can have the name of one.
        """
        columns = self.columns()
        return tuple(name for name in self.keys if columns[name] == "VARCHAR" and name not in ("product", "event"))

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that a roll-up adds to."""
        return ("mask",) if self.is_presence else tuple(self.measures)

    def added(self, value: str) -> str:
        """The SQL aggregate that adds up a value of several rows, in DuckDB and in ClickHouse but for presence."""
        return "bit_or" if self.is_presence else _ADDED.get(value, "sum")

    def columns(self) -> dict[str, str]:
        """Name to type of all columns."""
        types = {"block": "INTEGER", "day": "INTEGER", "internal": "BOOLEAN", INSTANCE: "UBIGINT", LASTING: "BOOLEAN"}
        types |= self.dimensions
        return {key: types.get(key, "VARCHAR") for key in self.keys} | dict.fromkeys(self.values, "BIGINT")


_TEXT = "VARCHAR"
_TOOL = {"tool": _TEXT, "mcp_client": _TEXT}
_ERROR = {"tool": _TEXT, "error_type": _TEXT}
_START = {"k8s_version": _TEXT, "deployment_method": _TEXT}
_CONNECTION = {"mcp_client": _TEXT, "mcp_client_version": _TEXT, "transport": _TEXT}
_COUNT = {"n": "count(*)"}
STANDING_TABLE = "standing_days"

ROLLUPS = (
    RollupTable("event_counts", None, {"event": _TEXT}, _COUNT),
    # An error is a call with success = false; events without `success` are not errors.
    RollupTable("tool_calls", "tool_executed", _TOOL, {"calls": "count(*)", "errors": "count_if(success = false)"}),
    RollupTable("tool_durations", "tool_executed", {"tool": _TEXT, "duration_ms": "DOUBLE"}, _COUNT),
    # Not in `tool_durations`: by client, version and provider there would be nearly a row for each call. Named like the
    # catalogues' tables, because an earlier version drops such a table that it doesn't know, and would not extend it.
    RollupTable(
        "numbers_durations_by_client",
        "tool_executed",
        {**_TOOL, "duration_ms": "DOUBLE"},
        _COUNT,
        common=("product", "internal"),
    ),
    RollupTable("tool_errors", "tool_error", _ERROR, _COUNT),
    RollupTable("starts", "server_started", _START, _COUNT),
    RollupTable("connections", "client_connected", _CONNECTION, _COUNT),
    RollupTable("uptimes", "server_stopped", {"uptime_seconds": "DOUBLE"}, _COUNT),
    RollupTable("presence", None),
    RollupTable("tool_instances", "tool_executed", _TOOL),
    RollupTable("error_instances", "tool_error", _ERROR),
    RollupTable("start_instances", "server_started", _START),
    RollupTable("connection_instances", "client_connected", _CONNECTION),
    # Of an instance as a whole: on which days it was seen, internal or not, in whatever version.
    RollupTable(STANDING_TABLE, None, common=("product",), unless=("day_late", "day_over_budget")),
)
ROLLUPS_BY_NAME = {rollup.name: rollup for rollup in ROLLUPS}

VERSION_AND_PROVIDER = ("product_version", "ai_provider")
"""Common dimensions that multiply rows and that most charts don't mention."""

NARROW_ROLLUPS = {
    name: replace(
        ROLLUPS_BY_NAME[name],
        name=f"{name}_narrow",
        common=tuple(dimension for dimension in COMMON_DIMENSIONS if dimension not in VERSION_AND_PROVIDER),
    )
    for name in ("tool_durations", "tool_instances")
}
"""The largest roll-ups without `VERSION_AND_PROVIDER`, by the full one's name: for charts that don't mention them."""

TABLES = (*ROLLUPS, *NARROW_ROLLUPS.values())
"""Every roll-up that the DuckDB store keeps."""

HISTORY = "history"
"""The relation `presence` without the range: all days on which instances were seen, under the same filters."""

STANDING = "standing"
"""The relation of all instances with a day in `STANDING_TABLE`: `instance`, `first_day`, `established`."""
STANDING_DAYS, STANDING_SPAN = 3, 7
"""An instance is established once it was seen on three days, the last of them at least a week after the first.

An invented instance costs its inventor a week, and its network one of the places in `admit/sender_budget.py`.
"""

LIFETIME = "lifetime"
LIFETIMES = {
    LIFETIME: "presence",
    "lifetime_starts": "start_instances",
    "lifetime_connections": "connection_instances",
    "lifetime_calls": "tool_instances",
}
"""Relations of presence without the range and without filters: what an instance ever did, by the name of the roll-up.

They are restricted to the selection's product and to internal events or not. Those of `lifetime` have the column
`fits`: whether they pass the selection's filters. So a filter can select instances by what they were on one day.
"""

RECENT_CALLS, RECENT_EVENTS = "recent_calls", "recent_events"
RECENT = (RECENT_CALLS, RECENT_EVENTS)
"""Relations of raw events of the range's last days, without ephemeral instances: tool calls that pass the selection's
filters, and all events without filters. Columns: `instance`, `ts`, `event` and `RECENT_TEXTS`."""
RECENT_TEXTS = ("tool", "error_type", "product_version")
RECENT_DAYS = 45
"""The days of a range, counted from its end, that relations of raw events reach back: their cost has a bound."""

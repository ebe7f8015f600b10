"""What is counted ahead of the question, and how each count follows from raw events.

Counters have one row per UTC day and combination of their dimensions. Presence has one row per block of 56 days,
combination and instance, with a bit for each day: distinct instances stay exact for every range of whole days, at a
fraction of the rows. Values (durations, uptimes) are dimensions of their counter, so percentiles over the rounded
values are exact. Ephemeral instances are in the counters and not in presence.

Every relation has `product`, `internal`, `product_version` and `ai_provider` besides its own dimensions. A text that
an event doesn't carry is '' here, which no admitted value is, so that rows compare without NULLs.
"""

from dataclasses import dataclass, field, replace

COMMON = ("product", "internal", "product_version", "ai_provider")
EPHEMERAL = "ephemeral"


@dataclass(frozen=True)
class Rollup:
    """One table of counts and the relation of the same name.

    Attributes:
        name: of the table.
        event: the event it counts; None for every event.
        dimensions: besides `COMMON`; name to type.
        measures: name to an SQL aggregate over raw events, to be added up; empty for presence.
        common: the dimensions that it has besides its own.
    """

    name: str
    event: str | None
    dimensions: dict[str, str] = field(default_factory=dict)
    measures: dict[str, str] = field(default_factory=dict)
    common: tuple[str, ...] = COMMON

    @property
    def presence(self) -> bool:
        """Whether it says on which days an instance was seen, rather than how often something happened."""
        return not self.measures

    @property
    def period(self) -> str:
        """The column that tells when."""
        return "block" if self.presence else "day"

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that make a row the only one of its kind."""
        return (self.period, *self.common, *self.dimensions, *(("instance",) if self.presence else ()))

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that grow."""
        return ("mask",) if self.presence else tuple(self.measures)

    def columns(self) -> dict[str, str]:
        """Name to type of all columns."""
        types = {"block": "INTEGER", "day": "INTEGER", "internal": "BOOLEAN", "instance": "UBIGINT"} | self.dimensions
        return {key: types.get(key, "VARCHAR") for key in self.keys} | dict.fromkeys(self.values, "BIGINT")


_TEXT = "VARCHAR"
_TOOL = {"tool": _TEXT, "mcp_client": _TEXT}
_ERROR = {"tool": _TEXT, "error_type": _TEXT}
_START = {"k8s_version": _TEXT, "deployment_method": _TEXT}
_CONNECTION = {"mcp_client": _TEXT, "mcp_client_version": _TEXT, "transport": _TEXT}
_N = {"n": "count(*)"}

ROLLUPS = (
    Rollup("event_counts", None, {"event": _TEXT}, _N),
    # An error is a call with success = false; other events have no success, and theirs must not count.
    Rollup("tool_calls", "tool_executed", _TOOL, {"calls": "count(*)", "errors": "count_if(success = false)"}),
    Rollup("tool_durations", "tool_executed", {"tool": _TEXT, "duration_ms": "DOUBLE"}, _N),
    Rollup("tool_errors", "tool_error", _ERROR, _N),
    Rollup("starts", "server_started", _START, _N),
    Rollup("connections", "client_connected", _CONNECTION, _N),
    Rollup("uptimes", "server_stopped", {"uptime_seconds": "DOUBLE"}, _N),
    Rollup("presence", None),
    Rollup("tool_instances", "tool_executed", _TOOL),
    Rollup("error_instances", "tool_error", _ERROR),
    Rollup("start_instances", "server_started", _START),
    Rollup("connection_instances", "client_connected", _CONNECTION),
)
BY_NAME = {rollup.name: rollup for rollup in ROLLUPS}

SPECIFIC = ("product_version", "ai_provider")
"""The common dimensions that most questions don't mention, and that multiply rows."""

NARROW = {
    name: replace(
        BY_NAME[name],
        name=f"{name}_narrow",
        common=tuple(dimension for dimension in COMMON if dimension not in SPECIFIC),
    )
    for name in ("tool_durations", "tool_instances")
}
"""The largest rollups without `SPECIFIC`, by the name of the whole one: for questions that don't mention them."""

TABLES = (*ROLLUPS, *NARROW.values())
"""Every rollup that the embedded store keeps."""

HISTORY = "history"
"""The relation `presence` without its range: when each instance was ever seen, under the same filters."""

"""The four numbers on top of a page: this period's, the one of the period before, and a line of the days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ...answer import Answers, Filters
from .periods import before, narrowed
from .records import Record, records, share

COMMON = ("version", "provider", "internal")
CALLS = (*COMMON, "tool", "mcp_client")
"""What the numbers about calls are filtered by; the median's events don't carry the client."""
_BY_CALL = ("tool", "mcp_client")


@dataclass(frozen=True)
class Tile:
    """One number: `better` is `more` or `less`; `meaning` is for the reader who asks what is counted.

    Attributes:
        before: the number of the period before; None where there is nothing to compare with.
        spark: one number for each day; None for days that say nothing.
        not_applied: filters that were given and that the number is not about.
    """

    id: str
    title: str
    unit: str
    better: str
    meaning: str
    value: float | None = None
    before: float | None = None
    spark: Sequence[float | None] = ()
    not_applied: Sequence[str] = ()

    def with_numbers(
        self, value: float | None, before: float | None, spark: Sequence[float | None], not_applied: Sequence[str]
    ) -> "Tile":
        """The same tile with its numbers."""
        return replace(self, value=value, before=before, spark=spark, not_applied=not_applied)


@dataclass(frozen=True)
class Numbers:
    """What the tiles are made of: the totals of both periods, and records of each day (of each hour where short)."""

    now: Record
    before: Record
    days: list[Record]


def numbers(answers: Answers, filters: Filters) -> Numbers:
    """Asks for the totals and the days. `days` have `calls`, `errors`, `p50_ms` and `instances`, without gaps."""
    filters = narrowed(filters, CALLS)
    now, earlier = (records(answers.summary(period))[0] for period in (filters, before(filters)))
    active = records(answers.chart("active-instances", narrowed(filters, COMMON)))
    return Numbers(now, earlier, filled(filters, records(answers.trend(filters)), active))


def filled(filters: Filters, trend: list[Record], active: list[Record]) -> list[Record]:
    """One record for each day of the range from the first with events on; hours or minutes where the range is short."""
    step = timedelta(seconds=filters.step)
    calls = {row["day"]: row for row in trend}
    instances = {row["day"]: row["daily"] for row in active}
    days = sorted([*calls, *instances])
    if not days:
        return []
    at = max(_floor(filters.start, step), datetime.fromisoformat(days[0]).replace(tzinfo=UTC))
    found = []
    while at < filters.end:
        name = at.strftime("%Y-%m-%dT%H:%M:%SZ" if filters.exact else "%Y-%m-%d")
        row = calls.get(name, {"calls": 0, "errors": 0, "p50_ms": None})
        found.append({**row, "day": name, "instances": instances.get(name)})
        at += step
    return found


def _floor(moment: datetime, step: timedelta) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // step * step


def of(found: Numbers, filters: Filters) -> list[Tile]:
    """The tiles in their order on the page."""
    now, days = found.now, found.days
    was: Record = found.before if found.before["instances"] or found.before["calls"] else dict.fromkeys(found.before)
    lines = {name: [row[name] for row in days] for name in ("calls", "p50_ms", "instances")}
    medians = [name for name in filters.given if name not in (*COMMON, "tool")]
    spared = [name for name in filters.given if name not in CALLS]
    active = Tile("instances", "Active instances", "instances", "more", "Instances that sent any event")
    if any(name in filters.extra for name in _BY_CALL):
        # Who was active says nothing about tools and clients; who called does.
        active = Tile("callers", "Calling instances", "instances", "more", "Instances that made such calls")
        lines["instances"] = []
    return [
        Tile("calls", "Tool calls", "calls", "more", "Tool calls that ended, well or badly").with_numbers(
            now["calls"], was["calls"], lines["calls"], spared
        ),
        active.with_numbers(now[active.id], was[active.id], lines["instances"], spared),
        Tile("error_rate", "Error rate", "ratio", "less", "Share of tool calls that failed").with_numbers(
            rate(now), rate(was), [rate(row) for row in days], spared
        ),
        Tile("median", "Median duration", "milliseconds", "less", "Half of all tool calls took longer").with_numbers(
            now["p50_ms"], was["p50_ms"], lines["p50_ms"], medians
        ),
    ]


def rate(row: Record) -> float | None:
    """Errors of all calls; None where nothing was called."""
    return share(row["errors"] or 0, row["calls"] or 0)

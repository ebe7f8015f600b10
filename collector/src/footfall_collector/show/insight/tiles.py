"""The four numbers on top of a page: of this period and of the previous one, and a sparkline of the days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from msgspec.structs import replace

from ...answer import CALLS_EVENT, Answers, Filters
from ...runtime import utc_stamp
from .periods import compared_filters, filter_names
from .rows import ChartRow, Number, rows_as_dicts, share

CALL_FILTERS = ("tool", "mcp_client", "success")
"""Filters by what only calls say of all that a tile counts."""


class Tile(msgspec.Struct, frozen=True):
    """One number on top of a page.

    Attributes:
        better: the direction of an improvement.
        meaning: the definition of the number, in a few words.
        value: None without events to compute it from.
        before: the number of the previous period; None where there is nothing to compare with.
        ended: where the range has the present day, the number of the days that are over: `before` is that of the same
            days of the previous period. None where it is `value`.
        spark: one number for each day (hour or minute of a short range); None where it has no value.
        not_applied: given filters that the number does not use: none.
        scope: what counts, in one phrase.
        established: of a number of instances, those that were seen on three days over a week or more; else None.
        new: those that are not established and were first seen in the last week of the period; else None.
        standing: established and new instances as a sentence; else empty.
    """

    id: str
    title: str
    unit: str
    better: Literal["more", "less"]
    meaning: str
    value: Number | None = None
    before: Number | None = None
    ended: Number | None = None
    spark: Sequence[Number | None] = ()
    not_applied: Sequence[str] = ()
    scope: str = ""
    established: int | None = None
    new: int | None = None
    standing: str = ""

    @property
    def compared(self) -> Number | None:
        """What `before` is compared with."""
        return self.value if self.ended is None else self.ended


@dataclass(frozen=True)
class TileNumbers:
    """The numbers that tiles show.

    Attributes:
        now: the totals of the period.
        before: the totals of the previous period; None where there is nothing to compare with.
        standings: established and new instances of the period.
        days: `calls`, `errors`, `p50_ms` and `instances` of each day (hour or minute of a short range), without gaps.
        ended: the totals that `before` is compared with, where they are not those of the whole period.
    """

    now: ChartRow
    before: ChartRow | None
    standings: ChartRow
    days: list[ChartRow]
    ended: ChartRow | None = None


def page_tiles(answers: Answers, filters: Filters, now: datetime) -> list[Tile]:
    """The tiles in their order on the page."""
    scopes = answers.scope(filters, CALLS_EVENT), answers.scope(filters, None)
    return build_tiles(_read_numbers(answers, filters, now), filters, scopes)


def _read_numbers(answers: Answers, filters: Filters, at: datetime) -> TileNumbers:
    now, compared = rows_as_dicts(answers.summary(filters))[0], compared_filters(answers, filters, at)
    before = rows_as_dicts(answers.summary(compared[1]))[0] if compared else None
    ended = rows_as_dicts(answers.summary(compared[0]))[0] if compared and compared[0] != filters else None
    active = rows_as_dicts(answers.chart("active-instances", filters))
    standings = rows_as_dicts(answers.standings(filters))[0]
    days = fill_gaps(filters, rows_as_dicts(answers.trend(filters)), active)
    return TileNumbers(now, before, standings, days, ended)


def fill_gaps(filters: Filters, trend: list[ChartRow], active: list[ChartRow]) -> list[ChartRow]:
    """One row for each day of the range, from the first day with events; hours or minutes where the range is short."""
    step = timedelta(seconds=filters.bucket_seconds)
    calls = {row["day"]: row for row in trend}
    instances = {row["day"]: row["daily"] for row in active}
    days = sorted([*calls, *instances])
    if not days:
        return []
    moment = max(_floor(filters.start, step), datetime.fromisoformat(days[0]).replace(tzinfo=UTC))
    filled = []
    while moment < filters.end:
        name = utc_stamp(moment) if filters.exact else f"{moment:%Y-%m-%d}"
        row = calls.get(name, {"calls": 0, "errors": 0, "p50_ms": None})
        filled.append({**row, "day": name, "instances": instances.get(name)})
        moment += step
    return filled


def _floor(moment: datetime, step: timedelta) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // step * step


def counts_callers(filters: Filters) -> bool:
    """Whether the filters choose calls: instances in general then are others than those that made such calls."""
    return any(name in CALL_FILTERS for name in filter_names(filters))


def build_tiles(numbers: TileNumbers, filters: Filters, scopes: tuple[str, str] = ("calls", "events")) -> list[Tile]:
    """`scopes` say which calls count, and which events of any name."""
    now, days = numbers.now, numbers.days
    has_previous = numbers.before and (numbers.before["instances"] or numbers.before["calls"])
    before: ChartRow = numbers.before if numbers.before and has_previous else dict.fromkeys(now)
    sparks = {name: [row[name] for row in days] for name in ("calls", "p50_ms", "instances")}
    ended: ChartRow = numbers.ended if numbers.ended and has_previous else dict.fromkeys(now)
    ended_rate = error_rate(ended) if numbers.ended else None
    calls_only, any_events = scopes
    if counts_callers(filters):
        # Activity in general tells nothing about a tool or a client: count the instances that made such calls.
        active = Tile("callers", "Calling instances", "instances", "more", "Instances that made such calls")
        active = _with_standing(active, numbers.standings, "callers", "_callers")
        sparks["instances"], any_events = [], calls_only
    else:
        active = Tile("instances", "Active instances", "instances", "more", "Instances that sent any event")
        active = _with_standing(active, numbers.standings, "instances")
    calls = Tile("calls", "Tool calls", "calls", "more", "Tool calls that ended, with or without an error")
    failing = Tile("error_rate", "Error rate", "ratio", "less", "Share of tool calls that failed")
    median = Tile("median", "Median duration", "milliseconds", "less", "Half of all tool calls took longer")
    rates = [error_rate(row) for row in days]
    return [
        _with_numbers(calls, (now["calls"], before["calls"], ended["calls"]), sparks["calls"], calls_only),
        _with_numbers(active, (now[active.id], before[active.id], ended[active.id]), sparks["instances"], any_events),
        _with_numbers(failing, (error_rate(now), error_rate(before), ended_rate), rates, calls_only),
        _with_numbers(median, (now["p50_ms"], before["p50_ms"], ended["p50_ms"]), sparks["p50_ms"], calls_only),
    ]


def _with_numbers(
    tile: Tile,
    numbers: tuple[Number | None, Number | None, Number | None],
    spark: Sequence[Number | None],
    scope: str,
) -> Tile:
    value, before, ended = numbers
    return replace(tile, value=value, before=before, ended=ended, spark=spark, scope=scope)


def _with_standing(tile: Tile, row: ChartRow, name: str, suffix: str = "") -> Tile:
    established, new = row[f"established{suffix}"], row[f"new{suffix}"]
    text = standing_sentence((row[name], established, new), row["of_product"]) if row[name] else ""
    return replace(tile, established=established, new=new, standing=text)


def standing_sentence(counts: tuple[int, int, int], of_product: int) -> str:
    """`12 established, 3 new this week`; `counts` are all instances, the established ones and the new ones.

    `of_product` counts the product's established instances of all time.
    """
    instances, established, new = counts
    if not of_product:
        return "none is established yet, so all count"
    parts = [f"{established:,} established"]
    if new:
        parts.append(f"{new:,} new this week")
    if other := instances - established - new:
        parts.append(f"{other:,} seen too briefly")
    return ", ".join(parts)


def error_rate(row: ChartRow) -> float | None:
    """None without calls."""
    return share(row["errors"] or 0, row["calls"] or 0)

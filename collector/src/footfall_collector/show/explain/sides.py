"""The two sides of an explanation, and the calls that it reads."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from ...answer import Answers, CallSource, FilterError, Filters, version_key
from ...runtime import utc_stamp
from ..insight import NBSP, Moment, code, known_versions
from ..statistics import CallCell
from .contributions import Chosen, DaySides

MAX_VERSIONS = 10
CONDITIONS_NOTE = (
    "A condition on instances in the range is met in the range itself; of the weeks before, the calls are then those "
    "of equally long periods on the same weekdays, in each of which the instance meets it."
)
"""What a condition through the instance means where a range is compared with the weeks before."""

MOMENTS_NOTE = "A range of up to two days counts to the second; the days that it is compared with are whole."
"""What is counted of a range with a part of a day."""
Moments = tuple[str, str]


class ComparedCalls(msgspec.Struct, frozen=True):
    """The calls of one side of the comparison.

    Attributes:
        version: where the side is one version.
        scope: the side's segment in one phrase; empty for all calls.
        first_day: UTC, included.
        last_day: UTC, included.
        start: UTC, included, of a range with a part of a day; else None.
        end: the same, excluded.
        weekdays_only: whether only the same weekdays as those of the other side are counted.
        error_rate: None without calls.
        value: the measure that is explained; None without calls. Durations are those of the sample; a number is the
            mean of the earlier periods, whose calls and errors are given together.
    """

    version: str | None
    scope: str
    first_day: str
    last_day: str
    start: Moment | None
    end: Moment | None
    weekdays_only: bool
    calls: int
    errors: int
    error_rate: float | None
    value: float | None


@dataclass(frozen=True)
class Side:
    """One side of a comparison: what it is, its first and its last day, and whether only some weekdays count.

    `moments` are its start and its end, where it has a part of a day.
    """

    phrase: str
    days: tuple[int, int]
    weekdays_only: bool = False
    version: str | None = None
    moments: Moments | None = None

    def compared(self, calls: int, errors: int, value: float | None) -> ComparedCalls:
        """`value` is the measure's."""
        return ComparedCalls(
            version=self.version,
            scope=self.phrase,
            first_day=day_name(self.days[0]),
            last_day=day_name(self.days[1]),
            start=self.moments[0] if self.moments else None,
            end=self.moments[1] if self.moments else None,
            weekdays_only=self.weekdays_only,
            calls=calls,
            errors=errors,
            error_rate=errors / calls if calls else None,
            value=value,
        )


@dataclass(frozen=True)
class ComparedSides:
    """What is compared.

    Attributes:
        source: the calls that are analysed, those of both sides among them.
        chosen: whether each side has a cell's calls.
        sides_of: both sides, from the cells that are analysed.
        wanted: versions that are candidates even if they are old.
        anchor: the first day of a spike; None where segments of one range are compared.
        told_apart: the kinds of findings by which the sides differ: a shift between these is what was asked for.
        earlier: where numbers are compared, of how many equal periods the second side has the mean.
        shift: the days between these; 0 where segments of one range are compared.
    """

    source: CallSource
    chosen: tuple[Chosen, Chosen]
    sides_of: Callable[[Iterable[CallCell]], tuple[Side, Side]]
    wanted: Collection[str] = ()
    anchor: int | None = None
    told_apart: Collection[str] = ()
    earlier: int = 1
    shift: int = 0

    def period_of(self, day: int) -> int:
        """Which of the earlier periods a day of the second side is in: 1 for the latest."""
        return 1 if self.anchor is None or not self.shift else -((day - self.anchor) // self.shift)

    def day_of(self, day: int, period: int) -> int:
        """The day of the range that a day of an earlier period is compared with."""
        return day + self.shift * period

    def totals(self) -> list[tuple[int, int]]:
        """The calls and errors of all instances that each side has."""
        rows = [(DaySides(day, sides), calls, errors) for day, _, sides, calls, errors in self.source.by_day()]
        return [
            (sum(calls for at, calls, _ in rows if of_side(at)), sum(errors for at, _, errors in rows if of_side(at)))
            for of_side in self.chosen
        ]


def counted_source(source: CallSource, wanted: Collection[str]) -> tuple[CallSource, list[str]]:
    """The calls of versions that count, and the versions that are candidates, the oldest first."""
    known = known_versions(source.answers, source.filters)
    counted = sorted(known.counted(known.first_seen), key=version_key)
    versions = [version for version in counted if version in wanted or version in counted[-MAX_VERSIONS:]]
    return replace(source, apart=known.apart), versions


def named_conditions(answers: Answers, product: str, texts: Iterable[str]) -> list[str]:
    """The conditions of a side of a comparison; a text without a colon is the name of a saved segment.

    Raises FilterError for a name that there isn't, or that selects everything.
    """
    conditions = []
    for text in texts:
        named = [text] if ":" in text else list(answers.segments.conditions(product, text))
        if not named:
            raise FilterError("A saved view without conditions can't be compared: it selects everything.")
        conditions += named
    return conditions


def day_name(day: int) -> str:
    """A day since 1970 as `2026-11-24`."""
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")


def nothing_to_compare(side: ComparedCalls) -> str:
    which = f" among the {code(side.scope)}" if side.scope and side.version is None else side_text(side)
    return f"There are no calls of versions that count{which}, so there is nothing to compare."


def counted_calls(side: ComparedCalls, verb: str = "", *, noun: bool = True) -> str:
    """`1,234 calls failed on 2026-11-24`; a segment stands where the noun would: `1,234 calls of query failed`."""
    if side.scope and side.version is None:
        return f"{side.calls:,} {code(side.scope)}{verb}"
    return f"{side.calls:,}{' calls' if noun else ''}{verb}{side_text(side)}"


def side_text(side: ComparedCalls) -> str:
    if side.version is not None:
        return f" in {code(side.version)}"
    if side.scope:
        return f" of {code(side.scope)}"
    if side.weekdays_only:
        return " on the same weekdays before"
    if side.start is not None and side.end is not None:
        return f" from {_minute(side.start)} to {_minute(side.end)} UTC"
    return f" on {side.first_day}" if side.first_day == side.last_day else f" from {side.first_day} to {side.last_day}"


def moments_of(filters: Filters) -> Moments | None:
    """The start and the end of a range with a part of a day."""
    return (utc_stamp(filters.start), utc_stamp(filters.end)) if filters.partial else None


def _minute(moment: str) -> str:
    return moment[:16].replace("T", f"{NBSP}")

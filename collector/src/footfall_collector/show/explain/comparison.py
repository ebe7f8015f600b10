"""The comparison of two segments within a range, and of a range with the same one some weeks before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from ...answer import (
    Answers,
    FilterError,
    Filters,
    Segment,
    active_instances,
    counts_by_instance,
    describe_segment,
    durations_by_instance,
    first_days,
    segment_of,
)
from ...runtime import utc_stamp
from ..insight import (
    Moment,
    code,
    compared_filters,
    earlier_period,
    ended_part,
    format_change,
    format_percent,
    format_points,
)
from .measures import Measured, SideCounts, measure_sides

CALLS = "tool_executed"
NOTE = (
    "Intervals are 95 %, from the variation between instances. Ranges of more than two days are of whole UTC days, and "
    "end with the last one that is over where two periods are compared, so that both end at the same moment of the "
    "week. Where events were not counted in all of the earlier period, nothing is compared with it. `new`: instances "
    "that were first seen in the range; `returning`: the others; `lost`: those of the time before it, equally long, "
    "that were not seen in it. Durations of millions of calls are those of some of the days, equally far from each "
    "other, and of some of the instances."
)


class ComparedSide(msgspec.Struct, frozen=True):
    """One side of a comparison: what counts, as a phrase, and from when to when (the end excluded)."""

    scope: str
    start: Moment
    end: Moment


class Comparison(msgspec.Struct, frozen=True):
    """Two segments, or two periods.

    Attributes:
        answer: one sentence on each of calls and errors.
        a: the first side.
        b: the second side; None where there is no full earlier period.
        measures: of both sides; empty without a second side.
        note: how they are made.
    """

    answer: str
    a: ComparedSide
    b: ComparedSide | None
    measures: list[Measured]
    note: str
    generated_at: Moment


@dataclass(frozen=True)
class _SegmentSide:
    """A segment in a range."""

    filters: Filters
    segment: Segment

    @property
    def scope(self) -> str:
        return describe_segment(self.segment, CALLS)

    @property
    def phrase(self) -> str:
        """The scope in a sentence: a condition names a value that a sender chose."""
        return code(self.scope) if self.segment.conditions else self.scope

    def compared(self) -> ComparedSide:
        return ComparedSide(self.scope, self.filters.start.isoformat(), self.filters.end.isoformat())


def compare(
    answers: Answers,
    filters: Filters,
    sides: tuple[Sequence[str], Sequence[str]],
    now: datetime,
    where: Sequence[str] = (),
) -> Comparison:
    """A segment with another one; without the other, the range with the weeks before. Raises FilterError."""
    first, second = sides
    if second and not first:
        raise FilterError("b needs a, the segment that is compared with it.")
    if second:
        return compare_segments(answers, filters, sides, where)
    return compare_periods(answers, filters, now, where, first)


def compare_segments(
    answers: Answers, filters: Filters, sides: tuple[Sequence[str], Sequence[str]], where: Sequence[str] = ()
) -> Comparison:
    """Two segments within the range, each given by its conditions; `where` holds for both. Raises FilterError."""
    first, second = (_side(answers, filters, conditions, where) for conditions in sides)
    everything = counts_by_instance(answers, filters, segment_of(answers, filters, where, CALLS))
    return _comparison(answers, first, second, sum(calls for calls, _ in everything.values()))


def compare_periods(
    answers: Answers,
    filters: Filters,
    now: datetime,
    where: Sequence[str] = (),
    conditions: Sequence[str] = (),
    *,
    durations: bool = True,
) -> Comparison:
    """The range, as far as it is over, and the same one as many whole weeks before as it takes.

    Without `durations` their measures have no values, and no raw events are read. Raises FilterError.
    """
    ended = ended_part(filters, now)
    if ended is None:
        raise FilterError("The range has no part that is over, so there is nothing to compare.")
    first, compared = _side(answers, ended, conditions, where), compared_filters(answers, filters, now)
    if compared is None:
        text = "Events were not counted in all of the earlier period, so nothing is compared with it."
        return Comparison(text, first.compared(), None, [], NOTE, utc_stamp(datetime.now(UTC)))
    second = _side(answers, compared[1], conditions, where)
    return _comparison(answers, first, second, None, durations=durations)


def _side(answers: Answers, filters: Filters, conditions: Sequence[str], where: Sequence[str]) -> _SegmentSide:
    return _SegmentSide(filters, segment_of(answers, filters, (*conditions, *where), CALLS))


def _comparison(
    answers: Answers,
    first: _SegmentSide,
    second: _SegmentSide,
    all_calls: int | None,
    *,
    durations: bool = True,
) -> Comparison:
    a, b = (_counts(answers, side, durations=durations) for side in (first, second))
    measures = measure_sides(a, b, all_calls)
    answer = " ".join(sentence for each in measures if (sentence := _sentence(each, first, second)))
    return Comparison(answer, first.compared(), second.compared(), measures, NOTE, utc_stamp(datetime.now(UTC)))


def _counts(answers: Answers, side: _SegmentSide, *, durations: bool) -> SideCounts:
    filters, segment = side.filters, side.segment
    calls = counts_by_instance(answers, filters, segment)
    lasting = {*counts_by_instance(answers, filters, segment, lasting_only=True)} & calls.keys()
    number = sum(pair[0] for pair in calls.values())
    values = durations_by_instance(answers, filters, segment, number) if durations else []
    values = [row for row in values if row[0] in calls]
    born, day = first_days(answers, filters), int(filters.start.timestamp()) // 86_400
    earlier, lost = earlier_period(answers, filters), None
    if earlier is not None:
        before = counts_by_instance(answers, earlier, segment, lasting_only=True)
        lost = frozenset(before) - active_instances(answers, filters)
    new = frozenset(each for each in lasting if born.get(each, day) >= day)
    return SideCounts(calls, frozenset(lasting), values, new, lost)


def _sentence(measured: Measured, first: _SegmentSide, second: _SegmentSide) -> str:
    """What the two main measures say."""
    if measured.difference is None or measured.low is None or measured.high is None:
        return ""
    apart = first.scope != second.scope
    a, b = first.phrase, second.phrase
    sides = (f" of {a}", f" of {b}") if apart else ("", " in the period before")
    certain = "" if measured.low > 0 or measured.high < 0 else "; no more than chance explains"
    if measured.name == "error_rate":
        return (
            f"**{format_percent(measured.a or 0.0)}**{sides[0]} failed, {format_percent(measured.b or 0.0)}{sides[1]} "
            f"({format_points(measured.low, measured.high)}{certain})."
        )
    if measured.name == "calls":
        return (
            f"**{int(measured.a or 0):,}** {a}, {int(measured.b or 0):,}{f' {b}' if apart else sides[1]} "
            f"(a difference of {format_change(measured.low)} to {format_change(measured.high)}{certain})."
        )
    return ""

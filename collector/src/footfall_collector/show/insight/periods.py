"""Filters for the previous period, for all time, and without some of them."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from ...answer import CALLS_EVENT, EARLIEST, Answers, Filters, condition_name, days_of
from .rows import Moment

_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
MAX_GAP_DAYS = 14
"""Days without events between two days that belong together."""


class ComparedPeriod(msgspec.Struct, frozen=True):
    """The range of a page and the previous one.

    Attributes:
        start: RFC 3339; the first moment of the range.
        end: RFC 3339; the first moment after the range.
        before_start: the same of the previous period, which is as long as the range and begins whole weeks earlier, so
            that both begin and end at the same moment of the week.
        before_end: where the previous period ends, at or before the start of the range.
        before_counts: whether events were counted in all of the previous period; otherwise nothing is compared with it.
        compared_end: where changes stop counting: `end`; the last midnight where the range has the present day; the
            present moment where such a range is of two days at most.
        before_compared_end: the same of the previous period.
        step: seconds between two points of a chart over time: 60, 3600 or 86400.
    """

    start: Moment
    end: Moment
    before_start: Moment
    before_end: Moment
    before_counts: bool
    compared_end: Moment
    before_compared_end: Moment
    step: int


def previous_period(filters: Filters) -> Filters:
    """The same filters for the last period before this one that is cut at the same moments of the week."""
    shift = -(-(filters.end - filters.start) // _WEEK) * _WEEK
    return replace(filters, start=filters.start - shift, end=filters.end - shift)


def earlier_period(answers: Answers, filters: Filters) -> Filters | None:
    """The previous period; None where events were not counted in all of it, so that nothing can be compared with it.

    A few early events, of a clock that is years behind, do not make a period one that was counted: counting began on a
    day that another one with events follows soon, and half as many days have events as in the present period.
    """
    earlier = previous_period(filters)
    return earlier if counted_period(answers, earlier, filters) else None


def compared_filters(answers: Answers, filters: Filters, now: datetime) -> tuple[Filters, Filters] | None:
    """What a change is between: the part of the range that is over, and the same part of the previous period.

    The present day would make every number look smaller than the previous one. None where nothing can be compared.
    This decides for every change that a page, an answer or a report shows.
    """
    earlier, over = earlier_period(answers, filters), ended_part(filters, now)
    if earlier is None or over is None:
        return None
    return over, replace(earlier, end=earlier.end - (filters.end - over.end))


def period_named(answers: Answers, filters: Filters, now: datetime, name: str) -> Filters:
    """A period of a comparison: `before`, or the parts that changes are between, `compared` and `before_compared`.

    Those parts are the whole periods where nothing can be compared.
    """
    whole = filters, previous_period(filters)
    ended, earlier = compared_filters(answers, filters, now) or whole
    return {"before": whole[1], "compared": ended, "before_compared": earlier}[name]


def ended_part(filters: Filters, now: datetime) -> Filters | None:
    """The part of a range that is over: to the second in short ranges, else whole UTC days; None where none is."""
    end = now.replace(microsecond=0)
    if not filters.exact:
        end = end.replace(hour=0, minute=0, second=0)
    # A range such as the last hour ends with the present second.
    if filters.end <= end + timedelta(seconds=filters.exact):
        return filters
    return replace(filters, end=end) if end > filters.start else None


def counted_period(answers: Answers, earlier: Filters, filters: Filters) -> bool:
    """Whether events were counted in all of an earlier period, as `earlier_period` says."""
    (first, last), (since, until) = days_of(earlier), days_of(filters)
    days = answers.event_days(filters)
    began = next((day for day, following in pairwise(days) if following - day <= MAX_GAP_DAYS), until)
    if began > first or (filters.exact and began == first and earlier.start.hour):
        return False
    counted = sum(first <= day <= last for day in days)
    return 2 * counted >= sum(since <= day <= until for day in days)


def daily_filters(filters: Filters) -> Filters:
    """The same filters for what needs whole days: for a range to the second, the three days before its last one."""
    if not filters.exact:
        return filters
    midnight = filters.end.replace(hour=0, minute=0, second=0, microsecond=0)
    return replace(filters, start=midnight - 3 * _DAY, end=midnight)


def all_time(filters: Filters) -> Filters:
    """The same filters from the first event to the end of the period."""
    return replace(filters, start=EARLIEST)


def without_filters(filters: Filters, *names: str) -> Filters:
    """The filters without those by the properties `names`; without any names, product, range and `internal` only."""

    def stays(name: str) -> bool:
        return bool(names) and name not in names

    return replace(
        filters,
        version=filters.version if stays("version") else None,
        provider=filters.provider if stays("provider") else None,
        extra={name: value for name, value in filters.extra.items() if stays(name)},
        where=tuple(text for text in filters.where if stays(filter_name(text))),
    )


def filter_names(filters: Filters) -> list[str]:
    """The names of all filters, those by `where` too."""
    return list(dict.fromkeys((*filters.active, *map(filter_name, filters.where))))


def filter_name(where: str) -> str:
    """The property of a condition, by the name of its filter."""
    name = condition_name(where)
    event, _, property_name = name.rpartition(".")
    # What another event says is no filter of the calls, whatever it is called.
    name = property_name if event in ("", CALLS_EVENT) else name
    return {"product_version": "version", "ai_provider": "provider"}.get(name, name)


def compared_period(answers: Answers, filters: Filters, now: datetime) -> ComparedPeriod:
    previous, compared = previous_period(filters), compared_filters(answers, filters, now)
    ended, earlier = compared or (filters, previous)
    return ComparedPeriod(
        start=filters.start.isoformat(),
        end=filters.end.isoformat(),
        before_start=previous.start.isoformat(),
        before_end=previous.end.isoformat(),
        before_counts=compared is not None,
        compared_end=ended.end.isoformat(),
        before_compared_end=earlier.end.isoformat(),
        step=filters.bucket_seconds,
    )

"""Filters for the previous period, for all time, and without those that a chart's events do not carry."""

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from ...answer import EARLIEST, Filters
from .rows import Moment


class ComparedPeriod(msgspec.Struct, frozen=True):
    """The range of a page and the previous one.

    Attributes:
        start: RFC 3339; the first moment of the range.
        end: RFC 3339; the first moment after the range.
        before_start: the same of the previous period, which is as long as the range.
        before_end: where the previous period ends and the range begins.
        step: seconds between two points of a chart over time: 60, 3600 or 86400.
    """

    start: Moment
    end: Moment
    before_start: Moment
    before_end: Moment
    step: int


def previous_period(filters: Filters) -> Filters:
    """The same filters for the period of the same length that ends where this one begins."""
    return replace(filters, start=filters.start - (filters.end - filters.start), end=filters.start)


def all_time(filters: Filters) -> Filters:
    """The same filters from the first event to the end of the period."""
    return replace(filters, start=EARLIEST)


def keep_filters(filters: Filters, names: Iterable[str]) -> Filters:
    """The filters without those that are not in `names`; product, range and `internal` always stay."""
    names = {*names}
    return replace(
        filters,
        version=filters.version if "version" in names else None,
        provider=filters.provider if "provider" in names else None,
        extra={name: value for name, value in filters.extra.items() if name in names},
    )


def compared_period(filters: Filters) -> ComparedPeriod:
    previous = previous_period(filters)
    return ComparedPeriod(
        start=filters.start.isoformat(),
        end=filters.end.isoformat(),
        before_start=previous.start.isoformat(),
        before_end=previous.end.isoformat(),
        step=filters.bucket_seconds,
    )

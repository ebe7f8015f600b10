"""The period before the one that is looked at, and filters cut down to what a chart's events carry."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ...answer import Filters

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""Before the first event of any product."""


def before(filters: Filters) -> Filters:
    """The same filters for the period of the same length that ended where this one begins."""
    return replace(filters, start=filters.start - (filters.end - filters.start), end=filters.start)


def ever(filters: Filters) -> Filters:
    """The same filters from the very first event to the end of the period."""
    return replace(filters, start=EARLIEST)


def narrowed(filters: Filters, names: Iterable[str]) -> Filters:
    """The filters without those that are not among `names`; product, range and internal stay."""
    kept = {*names}
    return replace(
        filters,
        version=filters.version if "version" in kept else None,
        provider=filters.provider if "provider" in kept else None,
        extra={name: value for name, value in filters.extra.items() if name in kept},
    )


def described(filters: Filters) -> dict[str, Any]:
    """`{"start", "end", "before_start", "before_end", "step"}`: RFC 3339, and seconds from point to point."""
    earlier = before(filters)
    return {
        "start": filters.start.isoformat(),
        "end": filters.end.isoformat(),
        "before_start": earlier.start.isoformat(),
        "before_end": earlier.end.isoformat(),
        "step": filters.step,
    }

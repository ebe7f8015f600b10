"""Days, months and blocks of days, all UTC.

A block is eight weeks that begin on a Monday: 56 days, which fit as bits into one BIGINT. Bit 0 is the block's first
day. Day 0 is 1970-01-01, a Thursday, so the Monday before it is day -3.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

DAY_SECONDS = 86_400
BLOCK_DAYS = 56
MONDAY_OFFSET = 3
"""Added to a day's number, it makes multiples of seven Mondays."""
FULL_BLOCK_MASK = (1 << BLOCK_DAYS) - 1

_MONTH = re.compile(r"(\d{4})-(\d{2})")


def day_number(epoch: int) -> int:
    """The number of the UTC day that a moment is in."""
    return epoch // DAY_SECONDS


def block_number(day: int) -> int:
    """The number of the block that a day is in."""
    return (day + MONDAY_OFFSET) // BLOCK_DAYS


def bit_in_block(day: int) -> int:
    """The number of a day's bit in its block."""
    return (day + MONDAY_OFFSET) % BLOCK_DAYS


def edge_masks(first: int, last: int) -> tuple[int, int, int, int]:
    """(first block, its mask, last block, its mask) of the days from `first` to before `last`; `first` < `last`.

    Blocks in between count whole. If first and last block are the same, both masks are the days of the range.
    """
    first_block, last_block = block_number(first), block_number(last - 1)
    first_mask = FULL_BLOCK_MASK & ~((1 << bit_in_block(first)) - 1)
    last_mask = (1 << (bit_in_block(last - 1) + 1)) - 1
    if first_block == last_block:
        first_mask = last_mask = first_mask & last_mask
    return first_block, first_mask, last_block, last_mask


def month_name(epoch: int) -> str:
    """`2026-11`."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m")


def month_bounds(month: str) -> tuple[int, int]:
    """Epoch seconds of a month's start and of the next month's. Raises ValueError if the text is not a month."""
    match = _MONTH.fullmatch(month)
    if match is None:
        raise ValueError(f"{month!r} is not a month")
    year, number = int(match[1]), int(match[2])
    following = (year + number // 12, number % 12 + 1)
    return tuple(int(datetime(y, m, 1, tzinfo=UTC).timestamp()) for y, m in ((year, number), following))  # type: ignore[return-value]  # a tuple of two from a pair


def months_between(start: int, end: int) -> Iterator[str]:
    """Every month that overlaps the time from `start` to before `end`."""
    while start < end:
        month = month_name(start)
        yield month
        start = month_bounds(month)[1]


def day_text(day: int) -> str:
    """`2026-11-24`."""
    return (date(1970, 1, 1).fromordinal(date(1970, 1, 1).toordinal() + day)).isoformat()

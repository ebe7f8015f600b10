"""The dedupe window: a repeat is searched within ±300 s of the client's timestamp.

An event with the product and UUID of a stored event is the same event if their `sent` times lie within
`WINDOW_SECONDS`. `sent` is the client's own timestamp, which does not change when an event is sent again. Both engines
read the window from here: `duckdb/load_batch.py` and `clickhouse/dedupe.py`. To change it, change `WINDOW_SECONDS`.
"""

from collections.abc import Sequence

WINDOW_SECONDS = 300
"""Where a client sends no time, `sent` is the time of receipt. A retry's `sent` then differs by the seconds between
the attempts, which is why the window is not zero."""

_MERGE_GAP_SECONDS = 3600
_MAX_RANGES = 24


def search_ranges(minutes: Sequence[int]) -> list[tuple[int, int]]:
    """Ranges of epoch seconds, both ends included, that cover sorted minutes with the window around each.

    Minutes that lie close together share a range, so that at most `_MAX_RANGES` ranges are searched.
    """
    gap = _MERGE_GAP_SECONDS // 60
    while True:
        ranges: list[tuple[int, int]] = []
        for minute in minutes:
            if ranges and minute - ranges[-1][1] <= gap:
                ranges[-1] = (ranges[-1][0], minute)
            else:
                ranges.append((minute, minute))
        if len(ranges) <= _MAX_RANGES:
            return [(first * 60 - WINDOW_SECONDS, last * 60 + 59 + WINDOW_SECONDS) for first, last in ranges]
        gap *= 2

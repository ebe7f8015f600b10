"""Where an event that was seen before is looked for: around the client's own time of those that came."""

from collections.abc import Sequence

WINDOW = 300
"""Seconds around `sent` within which an event with the same UUID is the same. Where a client gives no time, the
time of receipt stands in, and then a retry's differs by the seconds between the attempts."""

_GAP = 3600
_MOST_RANGES = 24


def ranges(minutes: Sequence[int]) -> list[tuple[int, int]]:
    """Few stretches of epoch seconds, both ends included, that hold sorted minutes with `WINDOW` around them."""
    gap = _GAP // 60
    while True:
        found: list[tuple[int, int]] = []
        for minute in minutes:
            if found and minute - found[-1][1] <= gap:
                found[-1] = (found[-1][0], minute)
            else:
                found.append((minute, minute))
        if len(found) <= _MOST_RANGES:
            return [(first * 60 - WINDOW, last * 60 + 59 + WINDOW) for first, last in found]
        gap *= 2

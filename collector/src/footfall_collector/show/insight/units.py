"""Shares, their differences, and durations as text."""

MINUS = "\u2212"
NBSP = "\u00a0"
"""Stands between a number and its unit, so that no line breaks there."""

EN_DASH = "\u2013"

_DURATIONS = ((1000, 1, "ms"), (60_000, 1000, "s"), (3_600_000, 60_000, "min"), (float("inf"), 3_600_000, "h"))


def format_percent(ratio: float) -> str:
    """`61 %`, `4.2 %`, `<0.1 %`."""
    value = ratio * 100
    if 0 < value < 0.1:
        return f"<0.1{NBSP}%"
    return f"{value:.0f}{NBSP}%" if value >= 10 or value == round(value) else f"{value:.1f}{NBSP}%"


_LEAST_SHOWN = 0.0005


def format_points(low: float, high: float) -> str:
    """The interval of a difference of rates: `up 37-56 points`, or `between 0.9 points down and 1.2 up`."""
    if max(abs(low), abs(high)) < _LEAST_SHOWN:
        return f"by less than 0.1{NBSP}points"
    if low < 0 < high:
        return f"between {-100 * low:.1f}{NBSP}points down and {100 * high:.1f} up"
    direction, least, most = ("down", -high, -low) if low < 0 else ("up", low, high)
    digits = 0 if 100 * least >= 9.95 else 1
    # A zero has no sign.
    first, last = f"{abs(100 * least):.{digits}f}", f"{100 * most:.{digits}f}"
    return f"{direction} {first if first == last else first + EN_DASH + last}{NBSP}points"


def format_milliseconds(value: float) -> str:
    """`340 ms`, `4.2 s`, `3 min`."""
    size, unit = next((size, unit) for limit, size, unit in _DURATIONS if value < limit)
    number = f"{value / size:.1f}" if value / size < 9.95 else f"{value / size:.0f}"
    return f"{number.removesuffix('.0')}{NBSP}{unit}"


def format_change(value: float) -> str:
    """A difference of counts with its sign, such as "+1,200"; a zero has none."""
    text = f"{value:+,.0f}"
    return "0" if text in ("+0", "-0") else text.replace("-", MINUS)

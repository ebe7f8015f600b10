"""Cells, changes, sparklines and periods as text, the same in every format."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from ..insight import MINUS, NBSP, Cell, Tile, format_milliseconds, format_percent, printable

DASH = "\u2013"
_BLOCKS = "▁▂▃▄▅▆▇█"
_SPARKLINE_WIDTH = 30


def format_cell(cell: Cell, unit: str) -> str:
    if isinstance(cell, str):
        return printable(cell)
    if unit == "change":
        return format_change(cell)
    if cell is None:
        return DASH if unit else "not given"
    if unit == "ratio":
        return format_percent(cell)
    if unit == "milliseconds":
        return format_milliseconds(cell)
    return f"{cell:,}"


def format_change(ratio: float | None) -> str:
    """`+12 %`, `same`, `new`; the minus sign is as wide as the plus."""
    if ratio is None:
        return "new"
    if abs(ratio) < 0.005:
        return "same"
    return f"{'+' if ratio > 0 else MINUS}{100 * abs(ratio):,.0f}{NBSP}%"


def format_tile_title(tile: Tile) -> str:
    """`Active instances (812 established, 43 new this week)`."""
    return f"{tile.title} ({tile.standing})" if tile.standing else tile.title


def format_tile_change(tile: Tile) -> str:
    """The change since the previous period: a ratio, or points of a rate; empty without a comparison."""
    now, was = tile.compared, tile.before
    if now is None or was is None:
        return ""
    if tile.unit == "ratio":
        points = 100 * (now - was)
        return "same" if abs(points) < 0.05 else f"{points:+.1f}{NBSP}points".replace("-", MINUS)
    return format_change(now / was - 1 if was else None)


def sparkline(values: Sequence[float | None]) -> str:
    """The days as at most thirty blocks; a blank where a day has no value."""
    groups = _mean_groups(values)
    largest = max((group for group in groups if group is not None), default=0.0)
    if len(groups) < 2 or largest <= 0:
        return ""
    return "".join(" " if group is None else _BLOCKS[round(group / largest * (len(_BLOCKS) - 1))] for group in groups)


def _mean_groups(values: Sequence[float | None]) -> list[float | None]:
    size = -(-len(values) // _SPARKLINE_WIDTH) or 1
    groups = [[value for value in values[at : at + size] if value is not None] for at in range(0, len(values), size)]
    return [sum(group) / len(group) if group else None for group in groups]


def format_period(start: str, end: str) -> str:
    """`18 to 24 November 2026 (UTC)`; hours where the period is shorter than a day."""
    first, after = datetime.fromisoformat(start), datetime.fromisoformat(end)
    if after - first <= timedelta(days=1):
        return f"{first:%-d %B %Y %H:%M} to {after:%H:%M} UTC"
    last = after - timedelta(seconds=1)
    same_year, same_month = first.year == last.year, (first.year, first.month) == (last.year, last.month)
    begin = f"{first:%-d}" if same_month else f"{first:%-d %B}" if same_year else f"{first:%-d %B %Y}"
    return f"{begin} to {last:%-d %B %Y} (UTC)"

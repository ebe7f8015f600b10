"""Numbers, changes, days and sentences of a report as text, the same in every format."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..insight import NBSP, milliseconds, percent

DASH, MINUS = "\u2013", "\u2212"
_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 30
_MARKUP = re.compile(r"`(?P<code>[^`]*)`|\*\*(?P<strong>[^*]*)\*\*|\{(?P<tone>bad|good)\|(?P<toned>[^}]*)\}")

Dress = Callable[[str, str], str]
"""Gives a part of a sentence its form: kind (`code`, `strong`, `bad`, `good`, `text`) and words."""


def value(cell: Any, unit: str) -> str:
    """A cell as people read it."""
    if unit == "change":
        return change(cell)
    if cell is None:
        return DASH if unit else "not given"
    if isinstance(cell, str):
        return cell
    if unit == "ratio":
        return percent(cell)
    if unit == "milliseconds":
        return milliseconds(cell)
    return f"{cell:,}"


def change(ratio: float | None) -> str:
    """`+12 %`, `same`, `new`; a minus as wide as the plus."""
    if ratio is None:
        return "new"
    if abs(ratio) < 0.005:
        return "same"
    return f"{'+' if ratio > 0 else MINUS}{100 * abs(ratio):,.0f}{NBSP}%"


def tile_change(tile: dict[str, Any]) -> str:
    """A tile against the period before: a ratio, percentage points for a rate, nothing where there is nothing."""
    now, was = tile["value"], tile["before"]
    if now is None or was is None:
        return ""
    if tile["unit"] == "ratio":
        points = 100 * (now - was)
        return "same" if abs(points) < 0.05 else f"{points:+.1f}{NBSP}pp".replace("-", MINUS)
    return change(now / was - 1 if was else None)


def sparkline(values: Sequence[float | None]) -> str:
    """The days as blocks, at most thirty; a blank where a day says nothing."""
    groups = _grouped(values)
    most = max((group for group in groups if group is not None), default=0.0)
    if len(groups) < 2 or most <= 0:
        return ""
    return "".join(" " if group is None else _BLOCKS[round(group / most * (len(_BLOCKS) - 1))] for group in groups)


def _grouped(values: Sequence[float | None]) -> list[float | None]:
    size = -(-len(values) // _WIDTH) or 1
    groups = [[value for value in values[at : at + size] if value is not None] for at in range(0, len(values), size)]
    return [sum(group) / len(group) if group else None for group in groups]


def period(start: str, end: str) -> str:
    """`18 to 24 November 2026 (UTC)`; hours where the period is shorter than a day."""
    first, after = datetime.fromisoformat(start), datetime.fromisoformat(end)
    if after - first <= timedelta(days=1):
        return f"{first:%-d %B %Y %H:%M} to {after:%H:%M} UTC"
    last = after - timedelta(seconds=1)
    same_year, same_month = first.year == last.year, (first.year, first.month) == (last.year, last.month)
    begin = f"{first:%-d}" if same_month else f"{first:%-d %B}" if same_year else f"{first:%-d %B %Y}"
    return f"{begin} to {last:%-d %B %Y} (UTC)"


def dressed(sentence: str, dress: Dress) -> str:
    """A sentence with its markup in another form."""
    parts, at = [], 0
    for match in _MARKUP.finditer(sentence):
        parts.append(dress("text", sentence[at : match.start()]))
        if match["tone"]:
            parts.append(dress(match["tone"], re.sub(r"`", "", match["toned"])))
        else:
            parts.append(dress("code" if match["code"] is not None else "strong", match["code"] or match["strong"]))
        at = match.end()
    return "".join((*parts, dress("text", sentence[at:])))

"""Numbers with their nouns and units, lists of names, days and moments, as texts."""

from collections.abc import Iterable
from datetime import UTC, date, datetime


def quantity(number: int, noun: str) -> str:
    """`1,234 calls`, `1 call`, `2 queries`, `2 days`."""
    many = noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeou" else f"{noun}s"
    plural = noun if number == 1 else many
    return f"{number:,} {plural}"


def with_unit(name: str, unit: str) -> str:
    """The name of a number with its unit, `weight (grams)`, unless the name says it: `size_mb`, `seconds`."""
    return name if not unit or name.lower().split("_")[-1] == unit.lower() else f"{name} ({unit})"


def utc_stamp(moment: datetime | float) -> str:
    """A moment, or epoch seconds, in RFC 3339 to the second: `2026-11-24T13:00:00Z`. Such texts sort by their times."""
    at = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def choice(names: Iterable[str]) -> str:
    """`hide, only or all`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def plain_day(stamp: str) -> str:
    """`30 Nov 2026`, as the pages' scripts write it, of a stamp that begins with `2026-11-30`; empty without one."""
    return f"{date.fromisoformat(stamp[:10]):%-d %b %Y}".replace("Sep ", "Sept ") if stamp else ""

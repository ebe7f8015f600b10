"""DuckDB SQL by which the new rows of a roll-up follow from those of finer ones, which are far fewer than raw events.

A finer roll-up counts the same event by at least the same properties: an event's facts, or durations by client for
those without.
"""

from collections.abc import Collection, Iterable, Sequence

from ...periods import BLOCK_DAYS, MONDAY_OFFSET
from ...rollups import FIRST_AT, INSTANCE, LAST_AT, LASTING, RollupTable, property_key
from .rollup_sql import quoted

_COUNTED = {
    "count(*)": "sum(n)",
    "count_if(success = false)": f"coalesce(sum(n) FILTER ({property_key('success')} = 'false'), 0)",
    "min(ts)": f"min({FIRST_AT})",
    "max(ts)": f"max({LAST_AT})",
}
"""What counts raw events to what counts the rows of a finer roll-up."""


def finer_rollups(rollup: RollupTable, events: Collection[str], tables: Iterable[RollupTable]) -> list[RollupTable]:
    """The roll-ups from whose new rows those of `rollup` follow, one for each of the `events`; none where one has none.

    `events` are those of the raw events that are counted.
    """
    wanted = {event for event in events if rollup.event in (None, event)}
    found = {
        table.event: table
        for table in tables
        if table is not rollup
        and table.event in wanted
        and _covers(table, rollup)
        and len(table.keys) > len(rollup.keys)
    }
    return [*found.values()] if len(found) == len(wanted) else []


def derived_query(rollup: RollupTable, sources: Sequence[tuple[RollupTable, str]]) -> str:
    """The query for a roll-up's rows over the rows of finer ones, each with the name of the table that has them."""
    parts = " UNION ALL ".join(_part(rollup, finer, name) for finer, name in sources)
    if len(sources) == 1:
        return parts
    values = ", ".join(f"{rollup.added(name)}({name})::BIGINT AS {name}" for name in rollup.values)
    return f"SELECT {', '.join(rollup.keys)}, {values} FROM ({parts}) GROUP BY ALL"  # noqa: S608 - our own words


def _covers(finer: RollupTable, rollup: RollupTable) -> bool:
    if finer.is_presence or rollup.unless or not set(rollup.measures.values()) <= _COUNTED.keys():
        return False
    # A roll-up of a number counts only the events that have it.
    if finer.number not in ("", rollup.number):
        return False
    needed = {FIRST_AT, LAST_AT} & rollup.measures.keys()
    has_success = "errors" not in rollup.measures or property_key("success") in finer.keys
    return has_success and needed <= finer.measures.keys() and all(_column(finer, rollup, key) for key in rollup.keys)


def _column(finer: RollupTable, rollup: RollupTable, key: str) -> str:
    """The expression for a roll-up's key over a finer one's rows; empty where that doesn't know it."""
    if key == "block":
        return f"((day + {MONDAY_OFFSET}) // {BLOCK_DAYS})::INTEGER"
    if key == "event":
        return quoted(finer.event or "")
    if key in ("product", "internal", "day", INSTANCE, LASTING) or key not in rollup.texts:
        return key if key in finer.keys else ""
    same = key if key in finer.keys and finer.raw.get(key, key) == rollup.raw.get(key, key) else ""
    by_property = property_key(rollup.raw.get(key, key))
    return same or (by_property if by_property in finer.keys else "")


def _part(rollup: RollupTable, finer: RollupTable, name: str) -> str:
    keys = ", ".join(f"{_column(finer, rollup, key)} AS {key}" for key in rollup.keys)
    if rollup.is_presence:
        values = f"bit_or(1::BIGINT << ((day + {MONDAY_OFFSET}) % {BLOCK_DAYS})) AS mask"
    else:
        counted = rollup.measures.items()
        values = ", ".join(f"{_COUNTED[aggregate]}::BIGINT AS {column}" for column, aggregate in counted)
    where = f" WHERE {LASTING}" if rollup.is_presence else ""
    return f"SELECT {keys}, {values} FROM {name}{where} GROUP BY ALL"  # noqa: S608 - our own words

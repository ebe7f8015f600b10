"""DuckDB SQL by which roll-ups follow from raw events, and by which a load's rows are added to them."""

from collections.abc import Iterable, Mapping, Sequence

from ....admit import EPHEMERAL
from ...periods import BLOCK_DAYS, DAY_SECONDS, MONDAY_OFFSET
from ...rollups import INSTANCE, LASTING, RollupTable

ROLLUP_FILE = "rollups"
"""The SQL name of the file with the roll-ups."""
INTERNAL = "coalesce(is_internal, false)"
"""Whether a raw event is internal."""
_DAY_NUMBER = f"(ts // {DAY_SECONDS})"
_MERGED = {"sum": "t.{name} + s.{name}", "min": "least(t.{name}, s.{name})", "max": "greatest(t.{name}, s.{name})"}


def rollup_query(rollup: RollupTable, source: str, where: Iterable[str]) -> str:
    """The query for a roll-up's rows over the raw events of a table."""
    keys = {key: key_expression(rollup, key, DAY_SECONDS) for key in rollup.keys}
    return counting_query(rollup, source, where, keys)


def counting_query(rollup: RollupTable, source: str, where: Iterable[str], keys: Mapping[str, str]) -> str:
    """The query for rows with `keys` (name to expression) and the roll-up's values over the raw events of a table."""
    terms = [*where]
    if rollup.event is not None:
        terms.append(f"event = {quoted(rollup.event)}")
    if rollup.is_presence:
        terms.append(f"instance_kind <> '{EPHEMERAL}'")
    numbers = (rollup.raw.get(name, name) for name, type_ in rollup.dimensions.items() if type_ == "DOUBLE")
    terms += [f"{column} IS NOT NULL" for column in numbers]
    terms += [f"NOT coalesce({flag}, false)" for flag in rollup.unless]
    named = ", ".join(f"{expression} AS {key}" for key, expression in keys.items())
    if rollup.is_presence:
        values = f"bit_or(1::BIGINT << (({_DAY_NUMBER} + {MONDAY_OFFSET}) % {BLOCK_DAYS})) AS mask"
    else:
        values = ", ".join(f"{aggregate} AS {name}" for name, aggregate in rollup.measures.items())
    return f"SELECT {named}, {values} FROM {source} WHERE {' AND '.join(terms)} GROUP BY ALL"  # noqa: S608 - our own words


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def key_expression(rollup: RollupTable, key: str, bucket: int) -> str:
    """`bucket` is the length in seconds of a counter's column `day`: a day in the tables, less in exact ranges."""
    if key == "block":
        return f"(({_DAY_NUMBER} + {MONDAY_OFFSET}) // {BLOCK_DAYS})::INTEGER"
    if key == "day":
        return f"(ts // {bucket})::INTEGER"
    if key == "internal":
        return INTERNAL
    if key == LASTING:
        return f"instance_kind <> '{EPHEMERAL}'"
    column = rollup.raw.get(key, key)
    if key in ("product", "event", INSTANCE) or rollup.dimensions.get(key) == "DOUBLE":
        return column
    if key in rollup.flags:
        return f"CASE {column} WHEN true THEN 'true' WHEN false THEN 'false' ELSE '' END"
    return f"coalesce({column}, '')"


def merge_statement(rollup: RollupTable, source: str, periods: Sequence[int]) -> str:
    """The statement that adds a table of the roll-up's columns to the roll-up. `periods` are those in that table."""
    # The list of periods lets the engine skip all other rows of the roll-up.
    listed = ", ".join(map(str, periods))
    same = " AND ".join(f"t.{key} = s.{key}" for key in rollup.keys)
    if rollup.is_presence:
        update = "WHEN MATCHED AND t.mask <> (t.mask | s.mask) THEN UPDATE SET mask = t.mask | s.mask"
    else:
        sums = ", ".join(f"{name} = {_MERGED[rollup.added(name)].format(name=name)}" for name in rollup.values)
        update = f"WHEN MATCHED THEN UPDATE SET {sums}"
    columns = ", ".join(rollup.columns())
    values = ", ".join(f"s.{name}" for name in rollup.columns())
    return (
        f"MERGE INTO {ROLLUP_FILE}.{rollup.name} t USING {source} s "  # noqa: S608 - our own words
        f"ON t.{rollup.period} IN ({listed}) AND {same} {update} "
        f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})"
    )

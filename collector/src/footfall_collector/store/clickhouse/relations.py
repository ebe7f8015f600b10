"""ClickHouse SQL over raw events and roll-ups: the relations of `store/duckdb/relations`, with the same columns.

A relation is a subquery at the place where the chart's SQL names it, because old servers have no WITH. Values are
literals in the text, all written by `sql_literal`, because embedded ClickHouse has no query parameters.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...admit import EPHEMERAL
from ..chart_query import (
    PARAMETER,
    Parameter,
    chart_columns,
    chart_parameters,
    conditions_for,
    filter_conditions,
    reads_samples,
    recent_keys,
    shown_value,
    without_comments,
)
from ..interface import EventSelection
from ..periods import BLOCK_DAYS, DAY_SECONDS, FULL_BLOCK_MASK, MONDAY_OFFSET
from ..rollups import (
    CALLS_EVENT,
    FACTS_PATTERN,
    HISTORY,
    LASTING,
    LIFETIME_FACTS,
    LIFETIMES,
    RECENT,
    RECENT_CALLS,
    RECENT_DAYS,
    RECENT_TEXTS,
    ROLLUPS_BY_NAME,
    STANDING,
    STANDING_DAYS,
    STANDING_SPAN,
    STANDING_TABLE,
    FactTables,
    RollupTable,
)
from .layout import EVENTS, TableLayout

_PLACES = re.compile(
    rf"\b(FROM|JOIN)\s+({'|'.join((*ROLLUPS_BY_NAME, HISTORY, STANDING, *LIFETIMES, *RECENT, FACTS_PATTERN))})\b"
)
_KEPT = "{value} IN ($kept_{column})"
_MOMENT = '"at moment"'  # raw events may have a product's property `moment`, but none of this name
_IS_INTERNAL = "(is_internal = 1)"
_AGGREGATES = {
    "count(*)": "count()",
    "count_if(success = false)": "countIf(success = 0)",
    "min(ts)": "min(ts)",
    "max(ts)": "max(ts)",
}


def sql_literal(value: Parameter) -> str:
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{quoted}'"
    if isinstance(value, tuple):
        return ", ".join(map(sql_literal, value))
    return str(int(value or 0))


def not_repeated_condition(layout: TableLayout) -> str:
    """The condition that leaves one row of each event that two collectors loaded at the same moment."""
    listed = f"(load, uuid) NOT IN (SELECT load, uuid FROM {layout.table('repeated')})"  # noqa: S608 - our own words
    return listed if layout.has_repeated else "1"


def rollup_query(
    layout: TableLayout,
    rollup: RollupTable,
    where: Sequence[str],
    include_repeated: bool = False,
) -> str:
    """The query for a roll-up's rows over raw events.

    `include_repeated`: also count rows that are marked as repeated.
    """
    period = {rollup.period: _block() if rollup.is_presence else "day"}
    keys = period | {key: "is_internal = 1" if key == "internal" else key for key in rollup.keys if key not in period}
    return _counting_query(layout, rollup, where, keys, include_repeated)


def _counting_query(
    layout: TableLayout,
    rollup: RollupTable,
    where: Sequence[str],
    keys: Mapping[str, str],
    include_repeated: bool = False,
    prefix: str = "",
) -> str:
    """The query for rows with `keys` (name to expression) and the roll-up's values over raw events.

    `prefix` goes before the values' names: ClickHouse takes a name in an expression for the value, if it has that name.
    """
    terms = [*where] if include_repeated else [*where, not_repeated_condition(layout)]
    if rollup.event is not None:
        terms.append(f"event = {sql_literal(rollup.event)}")
    if rollup.is_presence:
        terms.append(f"instance_kind <> '{EPHEMERAL}'")
    numbers = (rollup.raw.get(name, name) for name, type_ in rollup.dimensions.items() if type_ == "DOUBLE")
    terms += [f"NOT isNaN({column})" for column in numbers]
    terms += [f"{flag} <> 1" for flag in rollup.unless]
    shown = [key if expression == key else f"{expression} AS {key}" for key, expression in keys.items()]
    if rollup.is_presence:
        bit = f"toUInt8(modulo(day + {MONDAY_OFFSET}, {BLOCK_DAYS}))"
        values = f"groupBitOr(bitShiftLeft(toUInt64(1), {bit})) AS mask"
    else:
        values = ", ".join(
            f"toInt64({_AGGREGATES[aggregate]}) AS {prefix}{name}" for name, aggregate in rollup.measures.items()
        )
    source = f"FROM {layout.table(EVENTS)} WHERE {' AND '.join(terms)} GROUP BY {', '.join(keys)}"
    return f"SELECT {', '.join(shown)}, {values} {source}"


def _block() -> str:
    # No cast inside: ClickHouse 26.9 fails on conditions that it pushes through a cast into the table's key.
    return f"toUInt16(intDiv(day + {MONDAY_OFFSET}, {BLOCK_DAYS}))"


class ClickHouseChartQuery:
    """A chart's SQL with its relations as subqueries.

    `batches` are the numbers of the active batches and `covered` the ranges of loads, both ends included, that they
    count. Events of other loads are counted from the raw events, and so is what `facts` gives relations for: the store
    keeps no tables of them.
    """

    def __init__(
        self,
        layout: TableLayout,
        sql: str,
        selection: EventSelection,
        batches: Sequence[int],
        covered: Sequence[tuple[int, int]],
        facts: Mapping[str, FactTables],
    ) -> None:
        self._calls = facts[CALLS_EVENT].counts
        self._facts = {table.name: table for tables in facts.values() for table in tables.relations}
        self._layout, self._selection, self._batches, self._covered = layout, selection, batches, covered
        self._body = body = without_comments(sql)
        body = _PLACES.sub(lambda match: f"{match[1]} ({self._relation(match[2])}) AS {match[2]}", body)
        parameters = chart_parameters(selection)
        self.sql = PARAMETER.sub(lambda match: sql_literal(parameters[match[1]]), body)

    def _relation(self, name: str) -> str:
        if name == STANDING:
            return _STANDING.format(days=self._days(STANDING_TABLE, history=True))
        if name in LIFETIMES:
            return self._lifetime(LIFETIMES[name])
        if name in RECENT:
            return self._recent(self._selection if name == RECENT_CALLS else self._without_filters)
        if name.startswith(LIFETIME_FACTS):
            return self._days(name.removeprefix(LIFETIME_FACTS), history=True)
        return self._days("presence" if name == HISTORY else name, history=name == HISTORY)

    def _days(self, name: str, *, history: bool) -> str:
        rollup = self._facts.get(name) or ROLLUPS_BY_NAME[name]
        days = ["day >= $first_day", "day < $last_day"]
        if reads_samples(name):
            days += ["modulo(instance, $one_in) = 0"] if self._selection.one_in > 1 else []
            days += [f"modulo($last_day - 1 - toInt64(day), {self._selection.one_day_in}) = 0"]
        if self._selection.exact and not history:
            return self._from_raw(rollup, [*days, "ts >= $start", "ts < $end"], self._selection.bucket_seconds)
        if name in self._facts:
            return self._from_raw(rollup, ["1"] if history else days, DAY_SECONDS)
        tail = self._from_raw(
            rollup, ["1" if history else " AND ".join(days), uncovered_condition(self._covered)], DAY_SECONDS
        )
        if not self._batches:
            return tail
        return f"{self._from_rollup(rollup, history)} UNION ALL {tail}"

    def _lifetime(self, name: str) -> str:
        rollup = ROLLUPS_BY_NAME[name]
        conditions = filter_conditions(self._selection, rollup, _KEPT) if name == "presence" else []
        # A constant in one half of a union and none in the other is refused by old servers.
        keys = {**self._shown_keys(rollup), "shown_fits": f"({' AND '.join(conditions) or 'instance = instance'})"}
        terms = [
            uncovered_condition(self._covered),
            *conditions_for(self._without_filters, rollup, _IS_INTERNAL, _KEPT),
        ]
        rows = _counting_query(self._layout, rollup, terms, {"block": _block(), **keys})
        tail = f"SELECT {_renamed(rollup, keys)} FROM ({rows})"  # noqa: S608 - our own words
        if not self._batches:
            return tail
        terms = [
            f"batch IN ({', '.join(map(str, self._batches))})",
            *conditions_for(self._without_filters, rollup, "internal", _KEPT),
        ]
        named = ", ".join(("block", *(f"{value} AS {key}" for key, value in keys.items()), "mask"))
        rows = f"SELECT {named} FROM {self._layout.table(rollup.name)} WHERE {' AND '.join(terms)}"  # noqa: S608 - our own words
        return f"SELECT {_renamed(rollup, keys)} FROM ({rows}) UNION ALL {tail}"  # noqa: S608 - our own words

    def _recent(self, selection: EventSelection) -> str:
        rollup = ROLLUPS_BY_NAME["tool_instances"]
        terms = [
            f"day >= greatest($first_day, $last_day - {RECENT_DAYS})",
            "day < $last_day",
            f"instance_kind <> '{EPHEMERAL}'",
            not_repeated_condition(self._layout),
            *conditions_for(selection, rollup, _IS_INTERNAL, _KEPT),
        ]
        if selection is self._selection:
            terms.append(f"event = '{rollup.event}'")
        texts = {name: shown_value(selection, name, name, _KEPT) for name in RECENT_TEXTS}
        texts |= {key: _key_expression(self._calls, key) for key in recent_keys(self._calls, self._body)}
        columns = ", ".join(("instance", "ts", "event", *(f"{value} AS shown_{name}" for name, value in texts.items())))
        renamed = ", ".join(("instance", "ts", "event", *(f"shown_{name} AS {name}" for name in texts)))
        rows = f"SELECT {columns} FROM {self._layout.table(EVENTS)} WHERE {' AND '.join(terms)}"  # noqa: S608 - our own words
        return f"SELECT {renamed} FROM ({rows})"  # noqa: S608 - our own words

    @property
    def _without_filters(self) -> EventSelection:
        return replace(self._selection, filters={})

    def _from_rollup(self, rollup: RollupTable, history: bool) -> str:
        terms = [
            f"batch IN ({', '.join(map(str, self._batches))})",
            *conditions_for(self._selection, rollup, "internal", _KEPT),
            *(self._standing_condition(rollup) if rollup.is_presence else ()),
        ]
        period, values, nonzero = "block", "mask", ""
        if not rollup.is_presence:
            terms += ["day >= $first_day", "day < $last_day"]
            period, values = f"toInt64(day) * {DAY_SECONDS} AS moment", ", ".join(rollup.values)
        elif not history:
            terms.append("block BETWEEN $first_block AND $last_block")
            values, nonzero = f"{_RANGE_MASK} AS ranged", " WHERE ranged <> 0"
        keys = self._shown_keys(rollup)
        named = ", ".join((period, *(f"{value} AS {key}" for key, value in keys.items()), values))
        rows = f"SELECT {named} FROM {self._layout.table(rollup.name)} WHERE {' AND '.join(terms)}"  # noqa: S608 - our own words
        return f"SELECT {_renamed(rollup, keys, 'ranged' if nonzero else '')} FROM ({rows}){nonzero}"  # noqa: S608 - our own words

    def _from_raw(self, rollup: RollupTable, where: Sequence[str], bucket: int) -> str:
        terms = [*where, *conditions_for(self._selection, rollup, _IS_INTERNAL, _KEPT)]
        terms += self._standing_condition(rollup)
        keys = self._shown_keys(rollup)
        period = {"block": _block()} if rollup.is_presence else {_MOMENT: f"toInt64(intDiv(ts, {bucket})) * {bucket}"}
        prefix = "" if rollup.is_presence else "measured_"
        rows = _counting_query(self._layout, rollup, terms, period | keys, prefix=prefix)
        return f"SELECT {_renamed(rollup, keys, prefix=prefix, moment=_MOMENT)} FROM ({rows})"  # noqa: S608 - our own words

    def _standing_condition(self, rollup: RollupTable) -> list[str]:
        if not self._selection.established or rollup.name == STANDING_TABLE:
            return []
        return [f"instance GLOBAL IN (SELECT instance FROM ({self._relation(STANDING)}) WHERE established)"]  # noqa: S608 - our own words

    def _shown_keys(self, rollup: RollupTable) -> dict[str, str]:
        """The value of each column that the chart names, under another name, because conditions are about columns."""
        return {
            f"shown_{name}": shown_value(self._selection, name, _key_expression(rollup, name), _KEPT)
            for name in chart_columns(rollup, self._body)
        }


def _key_expression(rollup: RollupTable, key: str) -> str:
    """A key over raw events, or over the roll-up: the roll-ups that are stored here have the columns of raw events."""
    if key == LASTING:
        return f"instance_kind <> '{EPHEMERAL}'"
    column = rollup.raw.get(key, key)
    return f"multiIf({column} = 1, 'true', {column} = 0, 'false', '')" if key in rollup.flags else column


def _renamed(rollup: RollupTable, keys: Mapping[str, str], mask: str = "", prefix: str = "", moment: str = "") -> str:
    """The columns of a relation over rows with `keys`; `mask` and `moment` are the columns that get these names."""
    period = "block" if rollup.is_presence else f"{moment} AS moment" if moment else "moment"
    values = [f"{mask} AS mask"] if mask else [f"{prefix}{name} AS {name}" for name in rollup.values]
    return ", ".join((period, *(f"{key} AS {key.removeprefix('shown_')}" for key in keys), *values))


# A mask's highest bit is rounded up at most where the days below it are seen too, and the span is long anyway.
_STANDING = (
    "SELECT instance, min(first) AS first_day, "  # noqa: S608 - our own words
    f"sum(days) >= {STANDING_DAYS} AND max(last) - min(first) >= {STANDING_SPAN} AS established FROM ("
    f"SELECT instance, toInt64(block) * {BLOCK_DAYS} - {MONDAY_OFFSET} "
    "+ toInt64(round(log2(bitAnd(m, toUInt64(bitXor(m, m - 1)))))) AS first, "
    f"toInt64(block) * {BLOCK_DAYS} - {MONDAY_OFFSET} + toInt64(floor(log2(m))) AS last, "
    f"toInt64(arraySum(arrayMap(k -> bitAnd(bitShiftRight(m, k), 1), range({BLOCK_DAYS})))) AS days FROM ("
    "SELECT instance, block, groupBitOr(mask) AS m FROM ({days}) GROUP BY instance, block) WHERE m > 0) "
    "GROUP BY instance"
)
_RANGE_MASK = (
    "bitAnd(mask, toUInt64(if(block = $first_block, $first_mask, "
    f"if(block = $last_block, $last_mask, {FULL_BLOCK_MASK}))))"
)


def uncovered_condition(covered: Sequence[tuple[int, int]]) -> str:
    """The condition on raw events that no roll-up counts yet."""
    ranges = [f"load BETWEEN {first} AND {last}" for first, last in covered]
    return f"NOT ({' OR '.join(ranges)})" if ranges else "1"

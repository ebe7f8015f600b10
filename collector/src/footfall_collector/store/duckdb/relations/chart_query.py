"""DuckDB SQL of a query: the relations that it names, over raw events and roll-ups."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import duckdb

from ....admit import EPHEMERAL
from ...chart_query import (
    PARAMETER,
    chart_columns,
    chart_parameters,
    conditions_for,
    filter_conditions,
    reads_samples,
    recent_keys,
    shown_value,
    without_comments,
)
from ...interface import EventSelection, stoppable_query
from ...periods import BLOCK_DAYS, DAY_SECONDS, FULL_BLOCK_MASK, MONDAY_OFFSET, months_between
from ...rollups import (
    CALLS_EVENT,
    FACTS_PATTERN,
    HISTORY,
    INSTANCE,
    LIFETIME_FACTS,
    LIFETIMES,
    NARROW_ROLLUPS,
    RECENT,
    RECENT_CALLS,
    RECENT_DAYS,
    RECENT_TEXTS,
    ROLLUPS_BY_NAME,
    STANDING,
    STANDING_DAYS,
    STANDING_SPAN,
    STANDING_TABLE,
    VERSION_AND_PROVIDER,
    FactTables,
    RollupTable,
)
from .rollup_sql import INTERNAL, ROLLUP_FILE, counting_query, key_expression

_NAMES = re.compile(rf"\b({'|'.join((*ROLLUPS_BY_NAME, HISTORY, STANDING, *LIFETIMES, *RECENT, FACTS_PATTERN))})\b")
_KEPT = "{value} IN (SELECT unnest($kept_{column}::VARCHAR[]))"
_ROWS_AT_ONCE = 1000
MAX_BRANCHES = 24
"""Branches of a union, each with more than a mebibyte of the engine's memory: a hundred had no room in all of it."""
_SPECIFIC = re.compile(rf"\b({'|'.join(VERSION_AND_PROVIDER)})\b")


class QuerySource(NamedTuple):
    """What a query reads.

    Attributes:
        raw_tables: month to its raw events, in an exact range, one of which samples are read, or a range's last days.
        unrolled_tables: those with events that the roll-ups don't hold yet, those of loads after `rolled`.
        facts: event to its relations.
    """

    raw_tables: Mapping[str, str]
    unrolled_tables: Sequence[str]
    rolled: int
    facts: Mapping[str, FactTables]


class DuckChartQuery:
    """A chart's SQL behind the relations that it names, as common table expressions, with their parameters.

    If neither the chart nor the selection mentions a version or a provider, the narrow roll-ups are read.
    """

    def __init__(self, sql: str, selection: EventSelection, source: QuerySource) -> None:
        facts, self._calls = source.facts.values(), source.facts[CALLS_EVENT].counts
        self._rollups = ROLLUPS_BY_NAME | {table.name: table for one in facts for table in one.relations}
        self._selection, self._raw_tables, self._unrolled_tables = selection, source.raw_tables, source.unrolled_tables
        self._body = body = without_comments(sql)
        names = sorted(set(_NAMES.findall(body)))
        self._narrow = not _SPECIFIC.search(body) and not any(
            column in VERSION_AND_PROVIDER for column in selection.filters
        )
        if selection.established:
            # First, because the others refer to it.
            names = [STANDING, *(name for name in names if name != STANDING)]
        relations = ", ".join(f"{name} AS ({self._relation(name)})" for name in names)
        separator, remainder = (", ", body[4:]) if body[:4].upper() == "WITH" else (" ", body)
        self.sql = f"WITH {relations}{separator}{remainder}" if names else body
        parameters = {**chart_parameters(selection), "rolled": source.rolled}
        named = {name: parameters[name] for name in sorted(set(PARAMETER.findall(self.sql)))}
        self.parameters = {name: list(value) if isinstance(value, tuple) else value for name, value in named.items()}

    def rows(self, cursor: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
        """The query's rows. They are fetched in parts: the interpreter's other threads wait while one is made."""
        rows: list[tuple[Any, ...]] = []
        with stoppable_query(cursor.interrupt) as check:
            cursor.execute(self.sql, self.parameters)
            while part := cursor.fetchmany(_ROWS_AT_ONCE):
                rows += part
                check()
        return rows

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
        rollup = NARROW_ROLLUPS[name] if self._narrow and name in NARROW_ROLLUPS else self._rollups[name]
        if reads_samples(name):
            return " UNION ALL ".join(self._samples(rollup) or [_no_rows(rollup)])
        if self._selection.exact and not history:
            raw = ["ts >= $start", "ts < $end"]
            bucket = self._selection.bucket_seconds
            branches = [self._from_rollup(rollup, ["false"], bucket)]
            branches += [self._from_raw(rollup, table, raw, bucket) for table in self._raw_tables.values()]
        else:
            raw = ["load > $rolled"]
            if not history:
                raw += ["ts >= $first_second", "ts < $last_second"]
            branches = [self._from_rollup(rollup, [] if history else _range_conditions(rollup), DAY_SECONDS)]
            branches += [self._from_raw(rollup, table, raw, DAY_SECONDS) for table in self._unrolled_tables]
        return " UNION ALL ".join(branches)

    def _samples(self, rollup: RollupTable) -> list[str]:
        """The queries for the values of raw events: of all days, or of one in `one_day_in` from the last one on."""
        selection = self._selection
        first, last = selection.raw_range
        every = selection.one_day_in
        # Before the rows are grouped, which takes longer. A divisor with a sign makes the engine divide 128 bits.
        sampled = ["instance % $one_in::UBIGINT = 0"] if selection.one_in > 1 else []
        read = self._months_of([(first, last)])
        if every > 1:
            starts = range(last - DAY_SECONDS, first - 1, -DAY_SECONDS * every)
            # Each by itself, so that no other day is read.
            days = self._months_of([(start, start + DAY_SECONDS) for start in starts])
            if len(days) <= MAX_BRANCHES:
                read = days
            else:
                sampled.append(f"({last - 1} - ts) // {DAY_SECONDS} % {every} = 0")
        return [
            self._from_raw(rollup, table, [f"ts >= {start}", f"ts < {end}", *sampled], selection.bucket_seconds)
            for start, end, table in read
        ]

    def _months_of(self, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        """(start, end, table) of the months that some spans are in."""
        tables = self._raw_tables
        return [(*span, tables[month]) for span in spans for month in months_between(*span) if month in tables]

    def _lifetime(self, name: str) -> str:
        # Only the rows of `presence` are compared with filters, so the narrow roll-up always does for the others.
        rollup = ROLLUPS_BY_NAME[name] if name == "presence" else NARROW_ROLLUPS.get(name, ROLLUPS_BY_NAME[name])
        keys, conditions = chart_columns(rollup, self._body), filter_conditions(self._selection, rollup, _KEPT)
        fits = f"coalesce({' AND '.join(conditions)}, false)" if conditions and name == "presence" else "true"
        shown = "".join(f"{shown_value(self._selection, key, key, _KEPT)} AS {key}, " for key in keys)
        terms = conditions_for(self._without_filters, rollup, "internal", _KEPT)
        branches = [
            f"SELECT block, {shown}{fits} AS fits, mask FROM {ROLLUP_FILE}.{rollup.name} WHERE {' AND '.join(terms)}"  # noqa: S608 - our own words
        ]
        named = {
            f"shown_{key}": shown_value(self._selection, key, key_expression(rollup, key, DAY_SECONDS), _KEPT)
            for key in keys
        }
        period = {rollup.period: key_expression(rollup, rollup.period, DAY_SECONDS)}
        terms = ["load > $rolled", *conditions_for(self._without_filters, rollup, INTERNAL, _KEPT)]
        columns = "".join(f"shown_{key} AS {key}, " for key in keys)
        branches += [
            f"SELECT block, {columns}fits, mask FROM "  # noqa: S608 - our own words
            f"({counting_query(rollup, table, terms, {**period, **named, 'fits': fits})})"
            for table in self._unrolled_tables
        ]
        return " UNION ALL ".join(branches)

    def _recent(self, selection: EventSelection) -> str:
        rollup = ROLLUPS_BY_NAME["tool_instances"]
        terms = [
            f"ts >= greatest($first_second, $last_second - {RECENT_DAYS * DAY_SECONDS})",
            "ts < $last_second",
            f"instance_kind <> '{EPHEMERAL}'",
            *conditions_for(selection, rollup, INTERNAL, _KEPT),
        ]
        if selection is self._selection:
            terms.append(f"event = '{rollup.event}'")
        texts = {name: shown_value(selection, name, f"coalesce({name}, '')", _KEPT) for name in RECENT_TEXTS}
        texts |= {key: key_expression(self._calls, key, DAY_SECONDS) for key in recent_keys(self._calls, self._body)}
        columns = ", ".join(("instance", "ts", "event", *(f"{value} AS {name}" for name, value in texts.items())))
        # Without a table the relation is empty, with the columns of the others.
        nothing = ", ".join(f"'' AS {name}" for name in ("event", *texts))
        branches = [f"SELECT 0::UBIGINT AS instance, 0::BIGINT AS ts, {nothing} WHERE false"]
        tables = self._raw_tables.values()
        branches += [f"SELECT {columns} FROM {table} WHERE {' AND '.join(terms)}" for table in tables]  # noqa: S608 - our own words
        return " UNION ALL ".join(branches)

    @property
    def _without_filters(self) -> EventSelection:
        return replace(self._selection, filters={})

    def _from_rollup(self, rollup: RollupTable, where: Sequence[str], bucket: int) -> str:
        terms = [*where, *conditions_for(self._selection, rollup, "internal", _KEPT)]
        if INSTANCE in rollup.keys:
            terms += self._standing_condition(rollup)
        ranged = rollup.is_presence and where == _range_conditions(rollup)
        mask = "mask & " + _RANGE_MASK + " AS mask" if ranged else "mask"
        values = mask if rollup.is_presence else ", ".join(rollup.values)
        period = "block" if rollup.is_presence else f"day::BIGINT * {bucket} AS moment"
        shown = (
            f"{shown_value(self._selection, name, name, _KEPT)} AS {name}" for name in chart_columns(rollup, self._body)
        )
        columns = ", ".join((period, *shown, values))
        return f"SELECT {columns} FROM {ROLLUP_FILE}.{rollup.name} WHERE {' AND '.join(terms)}"  # noqa: S608 - our own words

    def _from_raw(self, rollup: RollupTable, table: str, where: Sequence[str], bucket: int) -> str:
        terms = [*where, *conditions_for(self._selection, rollup, INTERNAL, _KEPT)]
        terms += self._standing_condition(rollup)
        # A key has another name than its column, which the conditions are about.
        keys = {
            f"shown_{name}": shown_value(self._selection, name, key_expression(rollup, name, bucket), _KEPT)
            for name in chart_columns(rollup, self._body)
        }
        period = "block" if rollup.is_presence else f"day::BIGINT * {bucket} AS moment"
        columns = ", ".join((period, *(f"{key} AS {key.removeprefix('shown_')}" for key in keys), *rollup.values))
        keys[rollup.period] = key_expression(rollup, rollup.period, bucket)
        return f"SELECT {columns} FROM ({counting_query(rollup, table, terms, keys)})"  # noqa: S608 - our own words

    def _standing_condition(self, rollup: RollupTable) -> list[str]:
        is_standing = rollup.name == STANDING_TABLE
        return [_ESTABLISHED] if self._selection.established and not is_standing else []


def _no_rows(rollup: RollupTable) -> str:
    columns = {"moment": "BIGINT", **rollup.columns()}
    nulls = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in columns.items() if name != rollup.period)
    return f"SELECT {nulls} WHERE false"


_ESTABLISHED = f"instance IN (SELECT instance FROM {STANDING} WHERE established)"  # noqa: S608 - our own words
# A mask's highest bit is rounded up at most where the days below it are seen too, and the span is long anyway.
_STANDING = (
    "SELECT instance, min(first) AS first_day, "  # noqa: S608 - our own words
    f"sum(days) >= {STANDING_DAYS} AND max(last) - min(first) >= {STANDING_SPAN} AS established FROM ("
    f"SELECT instance, block * {BLOCK_DAYS} - {MONDAY_OFFSET} + bit_count((mask & -mask) - 1) AS first, "
    f"block * {BLOCK_DAYS} - {MONDAY_OFFSET} + floor(log2(mask))::BIGINT AS last, bit_count(mask) AS days FROM ("
    "SELECT instance, block, bit_or(mask) AS mask FROM ({days}) WHERE mask > 0 GROUP BY instance, block)) "
    "GROUP BY instance"
)
_RANGE_MASK = (
    f"CASE block WHEN $first_block THEN $first_mask WHEN $last_block THEN $last_mask ELSE {FULL_BLOCK_MASK} END::BIGINT"
)


def _range_conditions(rollup: RollupTable) -> list[str]:
    if rollup.is_presence:
        return ["block BETWEEN $first_block AND $last_block", f"(mask & {_RANGE_MASK}) <> 0"]
    return ["day >= $first_day", "day < $last_day"]

"""ClickHouse SQL over raw events and rollups: the relations of `store/duckdb/relations.py`, with the same columns.

A relation stands where the chart's SQL names it, as a subquery: old servers know no WITH. Values are written into the
text as literals, by one function, because embedded ClickHouse has no parameters of its own.
"""

import re
from collections.abc import Sequence

from ..chart_query import PARAMETER, Parameter, body_of, parameters_of, shown_keys, terms_of
from ..interface import Scope
from ..periods import ALL_DAYS, BLOCK_DAYS, DAY, MONDAY
from ..rollups import BY_NAME, EPHEMERAL, HISTORY, Rollup
from .layout import EVENTS, Layout

_PLACES = re.compile(rf"\b(FROM|JOIN)\s+({'|'.join((*BY_NAME, HISTORY))})\b")
_MEASURES = {"count(*)": "count()", "count_if(success = false)": "countIf(success = 0)"}


def literal(value: Parameter) -> str:
    """A value as SQL."""
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{quoted}'"
    return str(int(value or 0))


def not_repeated(layout: Layout) -> str:
    """Leaves out rows that two collectors loaded at the same moment, all but one of them."""
    return f"(load, uuid) NOT IN (SELECT load, uuid FROM {layout.table('repeated')})"  # noqa: S608 - our own words


def counted(
    layout: Layout, rollup: Rollup, where: Sequence[str], bucket: int | None = None, repeated: bool = False
) -> str:
    """A rollup's rows as they follow from raw events; with a `bucket` (seconds) a counter has `moment` for its day.

    `repeated`: count rows too that another collector loaded as well.
    """
    terms = [*where] if repeated else [*where, not_repeated(layout)]
    if rollup.event is not None:
        terms.append(f"event = '{rollup.event}'")
    if rollup.presence:
        terms.append(f"instance_kind <> '{EPHEMERAL}'")
    terms += [f"NOT isNaN({name})" for name, type_ in rollup.dimensions.items() if type_ == "DOUBLE"]
    period = rollup.period
    keys = {period: _block() if rollup.presence else "day", "internal": "is_internal = 1"}
    if bucket is not None and not rollup.presence:
        period, keys["moment"] = "moment", f"toInt64(intDiv(ts, {bucket})) * {bucket}"
    names = [period, *(key for key in rollup.keys if key != rollup.period)]
    shown = [f"{keys[key]} AS {key}" if keys.get(key, key) != key else key for key in names]
    if rollup.presence:
        bit = f"toUInt8(modulo(day + {MONDAY}, {BLOCK_DAYS}))"
        values = f"groupBitOr(bitShiftLeft(toUInt64(1), {bit})) AS mask"
    else:
        values = ", ".join(f"toInt64({_MEASURES[how]}) AS {name}" for name, how in rollup.measures.items())
    source = f"FROM {layout.table(EVENTS)} WHERE {' AND '.join(terms)} GROUP BY {', '.join(names)}"
    return f"SELECT {', '.join(shown)}, {values} {source}"


def _block() -> str:
    # Without a cast inside: 26.9 fails on conditions that it carries through one into the table's key.
    return f"toUInt16(intDiv(day + {MONDAY}, {BLOCK_DAYS}))"


class Question:
    """A chart's SQL with its relations put in.

    `batches` are those that count; `covered` the ranges of loads (both ends included) that they hold: what other raw
    events there are is counted from the events themselves.
    """

    def __init__(
        self, layout: Layout, sql: str, scope: Scope, batches: Sequence[int], covered: Sequence[tuple[int, int]]
    ) -> None:
        self._layout, self._scope, self._batches, self._covered = layout, scope, batches, covered
        body = body_of(sql)
        body = _PLACES.sub(lambda found: f"{found[1]} ({self._relation(found[2])}) AS {found[2]}", body)
        known = parameters_of(scope)
        self.sql = PARAMETER.sub(lambda found: literal(known[found[1]]), body)

    def _relation(self, name: str) -> str:
        history = name == HISTORY
        rollup = BY_NAME["presence" if history else name]
        days = ["day >= $first_day", "day < $last_day"]
        if self._scope.exact and not history:
            return self._from_raw(rollup, [*days, "ts >= $start", "ts < $end"], self._scope.step)
        tail = self._from_raw(rollup, ["1" if history else " AND ".join(days), uncovered(self._covered)], DAY)
        if not self._batches:
            return tail
        return f"{self._from_rollup(rollup, history)} UNION ALL {tail}"

    def _from_rollup(self, rollup: Rollup, history: bool) -> str:
        terms = [f"batch IN ({', '.join(map(str, self._batches))})", *terms_of(self._scope, rollup, "internal")]
        table = self._layout.table(rollup.name)
        if not rollup.presence:
            terms += ["day >= $first_day", "day < $last_day"]
            values = ", ".join(rollup.values)
            shown = f"toInt64(day) * {DAY} AS moment, {', '.join(shown_keys(rollup))}, {values}"
            return f"SELECT {shown} FROM {table} WHERE {' AND '.join(terms)}"  # noqa: S608 - words of this program
        shown = ", ".join(("block", *shown_keys(rollup)))
        if history:
            return f"SELECT {shown}, mask FROM {table} WHERE {' AND '.join(terms)}"  # noqa: S608 - words of this program
        terms.append("block BETWEEN $first_block AND $last_block")
        within = f"SELECT {shown}, {_RANGED} AS ranged FROM {table} WHERE {' AND '.join(terms)}"  # noqa: S608 - words of this program
        return f"SELECT {shown}, ranged AS mask FROM ({within}) WHERE ranged <> 0"  # noqa: S608 - words of this program

    def _from_raw(self, rollup: Rollup, where: Sequence[str], bucket: int) -> str:
        terms = [*where, *terms_of(self._scope, rollup, "(is_internal = 1)")]
        period = "block" if rollup.presence else "moment"
        shown = ", ".join((period, *shown_keys(rollup), *rollup.values))
        return f"SELECT {shown} FROM ({counted(self._layout, rollup, terms, bucket)})"  # noqa: S608 - words of this program


_RANGED = (
    f"bitAnd(mask, toUInt64(if(block = $first_block, $first_mask, if(block = $last_block, $last_mask, {ALL_DAYS}))))"
)


def uncovered(covered: Sequence[tuple[int, int]]) -> str:
    """The condition on raw events that are in no rollup yet."""
    ranges = [f"load BETWEEN {first} AND {last}" for first, last in covered]
    return f"NOT ({' OR '.join(ranges)})" if ranges else "1"

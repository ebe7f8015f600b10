"""What differs between the engines' SQL of a question: a few expressions, and the relations that need more than those.

Old ClickHouse servers have no WITH, no window functions and no GROUP BY by position, so the shared SQL has none either.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ...store import BLOCK_DAYS, DAY_SECONDS, FIRST_AT, FULL_BLOCK_MASK, LAST_AT, MONDAY_OFFSET

_STAMP = 10_000_000_000
"""Added to a moment, it gives eleven digits, so that texts that begin with them order as the moments do."""
_AFTER_STAMP = 12
_NUMBER_BITS = 24
"""Of the number of a value behind the seconds of a moment, in a BIGINT."""


class Dialect(Protocol):
    """An engine's SQL. Relations and parameters are named as in charts' SQL."""

    instances: str
    """The number of distinct instances in a group; ephemeral ones don't count."""
    first_days: str
    """The query for (instance, first_day): the day on which each instance was first seen, at any time."""
    seen_days: str
    """The query for (instance, day): the days on which instances were seen, of the blocks `$now_…`."""

    def divided(self, number: str, by: int) -> str:
        """The quotient, rounded down."""

    def among(self, value: str, parameter: str) -> str:
        """Whether a text is one of the parameter's."""

    def begins(self, value: str, parameter: str) -> str:
        """Whether a text begins with the parameter."""

    def within(self, columns: Sequence[str], rows: str) -> str:
        """Whether the values of some columns are a row of a query."""

    def total(self, value: str, condition: str = "") -> str:
        """The sum of a value over the rows of a group, or over those of them that fulfil a condition."""

    def joined(self, left: str, right: str, columns: Sequence[str], *, outer: bool = False) -> str:
        """Two queries joined by columns of equal names; `outer` keeps every row of the left one."""

    def states(self, relation: str, value: str, condition: str) -> str:
        """The query for (instance, day, v): the value that each instance's latest start gives it, for each day.

        `condition` is about `v`.
        """

    def percentile(self, counts: str, percent: int) -> str:
        """The query for (b, v, total, low, high) over (b, v, value, c): the values around a percentile's position."""

    def seen(self, presence: str, columns: str, by_day: bool) -> str:
        """The query for (moment, instance, lasting, *columns, n) of a relation of presence: one row for each day.

        Without `by_day` one row for each block, with the moment 0. `columns` end with a comma.
        """

    def where(self, value: str, condition: str) -> str:
        """A number where a condition holds, otherwise 0."""

    def block(self, day: str) -> str:
        """The block of a day, of presence."""

    def bit(self, day: str) -> str:
        """The mask of a day in its block."""

    def within_range(self, day: str) -> str:
        """A day, or the selection's first or last day where it is before or after those."""

    def named(self, relation: str, relations: Mapping[str, str]) -> str:
        """What stands after FROM for one of the relations that `defined` defines."""

    def defined(self, body: str, relations: Mapping[str, str]) -> str:
        """The query with the queries of the relations that it names, by name."""


class DuckDialect:
    """DuckDB's `Dialect`."""

    instances = "count(DISTINCT instance) FILTER (lasting)"
    first_days = (
        f"SELECT instance, min(block * {BLOCK_DAYS} - {MONDAY_OFFSET} + bit_count((mask & -mask) - 1)) AS first_day "  # noqa: S608 - numbers
        "FROM history WHERE mask > 0 GROUP BY instance"
    )
    seen_days = (
        f"SELECT instance, block * {BLOCK_DAYS} - {MONDAY_OFFSET} + bit AS day "  # noqa: S608 - numbers
        f"FROM history, range({BLOCK_DAYS}) b(bit) "
        "WHERE block BETWEEN $now_first_block AND $now_last_block AND (mask >> bit) & 1 = 1"
    )

    def divided(self, number: str, by: int) -> str:
        return f"({number} // {by})"

    def among(self, value: str, parameter: str) -> str:
        return f"{value} IN (SELECT unnest(${parameter}::VARCHAR[]))"

    def begins(self, value: str, parameter: str) -> str:
        return f"starts_with({value}, ${parameter})"

    def within(self, columns: Sequence[str], rows: str) -> str:
        return f"({', '.join(columns)}) IN ({rows})"

    def total(self, value: str, condition: str = "") -> str:
        return f"coalesce(sum({value}){f' FILTER ({condition})' if condition else ''}, 0)::BIGINT"

    def joined(self, left: str, right: str, columns: Sequence[str], *, outer: bool = False) -> str:
        return f"({left}) {'LEFT ' if outer else ''}JOIN ({right}) USING ({', '.join(columns)})"

    def states(self, relation: str, value: str, condition: str) -> str:
        return (
            "SELECT instance, unnest(range(since, upto)) AS day, v FROM ("  # noqa: S608 - our own words
            "SELECT instance, v, greatest(day, $first_day::BIGINT) AS since, "
            "lead(day, 1, $last_day::BIGINT) OVER (PARTITION BY instance ORDER BY day) AS upto FROM ("
            f"SELECT instance, moment // {DAY_SECONDS} AS day, "
            f"substring(max(concat({LAST_AT} + {_STAMP}, {value})), {_AFTER_STAMP}) AS v FROM {relation} GROUP BY ALL "
            "UNION ALL SELECT instance, 0 AS day, "
            f"substring(min(concat({FIRST_AT} + {_STAMP}, {value})), {_AFTER_STAMP}) AS v FROM {relation} "
            f"GROUP BY ALL)) WHERE {condition}"
        )

    def state_days(self, starts: str, value: str, blocks: str) -> str:
        """The query for (instance, block, v, mask): the days on which each instance's latest start gives a value.

        A day without a start has the value of the day before, and the days before the first start have that one's.
        `blocks` is the query for the blocks of interest. Values are numbered in their order, which decides between
        starts of one second.
        """
        number = f"& {(1 << _NUMBER_BITS) - 1} AS number"
        stamped = "(({at} << {bits}) | number)"
        begun = "begun JOIN every_block USING (instance, block)"
        last, first = (stamped.format(at=at, bits=_NUMBER_BITS) for at in (LAST_AT, FIRST_AT))
        block, bit = f"(day + {MONDAY_OFFSET}) // {BLOCK_DAYS}", f"((day + {MONDAY_OFFSET}) % {BLOCK_DAYS})"
        return (
            "WITH numbered AS MATERIALIZED (SELECT v, row_number() OVER (ORDER BY v) AS number "  # noqa: S608 - our own words
            f"FROM (SELECT DISTINCT {value} AS v FROM {starts})), "
            f"by_day AS (SELECT instance, moment // {DAY_SECONDS} AS day, max({last}) {number}, "
            f"min({first}) AS earliest FROM {starts} JOIN numbered ON v = {value} GROUP BY ALL), "
            f"by_block AS MATERIALIZED (SELECT instance, {block} AS block, number, bit_or(1::BIGINT << {bit}) AS fits, "
            "max(day) AS last_day, min(earliest) AS earliest FROM by_day GROUP BY ALL), "
            "ends AS (SELECT instance, block, bit_or(fits) AS started, arg_max(number, last_day) AS number "
            "FROM by_block GROUP BY ALL), "
            f"firsts AS (SELECT instance, min(earliest) {number} FROM by_block GROUP BY instance), "
            "every_block AS MATERIALIZED (SELECT f.instance, b.block, coalesce(e.started, 0) AS started, "
            "coalesce(last_value(e.number IGNORE NULLS) OVER (PARTITION BY f.instance ORDER BY b.block "
            "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), f.number) AS carried "
            f"FROM firsts f CROSS JOIN ({blocks}) b "
            "LEFT JOIN ends e ON e.instance = f.instance AND e.block = b.block), "
            "begun AS (SELECT instance, block, number, bit_or(fits) AS fits FROM ("
            "SELECT instance, block, number, fits FROM by_block UNION ALL "
            "SELECT instance, block, carried, 1 - (started & 1) FROM every_block) GROUP BY ALL) "
            f"SELECT instance, block, v, fits AS mask FROM ({_filled(begun)}) "
            "JOIN numbered USING (number) WHERE fits <> 0"
        )

    def percentile(self, counts: str, percent: int) -> str:
        low, high = f"(total - 1) * {percent} // 100", f"((total - 1) * {percent} + 99) // 100"
        around = f"min(value) FILTER (upto > {low}), min(value) FILTER (upto > {high})"
        return (
            f"SELECT b, v, any_value(total), {around} FROM ("  # noqa: S608 - our own words
            "SELECT b, v, value, (sum(c) OVER (PARTITION BY b, v ORDER BY value))::BIGINT AS upto, "
            f"(sum(c) OVER (PARTITION BY b, v))::BIGINT AS total FROM ({counts})) GROUP BY b, v"
        )

    def seen(self, presence: str, columns: str, by_day: bool) -> str:
        moment, source, term = "0::BIGINT", presence, "mask <> 0"
        if by_day:
            moment = f"(block * {BLOCK_DAYS}::BIGINT - {MONDAY_OFFSET} + bit) * {DAY_SECONDS}"
            source, term = f"{presence}, range({BLOCK_DAYS}) b(bit)", "(mask >> bit) & 1 = 1"
        return f"SELECT {moment} AS moment, instance, true AS lasting, {columns}1 AS n FROM {source} WHERE {term}"  # noqa: S608 - our own words

    def where(self, value: str, condition: str) -> str:
        return f"CASE WHEN {condition} THEN {value} ELSE 0 END"

    def block(self, day: str) -> str:
        return f"(({day} + {MONDAY_OFFSET}) // {BLOCK_DAYS})::INTEGER"

    def bit(self, day: str) -> str:
        return f"1::BIGINT << (({day} + {MONDAY_OFFSET}) % {BLOCK_DAYS})"

    def within_range(self, day: str) -> str:
        return f"greatest(least({day}, $last_day::BIGINT - 1), $first_day::BIGINT)"

    def named(self, relation: str, relations: Mapping[str, str]) -> str:
        return f"segment_{relation}" if relation in relations else relation

    def defined(self, body: str, relations: Mapping[str, str]) -> str:
        named = ", ".join(f"segment_{name} AS ({query})" for name, query in relations.items())
        return f"WITH {named}, {body[4:]}" if body[:4].upper() == "WITH" else f"WITH {named} {body}"


class ClickHouseDialect:
    """ClickHouse's `Dialect`, for servers from 18.16 on."""

    instances = "uniqExactIf(instance, lasting)"
    first_days = (
        f"SELECT instance, min(toInt64(block) * {BLOCK_DAYS} - {MONDAY_OFFSET} "  # noqa: S608 - numbers
        "+ toInt64(round(log2(bitAnd(mask, toUInt64(bitXor(mask, mask - 1))))))) AS first_day "
        "FROM history WHERE mask > 0 GROUP BY instance"
    )
    seen_days = (
        f"SELECT instance, toInt64(block) * {BLOCK_DAYS} - {MONDAY_OFFSET} + toInt64(bit) AS day "  # noqa: S608 - numbers
        f"FROM history ARRAY JOIN range({BLOCK_DAYS}) AS bit "
        "WHERE block BETWEEN $now_first_block AND $now_last_block AND bitAnd(bitShiftRight(mask, bit), 1) = 1"
    )

    def divided(self, number: str, by: int) -> str:
        return f"intDiv({number}, {by})"

    def among(self, value: str, parameter: str) -> str:
        return f"{value} IN (${parameter})"

    def begins(self, value: str, parameter: str) -> str:
        return f"startsWith(toString({value}), ${parameter})"

    def within(self, columns: Sequence[str], rows: str) -> str:
        # On a cluster, one server reads the rows for all.
        return f"({', '.join(columns)}) GLOBAL IN ({rows})"

    def total(self, value: str, condition: str = "") -> str:
        return f"toInt64(sumIf({value}, {condition}))" if condition else f"toInt64(sum({value}))"

    def joined(self, left: str, right: str, columns: Sequence[str], *, outer: bool = False) -> str:
        side = "LEFT" if outer else "INNER"
        return f"({left}) AS events_asked GLOBAL ALL {side} JOIN ({right}) AS of_instances USING {', '.join(columns)}"

    def states(self, relation: str, value: str, condition: str) -> str:
        stay = "tupleElement(arrayElement(stays, i{}), {})"
        following = f"if(i = length(stays), toInt64($last_day), {stay.format(' + 1', 1)})"
        return (
            "SELECT instance, toInt64(arrayJoin(range(toUInt64(upto - since)))) + since AS day, v FROM ("  # noqa: S608 - our own words
            "SELECT instance, tupleElement(p, 1) AS since, tupleElement(p, 2) AS upto, tupleElement(p, 3) AS v FROM ("
            f"SELECT instance, arrayJoin(arrayMap(i -> (greatest({stay.format('', 1)}, toInt64($first_day)), "
            f"{following}, {stay.format('', 2)}), arrayEnumerate(stays))) AS p FROM ("
            "SELECT instance, arraySort(groupArray((since_day, last_value))) AS stays FROM ("
            f"SELECT instance, toInt64(intDiv(moment, {DAY_SECONDS})) AS since_day, substring(max(concat("
            f"toString({LAST_AT} + {_STAMP}), toString({value}))), {_AFTER_STAMP}) AS last_value FROM {relation} "
            "GROUP BY instance, since_day UNION ALL "
            "SELECT instance, toInt64(0) AS since_day, substring(min(concat("
            f"toString({FIRST_AT} + {_STAMP}), toString({value}))), {_AFTER_STAMP}) AS last_value FROM {relation} "
            f"GROUP BY instance) GROUP BY instance))) WHERE {condition}"
        )

    def percentile(self, counts: str, percent: int) -> str:
        low, high = f"intDiv((total - 1) * {percent}, 100)", f"intDiv((total - 1) * {percent} + 99, 100)"
        value = "arrayElement(vals, arrayFirstIndex(u -> u > {}, upto))"
        return (
            f"SELECT b, v, total, {value.format(low)} AS low, {value.format(high)} AS high FROM ("  # noqa: S608 - our own words
            "SELECT b, v, arraySort(groupArray((value, c))) AS pairs, arrayMap(p -> p.1, pairs) AS vals, "
            "arrayCumSum(arrayMap(p -> p.2, pairs)) AS upto, toInt64(sum(c)) AS total "
            f"FROM ({counts}) GROUP BY b, v)"
        )

    def seen(self, presence: str, columns: str, by_day: bool) -> str:
        moment, source, term = "toInt64(0)", presence, "mask <> 0"
        if by_day:
            moment = f"(toInt64(block) * {BLOCK_DAYS} - {MONDAY_OFFSET} + toInt64(bit)) * {DAY_SECONDS}"
            source = f"{presence} ARRAY JOIN range({BLOCK_DAYS}) AS bit"
            term = "bitAnd(bitShiftRight(mask, bit), 1) = 1"
        columns = f"instance, toUInt8(1) AS lasting, {columns}toInt64(1) AS n"
        return f"SELECT {moment} AS moment, {columns} FROM {source} WHERE {term}"  # noqa: S608 - our own words

    def where(self, value: str, condition: str) -> str:
        return f"if({condition}, {value}, toInt64(0))"

    def block(self, day: str) -> str:
        return f"toUInt16(intDiv({day} + {MONDAY_OFFSET}, {BLOCK_DAYS}))"

    def bit(self, day: str) -> str:
        return f"bitShiftLeft(toUInt64(1), toUInt8(modulo({day} + {MONDAY_OFFSET}, {BLOCK_DAYS})))"

    def within_range(self, day: str) -> str:
        return f"greatest(least({day}, toInt64($last_day - 1)), toInt64($first_day))"

    def named(self, relation: str, relations: Mapping[str, str]) -> str:
        return f"({relations[relation]}) AS {relation}" if relation in relations else relation

    def defined(self, body: str, relations: Mapping[str, str]) -> str:
        return body


def _filled(rows: str) -> str:
    """The query for rows whose bits in `fits` go on up to the next one in `started`."""
    rows = f"SELECT *, ~started & {FULL_BLOCK_MASK} AS free FROM {rows}"  # noqa: S608 - our own words
    for distance in (1, 2, 4, 8, 16, 32):
        # The engine refuses to shift a bit out.
        room = FULL_BLOCK_MASK >> distance
        fits, free = (f"(({bits} & {room}) << {distance})" for bits in ("fits", "free"))
        rows = f"SELECT * REPLACE (fits | (free & {fits}) AS fits, free & {free} AS free) FROM ({rows})"  # noqa: S608 - our own words
    return rows


DUCKDB, CLICKHOUSE = DuckDialect(), ClickHouseDialect()
DIALECTS: dict[str, Dialect] = {"duckdb": DUCKDB, "clickhouse": CLICKHOUSE}
"""By the engine's name."""

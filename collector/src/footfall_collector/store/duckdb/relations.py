"""DuckDB SQL over raw events and rollups: the relations that charts read, and the counts that rollups keep."""

import re
from collections.abc import Iterable, Sequence

from ..chart_query import PARAMETER, body_of, parameters_of, shown_keys, terms_of
from ..interface import Scope
from ..periods import ALL_DAYS, BLOCK_DAYS, DAY, MONDAY
from ..rollups import BY_NAME, EPHEMERAL, HISTORY, NARROW, SPECIFIC, Rollup

ROLLUP_FILE = "rollups"

_DAY_NUMBER = f"(ts // {DAY})"
_NAMES = re.compile(rf"\b({'|'.join((*BY_NAME, HISTORY))})\b")
_SPECIFIC = re.compile(rf"\b({'|'.join(SPECIFIC)})\b")


def counted(rollup: Rollup, source: str, where: Iterable[str], bucket: int = DAY) -> str:
    """The rows of a rollup that follow from raw events of a table.

    `bucket` is the length in seconds of what a counter's `day` numbers: a day for the tables, less for exact ranges.
    """
    terms = [*where]
    if rollup.event is not None:
        terms.append(f"event = '{rollup.event}'")
    if rollup.presence:
        terms.append(f"instance_kind <> '{EPHEMERAL}'")
    terms += [f"{name} IS NOT NULL" for name, type_ in rollup.dimensions.items() if type_ == "DOUBLE"]
    keys = ", ".join(f"{_key(rollup, key, bucket)} AS {key}" for key in rollup.keys)
    if rollup.presence:
        values = f"bit_or(1::BIGINT << (({_DAY_NUMBER} + {MONDAY}) % {BLOCK_DAYS})) AS mask"
    else:
        values = ", ".join(f"{aggregate} AS {name}" for name, aggregate in rollup.measures.items())
    return f"SELECT {keys}, {values} FROM {source} WHERE {' AND '.join(terms)} GROUP BY ALL"  # noqa: S608 - words of this program


def _key(rollup: Rollup, key: str, bucket: int) -> str:
    if key == "block":
        return f"(({_DAY_NUMBER} + {MONDAY}) // {BLOCK_DAYS})::INTEGER"
    if key == "day":
        return f"(ts // {bucket})::INTEGER"
    if key == "internal":
        return "coalesce(is_internal, false)"
    if key in ("product", "event", "instance") or rollup.dimensions.get(key) == "DOUBLE":
        return key
    return f"coalesce({key}, '')"


def merged(rollup: Rollup, source: str, periods: Sequence[int]) -> str:
    """The statement that adds a delta (a table of the rollup's columns) to a rollup. `periods` are those in it."""
    # The list of periods lets the engine skip all other rows of the rollup.
    listed = ", ".join(map(str, periods))
    same = " AND ".join(f"t.{key} = s.{key}" for key in rollup.keys)
    if rollup.presence:
        update = "WHEN MATCHED AND t.mask <> (t.mask | s.mask) THEN UPDATE SET mask = t.mask | s.mask"
    else:
        added = ", ".join(f"{name} = t.{name} + s.{name}" for name in rollup.values)
        update = f"WHEN MATCHED THEN UPDATE SET {added}"
    columns = ", ".join(rollup.columns())
    values = ", ".join(f"s.{name}" for name in rollup.columns())
    return (
        f"MERGE INTO {ROLLUP_FILE}.{rollup.name} t USING {source} s "  # noqa: S608 - words of this program
        f"ON t.{rollup.period} IN ({listed}) AND {same} {update} "
        f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})"
    )


class Question:
    """A chart's SQL with the relations it names put in front, and the parameters they need.

    `exact` are the tables of raw events within the scope's range; `tail` the tables that have events the rollups
    don't hold yet: those of loads after `rolled`. Where neither the question nor the scope mentions a version or a
    provider, the narrow rollups are read.
    """

    def __init__(self, sql: str, scope: Scope, exact: Sequence[str], tail: Sequence[str], rolled: int) -> None:
        self._scope, self._exact, self._tail = scope, exact, tail
        body = body_of(sql)
        names = sorted(set(_NAMES.findall(body)))
        self._narrow = not _SPECIFIC.search(body) and not any(column in SPECIFIC for column in scope.filters)
        relations = ", ".join(f"{name} AS ({self._relation(name)})" for name in names)
        own, rest = (", ", body[4:]) if body[:4].upper() == "WITH" else (" ", body)
        self.sql = f"WITH {relations}{own}{rest}" if names else body
        known = {**parameters_of(scope), "rolled": rolled}
        self.parameters = {name: known[name] for name in sorted(set(PARAMETER.findall(self.sql)))}

    def _relation(self, name: str) -> str:
        history = name == HISTORY
        rollup = NARROW[name] if self._narrow and name in NARROW else BY_NAME["presence" if history else name]
        if self._scope.exact and not history:
            raw = ["ts >= $start", "ts < $end"]
            step = self._scope.step
            branches = [self._from_rollup(rollup, ["false"], step)]
            branches += [self._from_raw(rollup, table, raw, step) for table in self._exact]
        else:
            raw = ["load > $rolled"]
            if not history:
                raw += ["ts >= $first_second", "ts < $last_second"]
            branches = [self._from_rollup(rollup, [] if history else _within(rollup), DAY)]
            branches += [self._from_raw(rollup, table, raw, DAY) for table in self._tail]
        return " UNION ALL ".join(branches)

    def _from_rollup(self, rollup: Rollup, where: Sequence[str], bucket: int) -> str:
        terms = [*where, *terms_of(self._scope, rollup, "internal")]
        ranged = rollup.presence and where == _within(rollup)
        mask = "mask & " + _RANGE_MASK + " AS mask" if ranged else "mask"
        values = mask if rollup.presence else ", ".join(rollup.values)
        columns = f"{_shown(rollup, bucket)}, {values}"
        return f"SELECT {columns} FROM {ROLLUP_FILE}.{rollup.name} WHERE {' AND '.join(terms)}"  # noqa: S608 - words of this program

    def _from_raw(self, rollup: Rollup, table: str, where: Sequence[str], bucket: int) -> str:
        terms = [*where, *terms_of(self._scope, rollup, "coalesce(is_internal, false)")]
        columns = f"{_shown(rollup, bucket)}, {', '.join(rollup.values)}"
        return f"SELECT {columns} FROM ({counted(rollup, table, terms, bucket)})"  # noqa: S608 - words of this program


_RANGE_MASK = (
    f"CASE block WHEN $first_block THEN $first_mask WHEN $last_block THEN $last_mask ELSE {ALL_DAYS} END::BIGINT"
)


def _within(rollup: Rollup) -> list[str]:
    if rollup.presence:
        return ["block BETWEEN $first_block AND $last_block", f"(mask & {_RANGE_MASK}) <> 0"]
    return ["day >= $first_day", "day < $last_day"]


def _shown(rollup: Rollup, bucket: int) -> str:
    """The columns that a chart sees: a counter's `moment` is the first second of its hour or day."""
    period = "block" if rollup.presence else f"day::BIGINT * {bucket} AS moment"
    return ", ".join((period, *shown_keys(rollup)))

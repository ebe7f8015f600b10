"""The part of a question that is about instances: rows of events whose instances meet conditions or have a property.

ClickHouse looks each row up in the query of each condition. DuckDB makes one relation of all conditions, with a bit for
each day on which an instance meets them, and one for each property that is a state. These relations are shared: the
store keeps their rows, so the questions of a page read the events behind a segment once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ...store import (
    BLOCK_DAYS,
    DAY_SECONDS,
    FULL_BLOCK_MASK,
    MONDAY_OFFSET,
    STANDING,
    STATE_EVENT,
    FactTables,
    property_key,
)
from .dialects import CLICKHOUSE, DUCKDB, Dialect
from .properties import ESTABLISHED, STANDING_PROPERTY, EventProperty
from .segments import Condition, is_state

NumberedCondition = tuple[int, Condition]


@dataclass(frozen=True)
class QuestionTerms:
    """What the SQL about instances takes from its question.

    Attributes:
        facts: event to its relations.
        matches: (index of the condition, condition, value, values) to whether the text `value` is one of them.
        folded: (name of a property, value) to the value as it is shown.
    """

    facts: Mapping[str, FactTables]
    matches: Callable[[int, Condition, str, tuple[str, ...]], str]
    folded: Callable[[str, str], str]

    def values(self, about: EventProperty) -> str:
        """The query for (instance, v): the values that instances have of a property that is no state."""
        if about is STANDING_PROPERTY:
            return f"SELECT instance, '{ESTABLISHED}' AS v FROM {STANDING} WHERE established"  # noqa: S608 - our own words
        column = property_key(about.name)
        names = [self.facts[event].counts.name for event in about.events]
        return " UNION ALL ".join(f"SELECT instance, {column} AS v FROM {name}" for name in names)  # noqa: S608 - our own words

    @property
    def starts(self) -> str:
        """The relation of the starts that states follow from."""
        return self.facts[STATE_EVENT].counts.name


class InstanceRows(Protocol):
    """An engine's SQL over rows with `instance` and `day`."""

    @property
    def shared(self) -> Mapping[str, str]:
        """See `EventSelection`."""

    def selected(self, rows: str, conditions: Sequence[NumberedCondition]) -> str:
        """The query for those rows of a query whose instances meet conditions; on their day, for states."""

    def with_shown(self, rows: str, about: EventProperty) -> str:
        """The query for rows with `shown`, the instance's value of a property; one row for each value that it has."""


@dataclass(frozen=True)
class LookedUpRows:
    """`InstanceRows` for ClickHouse; and for both engines what a chart's rows are looked up in."""

    terms: QuestionTerms
    dialect: Dialect = CLICKHOUSE
    shared: Mapping[str, str] = field(default_factory=dict)

    def selected(self, rows: str, conditions: Sequence[NumberedCondition]) -> str:
        """See `InstanceRows`."""
        listed = []
        for index, one in conditions:
            term = self.meets(index, one)
            listed.append(f"NOT ({term})" if one.negated else f"({term})")
        return f"SELECT * FROM ({rows}) WHERE {' AND '.join(listed)}"  # noqa: S608 - our own words

    def with_shown(self, rows: str, about: EventProperty) -> str:
        """See `InstanceRows`."""
        keys = _keys(about)
        distinct = "" if is_state(about) else "DISTINCT "
        values = f"SELECT {distinct}{', '.join(keys)}, {self.terms.folded(about.name, 'v')} AS shown "
        values += f"FROM ({self._values_where(about, self._is_given)})"
        return f"SELECT * FROM {self.dialect.joined(rows, values, keys, outer=True)}"  # noqa: S608 - our own words

    _is_given = "v <> ''"

    def meets(self, index: int, condition: Condition, day: str = "day") -> str:
        """Whether a row's instance has one of the values, on the `day` of the row for states; '' is to have none."""
        keys = _keys(condition.property)
        here = [day if key == "day" else key for key in keys]
        values = tuple(value for value in condition.values if value)
        conditions = [(self.terms.matches(index, condition, "v", values), "{}")] if values else []
        conditions += [(self._is_given, "NOT ({})")] if "" in condition.values else []
        terms = []
        for term, form in conditions:
            rows = f"SELECT {', '.join(keys)} FROM ({self._values_where(condition.property, term)})"  # noqa: S608 - our own words
            terms.append(form.format(self.dialect.within(here, rows)))
        return " OR ".join(terms)

    def _values_where(self, about: EventProperty, condition: str) -> str:
        """The query for (instance, [day,] v): the values that instances have of a property of other events."""
        if is_state(about):
            return self.dialect.states(self.terms.starts, property_key(about.name), condition)
        return f"SELECT instance, v FROM ({self.terms.values(about)}) WHERE {condition}"  # noqa: S608 - our own words


def _keys(about: EventProperty) -> tuple[str, ...]:
    return ("instance", "day") if is_state(about) else ("instance",)


_SEGMENT = "shared_segment"
_DAY_BLOCK, _DAY_BIT = f"(day + {MONDAY_OFFSET}) // {BLOCK_DAYS}", f"(day + {MONDAY_OFFSET}) % {BLOCK_DAYS}"
_ONE_BLOCK = "0"
"""The block of a segment whose conditions hold on all days or on none."""


class SharedRows:
    """`InstanceRows` for DuckDB."""

    def __init__(self, terms: QuestionTerms) -> None:
        self._terms = terms
        self.shared: dict[str, str] = {}

    def selected(self, rows: str, conditions: Sequence[NumberedCondition]) -> str:
        """See `InstanceRows`."""
        block = _DAY_BLOCK if any(is_state(one.property) for _, one in conditions) else _ONE_BLOCK
        parts = [self._part(index, one, block) for index, one in conditions]
        includes = sum(include for _, include in parts)
        masks = " UNION ALL ".join(
            f"SELECT instance, block, {'mask' if include or not includes else '~mask'} AS mask, {include} AS include "  # noqa: S608 - our own words
            f"FROM ({part})"
            for part, include in parts
        )
        added = f"bit_and(mask) AS mask, count_if(include) = {includes} AS fits" if includes else "bit_or(mask) AS mask"
        segment = f"SELECT instance, block, {added} FROM ({masks}) GROUP BY ALL"  # noqa: S608 - our own words
        if includes:
            segment = f"SELECT instance, block, mask FROM ({segment}) WHERE fits AND mask <> 0"  # noqa: S608 - our own words
        self.shared[_SEGMENT] = segment
        is_in = f"coalesce((s.mask >> ({_DAY_BIT})) & 1, 0) = {1 if includes else 0}"
        return (
            f"SELECT r.* FROM ({rows}) r {'' if includes else 'LEFT '}JOIN {_SEGMENT} s "  # noqa: S608 - our own words
            f"ON s.instance = r.instance AND s.block = {block} WHERE {is_in}"
        )

    def with_shown(self, rows: str, about: EventProperty) -> str:
        """See `InstanceRows`."""
        shown = self._terms.folded(about.name, "v")
        if not is_state(about):
            values = f"SELECT DISTINCT instance, {shown} AS shown FROM ({self._terms.values(about)}) WHERE v <> ''"  # noqa: S608 - our own words
            return f"SELECT r.*, s.shown FROM ({rows}) r LEFT JOIN ({values}) s USING (instance)"  # noqa: S608 - our own words
        values = f"SELECT instance, block, {shown} AS shown, mask FROM {self._state(about)} WHERE v <> ''"  # noqa: S608 - our own words
        return (
            f"SELECT r.*, s.shown FROM ({rows}) r LEFT JOIN ({values}) s "  # noqa: S608 - our own words
            f"ON s.instance = r.instance AND s.block = {_DAY_BLOCK} AND (s.mask >> ({_DAY_BIT})) & 1 = 1"
        )

    def _part(self, index: int, condition: Condition, block: str) -> tuple[str, bool]:
        """The query for (instance, block, mask), and whether these days are those that count or all others are."""
        about, or_none = condition.property, "" in condition.values
        values = tuple(value for value in condition.values if value)
        fits = self._terms.matches(index, condition, "v", values) if values else "false"
        # To have one of the values or none is not to have others only.
        include = condition.negated == or_none
        if is_state(about):
            term = f"v <> '' AND NOT ({fits})" if or_none else fits
            days = f"SELECT instance, block, bit_or(mask) AS mask FROM {self._state(about)} WHERE {term} GROUP BY ALL"  # noqa: S608 - our own words
            return days, include
        having = f"count_if(v <> '') > 0 AND count_if({fits}) = 0" if or_none else f"count_if({fits}) > 0"
        instances = f"SELECT instance FROM ({self._terms.values(about)}) GROUP BY instance HAVING {having}"  # noqa: S608 - our own words
        blocks = f"SELECT {_ONE_BLOCK} AS block" if block == _ONE_BLOCK else _BLOCKS
        return f"SELECT instance, block, {FULL_BLOCK_MASK} AS mask FROM ({instances}) CROSS JOIN ({blocks})", include  # noqa: S608 - our own words

    def _state(self, about: EventProperty) -> str:
        """The relation (instance, block, v, mask): the days on which each instance has a value of its latest start."""
        name = f"shared_state_{about.name}"
        self.shared.setdefault(name, DUCKDB.state_days(self._terms.starts, property_key(about.name), _BLOCKS))
        return name


_BLOCKS = f"SELECT DISTINCT (moment // {DAY_SECONDS} + {MONDAY_OFFSET}) // {BLOCK_DAYS} AS block FROM event_counts"  # noqa: S608 - our own words
"""The query for the blocks in which the selection has events."""


def instance_rows(dialect: Dialect, terms: QuestionTerms) -> InstanceRows:
    """Those of the dialect's engine."""
    return SharedRows(terms) if dialect is DUCKDB else LookedUpRows(terms)


def states_by_day(
    starts: Sequence[tuple[int, int, int, str]], first_day: int, last_day: int
) -> Iterator[tuple[int, str]]:
    """(day, value) for each day of a range, from an instance's starts: (day, latest, earliest, value)."""
    latest: dict[int, tuple[int, str]] = {}
    for day, last, _, value in starts:
        latest[day] = max(latest.get(day, (0, "")), (last, value))
    _, state = min((first, value) for _, _, first, value in starts)
    for day in range(first_day, last_day + 1):
        state = latest[day][1] if day in latest else state
        yield day, state

"""The SQL of a segment's conditions, for questions and for charts.

A condition on what the events carry is about their columns; any other is a query for the instances that it selects,
or for their days.
"""

from collections.abc import Collection, Mapping, Sequence

from footfall.catalogue import OTHER

from ...store import CALLS_EVENT, ROLLUPS_BY_NAME, STANDING_TABLE, FactTables, RollupTable, property_key
from .dialects import Dialect
from .instance_rows import LookedUpRows, QuestionTerms
from .segments import Condition

Parameters = dict[str, str | int | tuple[str, ...]]
_COUNTERS = {one.event: one for one in ROLLUPS_BY_NAME.values() if not one.is_presence and not one.number}
_PRESENCES = {one.event: one for one in ROLLUPS_BY_NAME.values() if one.is_presence and one.name != STANDING_TABLE}
"""The roll-ups of the built-in charts, by the event that they are about."""


class SegmentSql:
    """The conditions of one query; `parameters` has the values that they name.

    `kept` are the properties of which not all values are shown.
    """

    def __init__(self, facts: Mapping[str, FactTables], dialect: Dialect, kept: Collection[str]) -> None:
        self.parameters: Parameters = {}
        self._facts, self._dialect, self._kept = facts, dialect, frozenset(kept)
        self._instances = LookedUpRows(QuestionTerms(facts, self.matches, self.folded), dialect)

    def terms(self, conditions: Sequence[Condition], event: str | None, day: str) -> list[str]:
        """The SQL condition of each, on rows of an event's fact relation, or of several ones.

        `day` is the expression of a row's day, for what an instance was on that day.
        """
        return [self._term(index, condition, event, day) for index, condition in enumerate(conditions)]

    def folded(self, name: str, value: str) -> str:
        """A property's value as it is shown: `other`, unless it is among the values that are kept."""
        if name not in self._kept:
            return value
        return f"CASE WHEN {self._dialect.among(value, f'kept_{name}')} THEN {value} ELSE '{OTHER}' END"

    def number_rows(self, event: str, number: str, names: Collection[str], by_instance: bool) -> str:
        """The relation of a number's values: the one of fewest rows that has the properties `names`."""
        tables = self._facts[event]
        built_in = tables.built_in.get(number)
        if by_instance or (built_in and not self._kept.isdisjoint(names)):
            return tables.samples[number].name
        if built_in is None:
            return tables.numbers[number].name
        rollup = next((one for one in built_in if {*names} <= {*one.texts}), None)
        if rollup is None:
            return tables.samples[number].name
        columns = "".join(f"{name} AS {property_key(name)}, " for name in sorted(names))
        return f"(SELECT moment, {columns}{number} AS value, n FROM {rollup.name})"  # noqa: S608 - our own words

    def counted_rows(self, events: Sequence[str], event: str | None, names: Collection[str]) -> str | None:
        """The relation of how often an event happened, from the roll-up of a chart; None where none has `names`.

        It has hardly any rows beside the facts, which know the instance. Of calls it has `failed`, too. `events` are
        those that count where there is no `event`.
        """
        rollup = self._with_columns(_COUNTERS, event, names)
        if rollup is None:
            return None
        columns = "".join(f"{name} AS {property_key(name)}, " for name in sorted(names))
        counts = "errors AS failed, calls AS n" if event == CALLS_EVENT else "n"
        rows = f"SELECT moment, {columns}{counts} FROM {rollup.name}"  # noqa: S608 - our own words
        if event is not None:
            return f"({rows})"
        self.parameters["any_event"] = tuple(events)
        return f"({rows} WHERE {self._dialect.among('event', 'any_event')})"

    def seen_rows(self, event: str | None, names: Collection[str], by_day: bool) -> str | None:
        """The relation of the instances to which an event happened, on each day with `by_day`; None as above.

        It has no ephemeral instances, and its numbers of events are no numbers.
        """
        rollup = self._with_columns(_PRESENCES, event, names)
        if rollup is None:
            return None
        columns = "".join(f"{name} AS {property_key(name)}, " for name in sorted(names))
        return f"({self._dialect.seen(rollup.name, columns, by_day)})"

    def _with_columns(
        self, rollups: Mapping[str | None, RollupTable], event: str | None, names: Collection[str]
    ) -> RollupTable | None:
        """An event's roll-up, if it has the properties with all their values: a chart shows some as `other`."""
        rollup = rollups.get(event)
        fits = rollup is not None and {*names} <= {*rollup.texts} and self._kept.isdisjoint(names)
        return rollup if fits else None

    def _term(self, index: int, condition: Condition, event: str | None, day: str) -> str:
        if condition.selects_events(event):
            return self.own_term(index, condition)
        term = self._instances.meets(index, condition, day)
        return f"NOT ({term})" if condition.negated else f"({term})"

    def own_term(self, index: int, condition: Condition) -> str:
        """The SQL condition on rows that carry the property."""
        term = self.matches(index, condition, property_key(condition.property.name), condition.values)
        return f"NOT ({term})" if condition.negated else f"({term})"

    def matches(self, index: int, condition: Condition, value: str, values: tuple[str, ...]) -> str:
        """Whether a text is one of some values of the condition, as it is or as it is shown."""
        about, dialect, terms = condition.property, self._dialect, []
        for text in values:
            name = f"where_{index}_{condition.values.index(text)}"
            self.parameters[name] = text
            terms.append(f"{value} = ${name}")
            if text and about.by_parts:
                self.parameters[f"{name}_parts"] = f"{text}."
                terms.append(dialect.begins(value, f"{name}_parts"))
        if OTHER in values and about.name in self._kept:
            terms.append(f"NOT ({dialect.among(value, f'kept_{about.name}')})")
        return " OR ".join(terms)

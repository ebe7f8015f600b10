"""A chart's SQL over the events of a segment.

A chart reads the store's roll-ups, which don't have all properties. Under a segment, it reads relations of the same
columns instead, with the segment's conditions: made of the roll-up itself where that knows what the conditions are
about, else of the facts (`store/rollups/facts.py`), which have many times as many rows. The chart's own SQL stays
as it is, so every chart obeys every condition, whether on its events or on their instances.
"""

import functools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from footfall.catalogue import Catalogue

from ...store import (
    CALLS_EVENT,
    DAY_SECONDS,
    HISTORY,
    LIFETIME,
    RECENT_CALLS,
    RECENT_TEXTS,
    ROLLUPS_BY_NAME,
    STANDING_TABLE,
    EventSelection,
    FactTables,
    RollupTable,
    lifetime_facts,
    property_key,
)
from ..charts import ChartSpec
from ..filters import Filters
from .compiler import CompiledQuestion
from .dialects import DIALECTS, Dialect
from .properties import ALIASES, QuestionNames
from .segment_sql import SegmentSql
from .segments import Condition, Segment, condition_name, describe_segment, is_state, parse_segment

ConditionsOf = Callable[[str | None], Sequence[Condition]]
"""The conditions on events of a name; of None, on events of any name."""

_PLACES = re.compile(r"\b(FROM|JOIN)\s+([a-z_]+)\b")
_COMMENTS = re.compile(r"--[^\n]*")
_OF_ALL_TIME = {HISTORY: "presence", LIFETIME: "presence"}
_RELATIONS = {
    name: ROLLUPS_BY_NAME[of] for name, of in {**{name: name for name in ROLLUPS_BY_NAME}, **_OF_ALL_TIME}.items()
} | {RECENT_CALLS: ROLLUPS_BY_NAME["tool_instances"]}
del _RELATIONS[STANDING_TABLE]


def chart_relations(sql: str) -> dict[str, RollupTable]:
    """The relations of a chart's SQL that conditions apply to, and the roll-up that each is made of."""
    names = dict.fromkeys(match[2] for match in _PLACES.finditer(_COMMENTS.sub("", sql)))
    return {name: _RELATIONS[name] for name in names if name in _RELATIONS}


@dataclass(frozen=True)
class SegmentedChart:
    """A chart's SQL, and what its relations are made of.

    Attributes:
        sql: the chart's own.
        conditions: those of the segment.
        events: the names of the product's events.
        facts: event to its tables.
        dialect: that of the SQL.
        kept: the properties of which not all values are shown.
    """

    sql: str
    conditions: ConditionsOf
    events: Collection[str]
    facts: Mapping[str, FactTables]
    dialect: Dialect
    kept: Collection[str]

    def compiled(self) -> CompiledQuestion:
        """The SQL of the chart over the events that fulfil the conditions."""
        segment = SegmentSql(self.facts, self.dialect, self.kept)
        body = _COMMENTS.sub("", self.sql).strip()
        relations = {name: self._relation(name, rollup, segment) for name, rollup in chart_relations(body).items()}

        def place(match: re.Match[str]) -> str:
            return f"{match[1]} {self.dialect.named(match[2], relations)}" if match[2] in relations else match[0]

        return CompiledQuestion(self.dialect.defined(_PLACES.sub(place, body), relations), segment.parameters)

    def _relation(self, name: str, rollup: RollupTable, segment: SegmentSql) -> str:
        conditions = self.conditions(rollup.event)
        if name == RECENT_CALLS:
            terms = segment.terms(conditions, CALLS_EVENT, self.dialect.divided("ts", DAY_SECONDS))
            texts = ["instance", "ts", "event", *RECENT_TEXTS]
            return f"SELECT {', '.join(texts)} FROM {RECENT_CALLS} WHERE {' AND '.join(terms)}"  # noqa: S608 - our own words
        day = self.dialect.divided("moment", DAY_SECONDS)
        texts = self._texts(rollup)
        if name not in _OF_ALL_TIME and self._has_all(rollup, texts, conditions):
            return self._from_rollup(rollup, texts, segment, segment.terms(conditions, rollup.event, day))
        terms = segment.terms(conditions, rollup.event, self.dialect.within_range(day) if name in _OF_ALL_TIME else day)
        shown = [f"{segment.folded(text, property_key(text))} AS {text}" for text in texts]
        if rollup.is_presence:
            columns = [f"{self.dialect.block(day)} AS block", "instance", *shown, f"{self.dialect.bit(day)} AS mask"]
            columns += [f"({' AND '.join(terms)}) AS fits"] if name == LIFETIME else []
            terms = ["lasting", *(terms if name != LIFETIME else ())]
        else:
            columns = ["moment", *self._event_column(rollup), *shown, *self._measures(rollup)]
        rows = self._rows(name, rollup, texts, segment)
        return f"SELECT {', '.join(columns)} FROM {rows} WHERE {' AND '.join(terms)}"  # noqa: S608 - our own words

    def _has_all(self, rollup: RollupTable, texts: Sequence[str], conditions: Sequence[Condition]) -> bool:
        """Whether a roll-up's own rows have what conditions are about: they are a fraction of the facts' rows.

        Those of presence know the instance, so that it can be looked up, but no single day.
        """
        own = {one.property.name for one in conditions if one.selects_events(rollup.event)}
        others = [one for one in conditions if not one.selects_events(rollup.event)]
        knows = not others or (rollup.is_presence and not any(is_state(one.property) for one in others))
        fits = own <= {*rollup.texts} and not {*self.kept} & {*texts, *own}
        return knows and fits and not rollup.number

    @staticmethod
    def _from_rollup(rollup: RollupTable, texts: Sequence[str], segment: SegmentSql, terms: Sequence[str]) -> str:
        """The rows of a roll-up under conditions, by the columns that the relation of the facts would have."""
        own = ["block", "instance", "mask"] if rollup.is_presence else ["moment", *rollup.measures]
        own += SegmentedChart._event_column(rollup)
        named = "".join(f", {name} AS {property_key(name)}" for name in rollup.texts)
        shown = [f"{segment.folded(text, property_key(text))} AS {text}" for text in texts]
        rows = f"SELECT {', '.join(own)}{named} FROM {rollup.name}"  # noqa: S608 - our own words
        return f"SELECT {', '.join((*own, *shown))} FROM ({rows}) AS kept WHERE {' AND '.join(terms)}"  # noqa: S608 - our own words

    def _texts(self, rollup: RollupTable) -> list[str]:
        """The properties among a roll-up's columns that the chart names."""
        return [name for name in rollup.texts if re.search(rf"\b{name}\b", self.sql)]

    def _rows(self, name: str, rollup: RollupTable, texts: Sequence[str], segment: SegmentSql) -> str:
        """The relation of the facts that a roll-up's rows are made of."""
        conditions = self.conditions(rollup.event)
        own = {one.property.name for one in conditions if one.selects_events(rollup.event)}
        by_instance = rollup.is_presence or any(not one.selects_events(rollup.event) for one in conditions)
        if rollup.number:
            return segment.number_rows(rollup.event or "", rollup.number, {*texts, *own}, by_instance)
        if rollup.event:
            return self.facts[rollup.event].counts.name
        columns = [
            "moment",
            *(("instance", "lasting") if by_instance else ()),
            *map(property_key, sorted({*texts, *own})),
            *(self._event_column(rollup)),
            "n",
        ]
        parts = []
        for number, event in enumerate(self.events):
            counts = self.facts[event].counts.name
            segment.parameters[f"event_{number}"] = event
            named = (f"$event_{number} AS event" if column == "event" else column for column in columns)
            source = lifetime_facts(counts) if name in _OF_ALL_TIME else counts
            parts.append(f"SELECT {', '.join(named)} FROM {source}")  # noqa: S608 - our own words
        return f"({' UNION ALL '.join(parts)})"

    @staticmethod
    def _event_column(rollup: RollupTable) -> list[str]:
        return ["event"] if "event" in rollup.dimensions else []

    def _measures(self, rollup: RollupTable) -> list[str]:
        """The columns of a counter's numbers."""
        numbers = [f"value AS {rollup.number}"] if rollup.number else []
        failed = self.dialect.where("n", f"{property_key('success')} = 'false'")
        return numbers + [f"{failed if name == 'errors' else 'n'} AS {name}" for name in rollup.measures]


class ChartSegment:
    """The conditions of a chart's filters. Raises FilterError if they can't be used.

    Args:
        spec: the chart.
        filters: what is asked for.
        catalogue: the product's.
        facts: event to its tables.
    """

    def __init__(
        self, spec: ChartSpec, filters: Filters, catalogue: Catalogue, facts: Mapping[str, FactTables]
    ) -> None:
        self._spec, self._filters, self._catalogue, self._facts = spec, filters, catalogue, facts
        self._names = QuestionNames(catalogue)
        self.conditions = functools.cache(self._conditions)
        self.conditions(None)

    def _conditions(self, event: str | None) -> tuple[Condition, ...]:
        """The conditions on events of a name, or of any name."""
        return tuple(
            replace(one, by_instance=one.property.name in self._spec.by_instance)
            for one in parse_segment((), self._filters, self._names, event).conditions
            if one.property.name not in self._spec.unfiltered
        )

    @property
    def not_applied(self) -> list[str]:
        """The filters that the chart doesn't obey, as they are named in the query."""
        names = {name: ALIASES.get(name, name) for name in self._filters.active}
        names |= {name: name for name in map(condition_name, self._filters.where) if name not in names}
        unfiltered = self._spec.unfiltered
        return [name for name, of in names.items() if self._names.property_named(of).name in unfiltered]

    def scope(self, sql: str) -> str:
        """What counts, in one phrase for each kind of events that the chart's SQL reads."""
        events = dict.fromkeys(rollup.event for rollup in chart_relations(sql).values())
        phrases = [self.phrase(event) for event in events]
        phrases += [f"not filtered by {name}" for name in self.not_applied]
        return "; ".join(dict.fromkeys(phrases))

    def phrase(self, event: str | None) -> str:
        """Which events of a name count, or of any name."""
        return describe_segment(Segment(self.conditions(event)), event)

    def applied(self, sql: str, selection: EventSelection, engine: str) -> tuple[str, EventSelection]:
        """A chart's SQL and its selection, under the conditions."""
        plain = self._column_filters(sql)
        if plain is not None:
            return sql, replace(selection, filters=plain)
        chart = SegmentedChart(
            sql, self.conditions, tuple(self._catalogue.events), self._facts, DIALECTS[engine], selection.kept
        )
        compiled = chart.compiled()
        return compiled.sql, replace(selection, parameters={**selection.parameters, **compiled.parameters})

    def _column_filters(self, sql: str) -> dict[str, str] | None:
        """The conditions as column to value, where all roll-ups that the SQL reads have those columns; else None."""
        filters: dict[str, str] = {}
        for rollup in chart_relations(sql).values():
            for one in self.conditions(rollup.event):
                name, value = one.property.name, one.values[0]
                is_one = len(one.values) == 1 and value != "" and not one.negated and not one.property.by_parts
                if not is_one or name not in rollup.texts or not one.selects_events(rollup.event):
                    return None
                if filters.setdefault(name, value) != value:
                    return None
        return filters

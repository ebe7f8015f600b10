"""From a question to its SQL, over the fact relations of `store/rollups/facts.py`.

Names in the SQL are those of tables and columns that follow from the catalogue; every value is a parameter. The rows of
a question are (b, v, …): the bucket's start in epoch seconds or 0, the value of `by` or '', then the measure's numbers.
"""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ...store import DAY_SECONDS, MONDAY_OFFSET, FactTables, property_key
from .dialects import Dialect
from .instance_rows import QuestionTerms, instance_rows
from .properties import ESTABLISHED, NOT_ESTABLISHED, STANDING_PROPERTY
from .question import (
    DAILY_MEASURES,
    DAY_STEP,
    HOUR_STEP,
    INSTANCES,
    LOST,
    MINUTE_STEP,
    NEW,
    NO_STEP,
    PERCENTILES,
    RATE,
    RETENTION,
    STEP_DAYS,
    WEEK_STEP,
    Question,
)
from .segment_sql import SegmentSql
from .segments import is_state

_STEP_SECONDS = {MINUTE_STEP: 60, HOUR_STEP: 3600, DAY_STEP: DAY_SECONDS}
_WEEK_DAYS = STEP_DAYS[WEEK_STEP]


@dataclass(frozen=True)
class CompiledQuestion:
    """A question's SQL, the values of the parameters that it names besides the selection's, and shared relations."""

    sql: str
    parameters: Mapping[str, str | int | tuple[str, ...]] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)


def compile_question(
    question: Question,
    events: Collection[str],
    facts: Mapping[str, FactTables],
    dialect: Dialect,
    kept: Collection[str] = (),
) -> CompiledQuestion:
    """The SQL of a question about a product with `events`; of the properties in `kept` not all values are shown."""
    return _Compiler(question, events, facts, dialect, kept).compiled()


def compile_rows(
    question: Question,
    relation: str,
    columns: Collection[str],
    facts: Mapping[str, FactTables],
    dialect: Dialect,
    kept: Collection[str] = (),
) -> CompiledQuestion:
    """The query, in brackets, for some columns of a relation's rows that are in the question's segment."""
    return _Compiler(question, (), facts, dialect, kept).rows(relation, columns)


class _Compiler:
    def __init__(
        self,
        question: Question,
        events: Collection[str],
        facts: Mapping[str, FactTables],
        dialect: Dialect,
        kept: Collection[str],
    ) -> None:
        self._question, self._facts, self._dialect = question, facts, dialect
        self._events = (question.event,) if question.event else tuple(events)
        self._segment = SegmentSql(facts, dialect, kept)
        self._instances = instance_rows(dialect, QuestionTerms(facts, self._segment.matches, self._segment.folded))
        self._day = dialect.divided("moment", DAY_SECONDS)

    def compiled(self) -> CompiledQuestion:
        if self._question.measure in PERCENTILES:
            counts = self._grouped(("value",), f"{self._dialect.total('n')} AS c")
            sql = self._dialect.percentile(counts, PERCENTILES[self._question.measure])
        elif self._question.measure == RETENTION:
            sql = self._cohorts()
        else:
            sql = self._grouped((), self._numbers())
        return CompiledQuestion(sql, self._segment.parameters, self._instances.shared)

    def rows(self, relation: str, columns: Collection[str]) -> CompiledQuestion:
        listed = ", ".join(dict.fromkeys((*columns, "moment", "instance", f"{self._day} AS day", "n")))
        sql = self._in_segment(f"SELECT {listed} FROM {relation}")  # noqa: S608 - our own words
        return CompiledQuestion(f"({sql})", self._segment.parameters, self._instances.shared)

    def _numbers(self) -> str:
        """The measure's numbers of a group."""
        measure, dialect = self._question.measure, self._dialect
        if measure == RATE and self._rolled_up:
            return f"{dialect.total('failed')}, {dialect.total('n')}"
        if measure == RATE and self._question.measured is not None:
            flag = property_key(self._question.measured.name)
            hit = "false" if self._question.failures else "true"
            return f"{dialect.total('n', f'''{flag} = '{hit}' ''')}, {dialect.total('n', f'''{flag} <> '' ''')}"
        return dialect.instances if measure in (INSTANCES, *DAILY_MEASURES) else dialect.total("n")

    def _grouped(self, keys: tuple[str, ...], numbers: str) -> str:
        """The query for rows (b, v, *keys, *numbers)."""
        listed = ", ".join((f"{self._bucket()} AS b", f"{self._shown()} AS v", *keys))
        # Grouped by what varies only: DuckDB counts the values of one column three times as fast as those of two.
        groups = [*(("b",) if self._question.step else ()), *(("v",) if self._question.by else ()), *keys]
        grouped = f" GROUP BY {', '.join(groups)}" if groups else ""
        return f"SELECT {listed}, {numbers} FROM {self._source()}{self._seen()}{grouped}"  # noqa: S608 - our own words

    def _cohorts(self) -> str:
        """The query for (b, v, seen, n): of the instances first seen in week `b`, those seen in that of the day `seen`.

        Instances count that are in the segment in their first week.
        """
        groups, days = ["b", *(("v",) if self._question.by else ())], self._seen_days()
        listed = f"{self._bucket()} AS b, {self._shown()} AS v, instance"
        where = f"lasting AND {self._first_of_step('day')} = {self._first_of_step('first_day')}"
        members = f"SELECT {listed} FROM {self._source()} WHERE {where} GROUP BY {', '.join((*groups, 'instance'))}"  # noqa: S608 - our own words
        weeks = f"SELECT instance, {self._first_of_step('day')} AS seen FROM ({days}) GROUP BY instance, seen"  # noqa: S608 - our own words
        joined = self._dialect.joined(members, weeks, ("instance",))
        shown = "v" if self._question.by else "'' AS v"
        return f"SELECT b, {shown}, seen, count(*) AS n FROM {joined} GROUP BY {', '.join((*groups, 'seen'))}"  # noqa: S608 - our own words

    def _bucket(self) -> str:
        step = self._question.step
        if step == NO_STEP:
            return "0"
        if step == WEEK_STEP:
            return f"({self._first_of_step(self._day)}) * {DAY_SECONDS}"
        return f"{self._dialect.divided('moment', _STEP_SECONDS[step])} * {_STEP_SECONDS[step]}"

    def _first_of_step(self, day: str) -> str:
        """The first day of a day's step."""
        if self._question.step != WEEK_STEP:
            return day
        weeks = self._dialect.divided(f"({day} + {MONDAY_OFFSET})", _WEEK_DAYS)
        return f"{weeks} * {_WEEK_DAYS} - {MONDAY_OFFSET}"

    def _shown(self) -> str:
        by = self._question.by
        if by is None:
            return "''"
        if by.is_number:
            return "value"
        if by.carried_by(self._question.event):
            return self._segment.folded(by.name, property_key(by.name))
        if by is STANDING_PROPERTY:
            return f"CASE WHEN shown = '{ESTABLISHED}' THEN shown ELSE '{NOT_ESTABLISHED}' END"
        return "coalesce(shown, '')"

    def _source(self) -> str:
        """The events that count, joined with what the measure and `by` need of their instances."""
        rows = self._in_segment(f"SELECT {', '.join(self._columns())} FROM {self._relation()}")  # noqa: S608 - our own words
        by = self._question.by
        if by is not None and not by.carried_by(self._question.event):
            rows = self._instances.with_shown(rows if is_state(by) else self._added_up(rows), by)
        if self._question.measure in DAILY_MEASURES and self._question.measure != LOST:
            return self._dialect.joined(rows, self._dialect.first_days, ("instance",))
        return f"({rows})"

    def _added_up(self, rows: str) -> str:
        """The query for the rows of each instance and bucket as one: each is repeated for every value of the instance.

        Otherwise a sender that invents values multiplies its events by them.
        """
        # Under other names first: ClickHouse takes a name in an expression for the value, if it has that name.
        same = [*dict.fromkeys(("instance", "lasting", "day", *self._own_columns))]
        listed, grouped = ", ".join(same), ", ".join((*same, "bucket"))
        added = f"SELECT {listed}, {self._bucket()} AS bucket, {self._dialect.total('n')} AS added FROM ({rows})"  # noqa: S608 - our own words
        return f"SELECT {listed}, bucket AS moment, added AS n FROM ({added} GROUP BY {grouped})"  # noqa: S608 - our own words

    def _in_segment(self, rows: str) -> str:
        """Those of a query's rows that meet all conditions."""
        conditions = [*enumerate(self._question.segment.conditions)]
        through = [(index, one) for index, one in conditions if not one.selects_events(self._question.event)]
        terms = [self._segment.own_term(index, one) for index, one in conditions if (index, one) not in through]
        rows += f" WHERE {' AND '.join(terms)}" if terms else ""
        return self._instances.selected(rows, through) if through else rows

    def _columns(self) -> list[str]:
        """The columns of the events that the measure and `by` use."""
        columns = ["moment", "instance", "lasting", f"{self._day} AS day"] if self._by_instance else ["moment"]
        return [*dict.fromkeys((*columns, *self._own_columns)), "n"]

    @property
    def _own_columns(self) -> list[str]:
        """The columns of the events' properties that the measure and `by` use."""
        question = self._question
        columns = ["value"] if self._number else []
        rolled_up_rate = question.measure == RATE and self._rolled_up
        columns += ["failed"] if rolled_up_rate else []
        return columns + [
            property_key(one.name)
            for one in (question.by, None if rolled_up_rate else question.measured)
            if one is not None and one.carried_by(question.event) and not one.is_number
        ]

    @property
    def _by_instance(self) -> bool:
        """Whether the question needs to know which instance an event is of."""
        question = self._question
        through = any(not one.selects_events(question.event) for one in question.segment.conditions)
        through |= question.by is not None and not question.by.carried_by(question.event)
        return through or question.measure in (INSTANCES, *DAILY_MEASURES)

    @property
    def _number(self) -> str:
        """The number that the question is about, or empty."""
        asked = (self._question.measured, self._question.by)
        return next((one.name for one in asked if one is not None and one.is_number), "")

    def _relation(self) -> str:
        """The relation of the question's event; of several, with the columns that all of them have."""
        question = self._question
        if self._rolled_up:
            return self._rolled_up
        if question.event and self._number:
            about = [one.property for one in question.segment.conditions]
            about += [one for one in (question.by, question.measured) if one is not None and not one.is_number]
            return self._segment.number_rows(
                question.event, self._number, {one.name for one in about}, self._by_instance
            )
        names = [self._facts[event].counts.name for event in self._events]
        if len(names) == 1:
            return names[0]
        common = {one.property.name for one in question.segment.conditions if one.property.carried_by(None)}
        common |= {question.by.name} if question.by is not None and question.by.carried_by(None) else set()
        columns = ", ".join(("moment", "instance", "lasting", *map(property_key, sorted(common)), "n"))
        return f"({' UNION ALL '.join(f'SELECT {columns} FROM {name}' for name in names)})"  # noqa: S608 - our own words

    @functools.cached_property
    def _rolled_up(self) -> str | None:
        """The relation of a chart's roll-up that answers the question; None where only the facts do."""
        question = self._question
        if self._number:
            return None
        by = [question.by] if question.by else []
        about = [one.property for one in question.segment.conditions] + by
        names = {one.property.name for one in question.segment.conditions if one.selects_events(question.event)}
        names |= {one.name for one in by if one.carried_by(question.event)}
        if question.measure in (INSTANCES, *DAILY_MEASURES):
            by_day = question.step in STEP_DAYS or any(is_state(one) for one in about if one.name not in names)
            return (
                None
                if question.step in (MINUTE_STEP, HOUR_STEP)
                else self._segment.seen_rows(question.event, names, by_day)
            )
        if self._by_instance or (question.measure == RATE and not question.failures):
            return None
        return self._segment.counted_rows(self._events, question.event, names)

    def _seen(self) -> str:
        """The condition of new, returning and lost instances."""
        measure, step = self._question.measure, self._question.step
        if measure not in DAILY_MEASURES:
            return ""
        if measure == LOST:
            here, seen = ["instance"], ["instance"]
            if step != NO_STEP:
                here.append(f"{self._first_of_step('day')} + {STEP_DAYS[step]}")
                seen.append(self._first_of_step("day"))
            rows = f"SELECT {', '.join(seen)} FROM ({self._seen_days()})"  # noqa: S608 - our own words
            return f" WHERE NOT ({self._dialect.within(here, rows)})"
        since = "$first_day" if step == NO_STEP else self._first_of_step("day")
        return f" WHERE first_day {'>=' if measure == NEW else '<'} {since}"

    def _seen_days(self) -> str:
        """The query for (instance, day): the days of the range on which instances were seen."""
        return (
            f"SELECT instance, day FROM ({self._dialect.seen_days}) WHERE day >= $now_first_day AND day < $now_last_day"  # noqa: S608 - our own words
        )

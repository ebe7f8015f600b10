"""What each instance of a segment did in a range: the counts behind a comparison and its intervals."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from ...store import EventSelection, fact_tables, property_key
from ..filters import INTERNAL_VALUES, Filters
from .compiler import CompiledQuestion, compile_rows
from .dialects import DIALECTS
from .question import Question
from .segments import Segment

if TYPE_CHECKING:
    from ..answers import Answers

CALLS, DURATION = "tool_executed", "duration_ms"
MAX_SAMPLES = 100_000
"""Values that a comparison of percentiles reads, about."""
InstanceCounts = dict[int, tuple[int, int]]
"""Instance → (events, failed calls)."""
InstanceValues = list[tuple[int, float, int]]
"""(instance, value, occurrences)."""


def counts_by_instance(
    answers: "Answers", filters: Filters, segment: Segment, *, lasting_only: bool = False
) -> InstanceCounts:
    """The calls of a segment. Ephemeral instances are left out with `lasting_only`. Raises StoreError."""
    dialect, flag = DIALECTS[answers.engine], property_key("success")
    table = fact_tables(answers.catalogues.values())[CALLS].counts.name
    compiled = _compiled(answers, filters, segment, table, (flag, "lasting"))
    errors = dialect.total("n", f"{flag} = 'false'")
    where = "lasting" if lasting_only else "n > 0"
    sql = f"SELECT instance, {dialect.total('n')} AS c, {errors} AS e FROM {compiled.sql} AS calls WHERE {where} "  # noqa: S608 - our own words
    rows = answers.rows(f"{sql} GROUP BY instance", _selection(answers, filters, compiled))
    return {int(instance): (int(calls), int(failed)) for instance, calls, failed in rows}


def durations_by_instance(answers: "Answers", filters: Filters, segment: Segment, calls: int) -> InstanceValues:
    """The durations of a segment's calls, of so many instances that about `MAX_SAMPLES` are read."""
    dialect = DIALECTS[answers.engine]
    table = fact_tables(answers.catalogues.values())[CALLS].samples[DURATION].name
    compiled = _compiled(answers, filters, segment, table, ("value",))
    one_in = max(1, -(-calls // MAX_SAMPLES))
    where = f"instance % {one_in} = 0" if one_in > 1 else "n > 0"
    sql = f"SELECT instance, value, {dialect.total('n')} AS c FROM {compiled.sql} AS calls WHERE {where} "  # noqa: S608 - our own words
    rows = answers.rows(f"{sql} GROUP BY instance, value", _selection(answers, filters, compiled))
    return [(int(instance), float(value), int(number)) for instance, value, number in rows]


def first_days(answers: "Answers", filters: Filters) -> dict[int, int]:
    """Instance → the day since 1970 on which it was first seen, at any time. Ephemeral instances have none."""
    rows = answers.rows(DIALECTS[answers.engine].first_days, _selection(answers, filters))
    return {int(instance): int(day) for instance, day in rows}


def active_instances(answers: "Answers", filters: Filters) -> set[int]:
    """The instances with any event in the range, widened to whole days; ephemeral ones don't count."""
    selection = replace(_selection(answers, filters), exact=False)
    sql = "SELECT instance FROM presence WHERE mask <> 0 GROUP BY instance"
    return {int(instance) for (instance,) in answers.rows(sql, selection)}


def established_instances(answers: "Answers", filters: Filters) -> set[int]:
    """The product's established instances."""
    sql = "SELECT instance FROM standing WHERE established"
    return {int(instance) for (instance,) in answers.rows(sql, _selection(answers, filters))}


def _compiled(
    answers: "Answers", filters: Filters, segment: Segment, relation: str, columns: Collection[str]
) -> CompiledQuestion:
    kept = answers.value_caps.of_product(filters.product).kept
    facts = fact_tables(answers.catalogues.values())
    question = Question(event=CALLS, segment=segment)
    return compile_rows(question, relation, columns, facts, DIALECTS[answers.engine], kept)


def _selection(answers: "Answers", filters: Filters, compiled: CompiledQuestion | None = None) -> EventSelection:
    return EventSelection(
        filters.product,
        int(filters.start.timestamp()),
        int(filters.end.timestamp()),
        filters.exact,
        INTERNAL_VALUES[filters.internal],
        kept=answers.value_caps.of_product(filters.product).kept,
        parameters=compiled.parameters if compiled else {},
        shared=compiled.shared if compiled else {},
    )

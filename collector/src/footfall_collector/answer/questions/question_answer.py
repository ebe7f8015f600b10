"""Asks the store a question and shapes its answer."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...store import DAY_SECONDS, EventSelection, day_number, day_text, edge_masks
from ..charts import Cell
from ..filters import INTERNAL_VALUES, Filters
from .compiler import compile_question
from .dialects import DIALECTS
from .question import DAILY_MEASURES, DAY_STEP, LOST, NO_STEP, PERCENTILES, RATE, SHARE, Question
from .segments import condition_text, describe, describe_segment

if TYPE_CHECKING:
    from ..answers import Answers

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_FLAGS = {"": None, "true": True, "false": False}
_Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class AppliedCondition:
    """A condition as an answer applies it.

    Attributes:
        where: the condition in the form of a query string.
        applies_to: `events` where the question's own event carries the property, otherwise `instances`.
        phrase: what it selects, to follow the name of what is counted.
    """

    where: str
    applies_to: str
    phrase: str


@dataclass(frozen=True)
class QuestionAnswer:
    """The answer to a question.

    Attributes:
        measure: as in the question.
        event: as in the question; None for events of any name.
        measured: the number or boolean that the measure is of.
        by: the property whose values are rows.
        step: `day`, `hour`, or empty.
        columns: names, in the order of the cells: the step, the property, the measure, and for a rate `hits`, for
            everything that is no number of instances `events`, both numbers of events.
        rows: cells are texts, booleans, numbers, or None where there is no value. Those of a step come in its order,
            then the values of a number in theirs, and other values with the most events first.
        scope: what counts, in one phrase.
        conditions: those of the segment.
        generated_at: RFC 3339, UTC.
        hidden_internal: the number of internal events in the range that are left out, whatever the segment.
        folded: the number of values of `by`, of all events of the product, that are shown as `other`.
    """

    measure: str
    event: str | None
    measured: str | None
    by: str | None
    step: str
    columns: list[str]
    rows: list[list[Cell]]
    scope: str
    conditions: list[AppliedCondition]
    generated_at: str
    hidden_internal: int
    folded: int


def ask(answers: "Answers", question: Question, filters: Filters) -> QuestionAnswer:
    """The answer. Raises StoreError if the store can't answer."""
    rows = _shaped(answers, question, filters)
    step = [question.step] if question.step else []
    by = [question.by.name] if question.by else []
    return QuestionAnswer(
        question.measure,
        question.event,
        question.measured.name if question.measured else None,
        question.by.name if question.by else None,
        question.step,
        [*step, *by, question.measure, *_more_columns(question)],
        rows,
        describe_segment(question.segment, question.event),
        _applied(question),
        datetime.now(UTC).strftime(_MOMENT),
        answers.hidden_internal(filters),
        answers.value_caps.of_product(filters.product).folded.get(question.by.name, 0) if question.by else 0,
    )


def _more_columns(question: Question) -> list[str]:
    if question.measure == RATE:
        return ["hits", "events"]
    return ["events"] if question.measure in (SHARE, *PERCENTILES) else []


def _applied(question: Question) -> list[AppliedCondition]:
    applied = []
    for one in question.segment.conditions:
        own = one.selects_events(question.event)
        where = condition_text(one.property.name, one.negated, one.values)
        applied.append(AppliedCondition(where, "events" if own else "instances", describe(one, question.event)))
    return applied


def _shaped(answers: "Answers", question: Question, filters: Filters) -> list[list[Cell]]:
    rows = _queried(answers, question, filters)
    totals: Counter[int] = Counter()
    if question.measure == SHARE:
        # An event has one value of its own property, and can have several of its instance's.
        is_own = question.by is not None and question.by.carried_by(question.event)
        whole = rows if is_own else _queried(answers, replace(question, by=None), filters)
        for bucket, _, number in whole:
            totals[bucket] += number
    shaped: list[tuple[Any, ...]] = []
    for bucket, value, *numbers in rows:
        for measured, *more in _measured(question, bucket, numbers, totals):
            weight = more[-1] if more else measured
            shaped.append((bucket, 0 if _is_by_number(question) else -weight, value, [measured, *more]))
    shaped.sort(key=lambda row: row[:3])
    return [[*_labels(question, bucket, value), *cells] for bucket, _, value, cells in shaped]


def _is_by_number(question: Question) -> bool:
    return question.by is not None and question.by.is_number


def _measured(question: Question, bucket: int, numbers: list[Any], totals: Mapping[int, int]) -> list[list[Any]]:
    """The measure and the numbers behind it; nothing where no event counts."""
    if question.measure == RATE:
        hits, events = numbers
        return [[hits / events, hits, events]] if events else []
    if question.measure in PERCENTILES:
        events, low, high = numbers
        rest = (events - 1) * PERCENTILES[question.measure] % 100
        return [[low + (high - low) * rest / 100, events]] if events else []
    [number] = numbers
    if question.measure == SHARE:
        return [[number / totals[bucket], number]] if number else []
    return [[number]] if number else []


def _labels(question: Question, bucket: int, value: str | float) -> list[Cell]:
    labels: list[Cell] = []
    if question.step == DAY_STEP:
        # An instance is lost on the day after the one on which it was seen.
        labels.append(day_text(bucket // DAY_SECONDS + (question.measure == LOST)))
    elif question.step != NO_STEP:
        labels.append(datetime.fromtimestamp(bucket, UTC).strftime(_MOMENT))
    if question.by is not None:
        if question.by.is_flag:
            labels.append(_FLAGS[str(value)])
        else:
            labels.append(value if question.by.is_number else value or None)
    return labels


def _queried(answers: "Answers", question: Question, filters: Filters) -> _Rows:
    catalogue = answers.catalogues[filters.product]
    kept = answers.value_caps.of_product(filters.product).kept
    dialect = DIALECTS[answers.engine]
    compiled = compile_question(question, catalogue.events, answers.facts, dialect, kept)
    start, end = int(filters.start.timestamp()), int(filters.end.timestamp())
    exact = filters.exact and question.measure not in DAILY_MEASURES
    parameters = dict(compiled.parameters)
    if question.measure == LOST:
        start, end, now = _time_before(start, end, question.step)
        parameters |= now
    selection = EventSelection(
        filters.product,
        start,
        end,
        exact,
        INTERNAL_VALUES[filters.internal],
        kept=kept,
        parameters=parameters,
        shared=compiled.shared,
    )
    return answers.rows(compiled.sql, selection)


def _time_before(start: int, end: int, step: str) -> tuple[int, int, dict[str, int]]:
    """The time before a range, widened to whole days, or a day earlier; and the range itself as parameters `now_…`."""
    first, last = day_number(start), day_number(end - 1) + 1
    back = 1 if step == DAY_STEP else last - first
    first_block, _, last_block, _ = edge_masks(first, last)
    now = {"now_first_day": first, "now_last_day": last, "now_first_block": first_block, "now_last_block": last_block}
    return (first - back) * DAY_SECONDS, (last - back) * DAY_SECONDS, now

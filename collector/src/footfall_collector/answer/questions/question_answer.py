"""Asks the store a question and shapes its answer."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...runtime import utc_stamp
from ...store import DAY_SECONDS, MONDAY_OFFSET, EventSelection, day_number, day_text, edge_masks
from ..charts import Cell, round_amount
from ..filters import INTERNAL_VALUES, Filters
from .compiler import compile_question
from .dialects import DIALECTS
from .properties import EventProperty
from .question import (
    CAME_BACK,
    DAILY_MEASURES,
    INSTANCES,
    LOST,
    MEASURES,
    MINUTE_STEP,
    NO_STEP,
    PERCENTILES,
    RATE,
    RETENTION,
    SHARE,
    STEP_DAYS,
    STEPS,
    WEEK_STEP,
    Question,
)
from .segments import describe, describe_segment

if TYPE_CHECKING:
    from ..answers import Answers

_FLAGS = {"": None, "true": True, "false": False}
_AFTER = (LOST, CAME_BACK)
"""Measures of instances of the step before."""
OTHER_COLUMNS = {*STEPS, *MEASURES, "hits", "returned", "weeks_later"}
"""Names that answers give to columns."""
_WEEK_SECONDS = STEP_DAYS[WEEK_STEP] * DAY_SECONDS
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
        step: `hour`, `day`, `week`, or empty.
        columns: names, in the order of the cells: the step, the property, the measure, and the numbers behind it: for a
            rate `hits`, for everything that is no number of instances `events`, both numbers of events; for shares of
            instances `returned` and `instances`. Retention has `weeks_later` before the measure.
        rows: cells are texts, booleans, numbers, or None where there is no value. Those of a step come in its order,
            then the values of a number in theirs, and other values with the most events first.
        scope: what counts, in one phrase.
        conditions: those of the segment.
        generated_at: RFC 3339, UTC.
        hidden_internal: the number of internal events of the segment in the range that are left out.
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


def ask(answers: "Answers", question: Question, filters: Filters, now: datetime | None = None) -> QuestionAnswer:
    """The answer. `now` is the present moment without one. Raises StoreError if the store can't answer.

    Instances can still come back in a step that is not over: such steps are left out of what was lost or came back.
    """
    rows = _shaped(answers, question, filters, int((now or datetime.now(UTC)).timestamp()))
    step = [question.step] if question.step else []
    by = [_by_column(question, question.by)] if question.by else []
    return QuestionAnswer(
        question.measure,
        question.event,
        question.measured.name if question.measured else None,
        question.by.name if question.by else None,
        question.step,
        [*step, *by, *_measure_columns(question)],
        rows,
        describe_segment(question.segment, question.event),
        _applied(question),
        utc_stamp(datetime.now(UTC)),
        answers.hidden_internal(filters),
        answers.value_caps.of_product(filters.product).folded.get(question.by.name, 0) if question.by else 0,
    )


def _by_column(question: Question, by: EventProperty) -> str:
    """The column of a property: its name, after that of its event where it is called as a column of answers."""
    if by.name.lower() not in OTHER_COLUMNS:
        return by.name
    return f"{question.event if by.carried_by(question.event) else by.events[0]}.{by.name}"


def _measure_columns(question: Question) -> list[str]:
    name = question.measure
    if name == RETENTION:
        return ["weeks_later", name, "returned", "instances"]
    if name == CAME_BACK:
        return [name, "returned", "instances"]
    if name == RATE:
        return [name, "hits", "events"]
    return [name, "events"] if name in (SHARE, *PERCENTILES) else [name]


def _applied(question: Question) -> list[AppliedCondition]:
    applied = []
    for one in question.segment.conditions:
        own = one.selects_events(question.event)
        phrase = describe(one, question.event)
        applied.append(AppliedCondition(one.written(), "events" if own else "instances", phrase))
    return applied


def _shaped(answers: "Answers", question: Question, filters: Filters, now: int) -> list[list[Cell]]:
    rows = _all_rows(answers, question, filters, now)
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


def _all_rows(answers: "Answers", question: Question, filters: Filters, now: int) -> _Rows:
    """The rows (bucket, value, *numbers) of the steps that count."""
    rows = _queried(answers, question, filters)
    if question.measure == RETENTION:
        return _with_weeks_later(rows, min(now, _end_of_week(int(filters.end.timestamp()))))
    if question.measure == CAME_BACK:
        before = _queried(answers, question, filters, of_lost=False)
        lost = {(bucket, value): number for bucket, value, number in rows}
        rows = [(bucket, value, number - lost.get((bucket, value), 0), number) for bucket, value, number in before]
    if question.measure in _AFTER and question.step != NO_STEP:
        rows = [row for row in rows if row[0] + 2 * STEP_DAYS[question.step] * DAY_SECONDS <= now]
    return rows


def _with_weeks_later(rows: _Rows, over: int) -> _Rows:
    """Of rows (week, value, first day of a later week, instances) those of each week that ended by a moment.

    They are (week, value, weeks later, instances of that, instances of the first).
    """
    seen: defaultdict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    for bucket, value, day, number in rows:
        seen[bucket, value][day * DAY_SECONDS] = number
    return [
        (bucket, value, (week - bucket) // _WEEK_SECONDS, later.get(week, 0), later[bucket])
        for (bucket, value), later in seen.items()
        for week in range(bucket, over - _WEEK_SECONDS + 1, _WEEK_SECONDS)
    ]


def _floor_week(moment: int) -> int:
    """The beginning of a moment's week."""
    offset = MONDAY_OFFSET * DAY_SECONDS
    return (moment + offset) // _WEEK_SECONDS * _WEEK_SECONDS - offset


def _end_of_week(moment: int) -> int:
    """The first beginning of a week that is not before a moment."""
    return _floor_week(moment + _WEEK_SECONDS - 1)


def _is_by_number(question: Question) -> bool:
    return question.by is not None and question.by.is_number


def _measured(question: Question, bucket: int, numbers: list[Any], totals: Mapping[int, int]) -> list[list[Any]]:
    """The measure and the numbers behind it; nothing where no event counts."""
    if question.measure == RETENTION:
        later, back, whole = numbers
        return [[later, back / whole, back, whole]]
    if question.measure in (RATE, CAME_BACK):
        hits, whole = numbers
        return [[hits / whole, hits, whole]] if whole else []
    if question.measure in PERCENTILES:
        events, low, high = numbers
        rest = (events - 1) * PERCENTILES[question.measure] % 100
        return [[round_amount(low + (high - low) * rest / 100), events]] if events else []
    [number] = numbers
    if question.measure == SHARE:
        return [[number / totals[bucket], number]] if number else []
    return [[number]] if number else []


def _labels(question: Question, bucket: int, value: str | float) -> list[Cell]:
    labels: list[Cell] = []
    if question.step in STEP_DAYS:
        # An instance is lost in the step after the one in which it was seen.
        later = STEP_DAYS[question.step] if question.measure in _AFTER else 0
        labels.append(day_text(bucket // DAY_SECONDS + later))
    elif question.step != NO_STEP:
        labels.append(utc_stamp(bucket))
    if question.by is not None:
        if question.by.is_flag:
            labels.append(_FLAGS[str(value)])
        else:
            labels.append(value if question.by.is_number else value or None)
    return labels


def _queried(answers: "Answers", question: Question, filters: Filters, *, of_lost: bool = True) -> _Rows:
    """The rows of a question's query: of what came back, those of lost instances, or of all instances before."""
    measure = question.measure
    if measure == CAME_BACK:
        question = replace(question, measure=LOST if of_lost else INSTANCES)
    catalogue = answers.catalogues[filters.product]
    kept = answers.value_caps.of_product(filters.product).kept
    dialect = DIALECTS[answers.engine]
    compiled = compile_question(question, catalogue.events, answers.facts, dialect, kept)
    start, end = int(filters.start.timestamp()), int(filters.end.timestamp())
    exact = filters.exact and measure not in DAILY_MEASURES
    parameters = dict(compiled.parameters)
    if measure in (*_AFTER, RETENTION):
        first, last = _whole_steps(start, end, question.step)
        back = 0 if measure == RETENTION else STEP_DAYS.get(question.step, last - first)
        start, end = (first - back) * DAY_SECONDS, (last - back) * DAY_SECONDS
        parameters |= _days_of_range(first, last)
    selection = EventSelection(
        filters.product,
        start,
        end,
        exact,
        INTERNAL_VALUES[filters.internal],
        kept=kept,
        by_minute=question.step == MINUTE_STEP,
        parameters=parameters,
        shared=compiled.shared,
    )
    return answers.rows(compiled.sql, selection)


def _whole_steps(start: int, end: int, step: str) -> tuple[int, int]:
    """The first day of a range and the one after its last, widened to whole days or weeks."""
    if step == WEEK_STEP:
        start, end = _floor_week(start), _end_of_week(end)
    return day_number(start), day_number(end - 1) + 1


def _days_of_range(first: int, last: int) -> dict[str, int]:
    """The parameters `now_…`: the days of the range where events of another time are counted."""
    first_block, _, last_block, _ = edge_masks(first, last)
    return {
        "now_first_day": first,
        "now_last_day": last,
        "now_first_block": first_block,
        "now_last_block": last_block,
    }

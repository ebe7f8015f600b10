"""Questions: any measure of any event by any property, in any segment, from a product's catalogue.

`properties` says what a question can be about. `question` and `segments` read it from a query string, `compiler` makes
SQL of it over the store's fact relations, with the engine's forms from `dialects`, and `question_answer` runs it and
shapes the rows. `cells` reads tool calls for the analysis of
their errors. `defaults` lists the questions that every property has.

Promises: names in the SQL come from the catalogue, values are parameters; both engines answer with the same numbers,
and they are those of the oracle (`tests/oracle/questions.py`). `answer` exports what others use.
"""

from .by_instance import (
    InstanceCounts,
    InstanceValues,
    active_instances,
    calls_through_instances,
    counts_by_instance,
    duration_sample,
    durations_by_instance,
    errors_by_class,
    first_days,
    through_instances,
    tool_durations_by_instance,
    word_days,
)
from .cells import (
    CallSource,
    CallsOverview,
    DurationSample,
    Fold,
    call_source,
    days_of,
    segment_of,
)
from .defaults import PropertyQuestion, default_questions
from .properties import EventProperty, QuestionNames
from .question import MEASURES, NAMES, STEPS, Question, parse_question
from .question_answer import AppliedCondition, QuestionAnswer, ask
from .segments import (
    MAX_CONDITIONS,
    PROPERTY_WORDS,
    Condition,
    Segment,
    condition_name,
    condition_text,
    describe_segment,
    parse_segment,
)

__all__ = [
    "MAX_CONDITIONS",
    "MEASURES",
    "NAMES",
    "PROPERTY_WORDS",
    "STEPS",
    "AppliedCondition",
    "CallSource",
    "CallsOverview",
    "Condition",
    "DurationSample",
    "EventProperty",
    "Fold",
    "InstanceCounts",
    "InstanceValues",
    "PropertyQuestion",
    "Question",
    "QuestionAnswer",
    "QuestionNames",
    "Segment",
    "active_instances",
    "ask",
    "call_source",
    "calls_through_instances",
    "condition_name",
    "condition_text",
    "counts_by_instance",
    "days_of",
    "default_questions",
    "describe_segment",
    "duration_sample",
    "durations_by_instance",
    "errors_by_class",
    "first_days",
    "parse_question",
    "parse_segment",
    "segment_of",
    "through_instances",
    "tool_durations_by_instance",
    "word_days",
]

"""Charts: one question each, answered by SQL over the store's relations.

`charts` lists them; the SQL of each stands in `sql/<page>/<chart>.<engine>.sql`. `filters` reads a query string,
`answers` runs a chart's SQL under the filters and shapes its rows. `value_caps` bounds the distinct values of a column,
`values` has those that an assistant reads and those that are `other`. `version_order` is the one order of versions.
`read_gate` bounds the work of reading, and `answer_cache` keeps answers.

Promises: a chart has the same rows from both engines, and they are those of the oracle (`tests/oracle`). `show`,
`operate` and `app` import from this package; it reads data only through `Store.query`.
"""

from ..store import CALLS_EVENT, EventsUnreadableError
from .answers import Answers, Chart
from .charts import Cell, ChartSpec
from .filters import (
    CUSTOM_RANGE,
    DAY_RANGES,
    DEFAULT_RANGE,
    EARLIEST,
    EXTRA_FILTERS,
    HOUR_RANGES,
    INTERNAL_VALUES,
    LATEST,
    MAX_VALUE_LENGTH,
    FilterError,
    Filters,
)
from .questions import (
    MAX_CONDITIONS,
    MEASURES,
    STEPS,
    AppliedCondition,
    CallSource,
    Condition,
    EventProperty,
    Fold,
    PropertyQuestion,
    Question,
    QuestionAnswer,
    QuestionNames,
    Segment,
    ask,
    call_source,
    condition_text,
    days_of,
    default_questions,
    describe_segment,
    parse_question,
    segment_of,
    shown_values,
)
from .questions import NAMES as QUESTION_PARAMETERS
from .read_gate import BusyError, ReadGate
from .values import MIN_GROUP, EstablishedValues
from .version_order import is_release, is_version, version_key

__all__ = [
    "CALLS_EVENT",
    "CUSTOM_RANGE",
    "DAY_RANGES",
    "DEFAULT_RANGE",
    "EARLIEST",
    "EXTRA_FILTERS",
    "HOUR_RANGES",
    "INTERNAL_VALUES",
    "LATEST",
    "MAX_CONDITIONS",
    "MAX_VALUE_LENGTH",
    "MEASURES",
    "MIN_GROUP",
    "QUESTION_PARAMETERS",
    "STEPS",
    "Answers",
    "AppliedCondition",
    "BusyError",
    "CallSource",
    "Cell",
    "Chart",
    "ChartSpec",
    "Condition",
    "EstablishedValues",
    "EventProperty",
    "EventsUnreadableError",
    "FilterError",
    "Filters",
    "Fold",
    "PropertyQuestion",
    "Question",
    "QuestionAnswer",
    "QuestionNames",
    "ReadGate",
    "Segment",
    "ask",
    "call_source",
    "condition_text",
    "days_of",
    "default_questions",
    "describe_segment",
    "is_release",
    "is_version",
    "parse_question",
    "segment_of",
    "shown_values",
    "version_key",
]

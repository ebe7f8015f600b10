"""Explains a difference of error rates, durations or numbers, and compares segments and periods by every measure.

`question` says which calls the two `sides` are, finds the causes of their errors (`statistics`) and builds the answer;
`contributions` says how much of the difference each cause, and each shift of calls between tools, clients and
providers, accounts for; `error_classes` says the same of each class of errors. `durations` answers for durations, with
the numbers of `duration_rows`, and `counts` for calls and instances. `explanation` has the structs of the answer and
its sentences. `comparison` has each measure of two segments or periods with its difference, which `measures` computes
from what each instance did; `week` says what changed this week. Used by `api` and `mcp`.
"""

from .comparison import ComparedSide, Comparison, compare
from .explanation import Explanation
from .question import EXPLAINED_MEASURES, explain, explain_segments, explain_spike, search_causes
from .sides import named_conditions
from .week import WeekChanges, what_changed

__all__ = [
    "EXPLAINED_MEASURES",
    "ComparedSide",
    "Comparison",
    "Explanation",
    "WeekChanges",
    "compare",
    "explain",
    "explain_segments",
    "explain_spike",
    "named_conditions",
    "search_causes",
    "what_changed",
]

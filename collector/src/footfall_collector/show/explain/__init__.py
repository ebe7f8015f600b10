"""Explains a difference of error rates: between days and the same weekdays before, or between two segments.

`question` reads the calls, finds the causes of their errors (`statistics`) and builds the answer; `contributions` says
how much of the difference each cause, and each shift of calls between tools, clients and providers, accounts for;
`explanation` has the structs of the answer and its sentences. Used by `api`.
"""

from .explanation import Explanation
from .question import explain_segments, explain_spike, explain_versions, search_causes

__all__ = ["Explanation", "explain_segments", "explain_spike", "explain_versions", "search_causes"]

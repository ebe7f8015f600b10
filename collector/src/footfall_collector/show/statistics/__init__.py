"""Intervals, tests, and the search for what made calls fail: the numbers behind releases and explanations.

`intervals` has confidence intervals, tests and the control of false discoveries. `reading` reads calls and errors as
the cells of `cube`; `error_rates` fits how many errors are usual for each; `scan` finds the calls that are furthest
beyond that; `causes` repeats both until nothing is left beyond chance. `duration_ranks` compares the durations of two
versions. All but `reading` are pure functions of their arguments. Used by `insight`.
"""

from .cause import Cause, Effect
from .cause_set import CauseSet
from .causes import FALSE_DISCOVERY_RATE, MIN_CLUSTERS, CauseSearch, find_causes
from .cube import MIN_CALLS, NO_VALUE, CallCell, RateCell
from .duration_ranks import DurationCell, compare_within_strata
from .intervals import (
    Z95,
    Histogram,
    RankComparison,
    benjamini_hochberg,
    compare_by_rank,
    histogram_median,
    wilson_interval,
)
from .reading import MAX_DAYS, TimedCell, read_call_cells, read_timed_cells

__all__ = [
    "FALSE_DISCOVERY_RATE",
    "MAX_DAYS",
    "MIN_CALLS",
    "MIN_CLUSTERS",
    "NO_VALUE",
    "Z95",
    "CallCell",
    "Cause",
    "CauseSearch",
    "CauseSet",
    "DurationCell",
    "Effect",
    "Histogram",
    "RankComparison",
    "RateCell",
    "TimedCell",
    "benjamini_hochberg",
    "compare_by_rank",
    "compare_within_strata",
    "find_causes",
    "histogram_median",
    "read_call_cells",
    "read_timed_cells",
    "wilson_interval",
]

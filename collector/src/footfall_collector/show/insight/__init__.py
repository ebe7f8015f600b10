"""Answers made from the charts: sentences, tiles, and releases compared with statistics.

`rows` reads a chart's rows by column and `periods` derives the filters; `regressions` and `releases` use the intervals
and the search for causes of the package `statistics`; `known_versions` says which versions count; `sentences`, in the
markup of `markup`, and `tiles` open each page; `releases` gives what happened too. Data comes from `answer` and
`annotations` only. An answer of the API is a msgspec struct: its field names and its docstring are the API's
documentation. Used by `health`, `pages`, `api`, `report`, `mcp` and `public`.
"""

from .event_names import EVENT_NAMES
from .known_versions import KnownVersions, known_versions
from .markup import code, plain_sentence, printable, render_markup, replace_code, tool_name
from .periods import (
    ComparedPeriod,
    compared_filters,
    compared_period,
    counted_period,
    daily_filters,
    earlier_period,
    ended_part,
    filter_names,
    period_named,
    previous_period,
    without_filters,
)
from .regressions import Regression
from .releases import (
    ReleaseComparison,
    ReleaseMark,
    ShownAnnotations,
    compare_releases,
    newest_release_adoption,
    regressions_in_range,
    release_marks,
    shown_annotations,
    stored_annotations,
)
from .rows import Cell, ChartRow, Moment, rows_as_dicts, share
from .things import met_error, unknown_thing, unused_thing, used_thing
from .tiles import Tile, counts_callers, page_tiles
from .units import EN_DASH, MINUS, NBSP, format_change, format_milliseconds, format_percent, format_points

__all__ = [
    "EN_DASH",
    "EVENT_NAMES",
    "MINUS",
    "NBSP",
    "Cell",
    "ChartRow",
    "ComparedPeriod",
    "KnownVersions",
    "Moment",
    "Regression",
    "ReleaseComparison",
    "ReleaseMark",
    "ShownAnnotations",
    "Tile",
    "code",
    "compare_releases",
    "compared_filters",
    "compared_period",
    "counted_period",
    "counts_callers",
    "daily_filters",
    "earlier_period",
    "ended_part",
    "filter_names",
    "format_change",
    "format_milliseconds",
    "format_percent",
    "format_points",
    "known_versions",
    "met_error",
    "newest_release_adoption",
    "page_tiles",
    "period_named",
    "plain_sentence",
    "previous_period",
    "printable",
    "regressions_in_range",
    "release_marks",
    "render_markup",
    "replace_code",
    "rows_as_dicts",
    "share",
    "shown_annotations",
    "stored_annotations",
    "tool_name",
    "unknown_thing",
    "unused_thing",
    "used_thing",
    "without_filters",
]

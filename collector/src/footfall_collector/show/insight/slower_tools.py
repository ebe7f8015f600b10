"""The tools that take longer in a version than in the one before, among calls of one client, provider and day.

All tools are looked at by the roll-up of durations first. Only those that seem slower are read again, by instance, from
raw events: that costs more, and answers what the roll-up can't.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from ...answer import Answers, EventsUnreadableError, Filters, tool_durations_by_instance
from ..statistics import (
    FALSE_DISCOVERY_RATE,
    MIN_CALLS,
    DurationCell,
    RankComparison,
    benjamini_hochberg,
    compare_by_rank,
    compare_within_strata,
    histogram_median,
)
from .markup import code
from .regressions import Regression, VersionUsage, predecessor
from .units import NBSP, format_milliseconds, format_percent

MIN_SLOWER_SHARE = 0.55
"""Slower in a smaller share of pairs is no regression, however certain: 0.55 is usually an eighth more time."""
_MIN_SEEMING_SHARE, _MAX_SEEMING_P = 0.51, 0.1
"""What a tool needs of all calls, whoever made them, to be looked at more closely where there are many."""
_FEW_CALLS = 50_000
"""Of so many calls, all tools are looked at closely: one instance could hide a slow release there."""
_FALSE_DISCOVERY_RATE = FALSE_DISCOVERY_RATE / 4
"""The margin covers fleets of a few dozen instances, whose variance is underestimated."""
CellsOf = Callable[[Collection[str], Collection[str]], Mapping[str, list[DurationCell]]]
"""Takes tools and versions; gives the calls of each tool in those versions."""


class _Seeming(NamedTuple):
    """A tool that is slower in all calls of a version than in those of the one before."""

    tool: str
    version: str
    before: str


def slower_tools(versions: Mapping[str, VersionUsage], cells_of: CellsOf) -> list[Regression]:
    """The regressions of durations. Raises StoreError as `cells_of` does."""
    tests, seeming = 0, []
    calls = sum(sum(histogram.values()) for usage in versions.values() for histogram in usage.durations.values())
    for each, ranks in _compared(versions):
        tests += 1
        if calls <= _FEW_CALLS or (ranks.share >= _MIN_SEEMING_SHARE and ranks.p_value <= _MAX_SEEMING_P):
            seeming.append(each)
    if not seeming:
        return []
    named = {version for each in seeming for version in (each.version, each.before)}
    cells = cells_of({each.tool for each in seeming}, named)
    ranked = [compare_within_strata(cells.get(each.tool, ()), each.version, each.before) for each in seeming]
    # Those that don't seem slower were tests too.
    p_values = [ranks.p_value for ranks in ranked] + [1.0] * (tests - len(seeming))
    significant = benjamini_hochberg(p_values, _FALSE_DISCOVERY_RATE)
    return [
        _regression(each, ranks, versions)
        for each, ranks, is_significant in zip(seeming, ranked, significant, strict=False)
        if is_significant and ranks.share >= MIN_SLOWER_SHARE and ranks.low > 0.5
    ]


def duration_cells(answers: Answers, filters: Filters, *, established: bool) -> CellsOf:
    """The calls under some filters; none where raw events of the range can't be read."""

    def cells_of(tools: Collection[str], versions: Collection[str]) -> Mapping[str, list[DurationCell]]:
        try:
            rows = tool_durations_by_instance(answers, filters, tools, versions, established=established)
        except EventsUnreadableError:
            return {}
        cells: dict[str, list[DurationCell]] = {tool: [] for tool in tools}
        for tool, day, version, client, provider, instance, value, calls in rows:
            cells[tool].append(DurationCell(day, version, client, provider, str(instance), value, calls))
        return cells

    return cells_of


def _compared(versions: Mapping[str, VersionUsage]) -> Iterator[tuple[_Seeming, RankComparison]]:
    """Each tool of each version with the version before, by all of their calls."""
    calls = {
        name: {tool: sum(histogram.values()) for tool, histogram in usage.durations.items()}
        for name, usage in versions.items()
    }
    for version, usage in versions.items():
        for tool, after in usage.durations.items():
            if calls[version][tool] < MIN_CALLS:
                continue
            older = predecessor(version, [name for name in versions if calls[name].get(tool, 0) >= MIN_CALLS])
            if older is not None:
                yield _Seeming(tool, version, older), compare_by_rank(after, versions[older].durations[tool])


def _regression(each: _Seeming, ranks: RankComparison, versions: Mapping[str, VersionUsage]) -> Regression:
    after, before = (versions[name].durations[each.tool] for name in (each.version, each.before))
    now, was, calls = histogram_median(after) or 0.0, histogram_median(before) or 0.0, sum(after.values())
    text = (
        f"takes {format_milliseconds(now)} (median of {calls:,} calls), {format_milliseconds(was)} in "
        f"{code(each.before)}: slower in {format_percent(ranks.share)} of pairs of the same client, provider and day "
        f"({format_percent(ranks.low)} to {format_percent(ranks.high)}, 95{NBSP}% interval)"
    )
    return Regression("duration", each.version, each.tool, each.before, now, was, ranks.low, ranks.high, calls, text)

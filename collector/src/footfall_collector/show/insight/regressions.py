"""The tools that fail more often, or take longer, in a version than in the previous one, beyond chance."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from ...answer import is_release, version_key
from .markup import code
from .statistics import (
    Histogram,
    benjamini_hochberg,
    compare_by_rank,
    histogram_median,
    newcombe_interval,
    rise_p_value,
)
from .units import NBSP, format_milliseconds, format_percent

MIN_CALLS = 30
"""A tool is compared only where both versions have at least this many calls of it."""
FALSE_DISCOVERY_RATE = 0.02
"""The share of regressions that may be false on average. The promise is 5 %; the margin covers dependent calls."""
MIN_SLOWER_SHARE = 0.55
"""Slower in a smaller share of pairs is no regression, however certain: 0.55 is usually an eighth more time."""

METHOD = (
    "A version is compared with the release before it, by tools with at least 30 calls in both. A tool is flagged when "
    "it fails more often (score test, and Newcombe's 95 % interval above zero) or takes longer (Mann-Whitney test, and "
    "slower in at least 55 % of pairs) than chance explains; at most 2 % of flags are false on average "
    "(Benjamini-Hochberg). Calls of one instance count as independent, which is not quite true."
)

ErrorCount = tuple[int, int]
"""(errors, calls)."""


@dataclass(frozen=True)
class VersionUsage:
    """Errors and durations of a version's tools.

    Attributes:
        errors: tool → (errors, calls).
        durations: tool → duration in ms → calls.
    """

    errors: Mapping[str, ErrorCount] = field(default_factory=dict)
    durations: Mapping[str, Histogram] = field(default_factory=dict)

    @property
    def total_errors(self) -> ErrorCount:
        """(errors, calls) of all tools."""
        return sum(errors for errors, _ in self.errors.values()), sum(calls for _, calls in self.errors.values())

    @property
    def median_ms(self) -> float | None:
        """The median duration of all calls; None without calls."""
        sums: dict[float, int] = {}
        for histogram in self.durations.values():
            for value, n in histogram.items():
                sums[value] = sums.get(value, 0) + n
        return histogram_median(sums)


class Regression(msgspec.Struct, frozen=True):
    """A tool that got worse in a version.

    Attributes:
        kind: `errors`, where `now` and `was` are error rates, or `duration`, where they are medians in ms.
        before: the version that `version` is compared with.
        low: lower end of the 95 % interval of the rise of the rate, or of the share of pairs that are slower.
        high: its upper end.
        calls: calls of the tool in `version`.
        text: the comparison as a sentence without subject; `code` is markup.
    """

    kind: Literal["errors", "duration"]
    version: str
    tool: str
    before: str
    now: float
    was: float
    low: float
    high: float
    calls: int
    text: str


def find_regressions(versions: Mapping[str, VersionUsage]) -> list[Regression]:
    """The regressions of `versions` (by name), the newest version's first."""
    regressions: list[Regression] = []
    for tests in (list(_error_tests(versions)), list(_duration_tests(versions))):
        significant = benjamini_hochberg([p_value for p_value, _ in tests], FALSE_DISCOVERY_RATE)
        regressions += [
            regression
            for (_, regression), is_significant in zip(tests, significant, strict=True)
            if is_significant and regression
        ]
    return sorted(regressions, key=lambda each: (version_key(each.version), each.kind, each.low), reverse=True)


def predecessor(version: str, others: list[str]) -> str | None:
    """The version to compare with: the newest older release, or a pre-release where there is none."""
    older = sorted((other for other in others if version_key(other) < version_key(version)), key=version_key)
    released = [other for other in older if is_release(other)]
    if is_release(version) and released:
        return released[-1]
    return older[-1] if older else None


def _error_tests(versions: Mapping[str, VersionUsage]) -> Iterator[tuple[float, Regression | None]]:
    """The p-value of each comparison and its regression; None where the rate did not rise beyond its interval."""
    for version, usage in versions.items():
        for tool, after in usage.errors.items():
            if after[1] < MIN_CALLS:
                continue  # most tools, where a sender invents them: nothing is looked up for those
            enough = [name for name, other in versions.items() if other.errors.get(tool, (0, 0))[1] >= MIN_CALLS]
            older = predecessor(version, enough)
            if older is None:
                continue
            before = versions[older].errors[tool]
            low, high = newcombe_interval(after, before)
            rates = after[0] / after[1], before[0] / before[1]
            text = (
                f"fails in {format_percent(rates[0])} of {after[1]:,} calls, {format_percent(rates[1])} in "
                f"{code(older)}: a rise by {100 * low:.1f} to {100 * high:.1f} percentage points (95{NBSP}% interval)"
            )
            regression = Regression("errors", version, tool, older, *rates, low, high, after[1], text)
            yield rise_p_value(after, before), regression if low > 0 else None


def _duration_tests(versions: Mapping[str, VersionUsage]) -> Iterator[tuple[float, Regression | None]]:
    calls = {
        name: {tool: sum(histogram.values()) for tool, histogram in usage.durations.items()}
        for name, usage in versions.items()
    }
    for version, usage in versions.items():
        for tool, after in usage.durations.items():
            n = calls[version][tool]
            if n < MIN_CALLS:
                continue
            older = predecessor(version, [name for name in versions if calls[name].get(tool, 0) >= MIN_CALLS])
            if older is None:
                continue
            before = versions[older].durations[tool]
            ranks = compare_by_rank(after, before)
            now, was = histogram_median(after) or 0.0, histogram_median(before) or 0.0
            text = (
                f"takes {format_milliseconds(now)} (median of {n:,} calls), {format_milliseconds(was)} in "
                f"{code(older)}: slower in {format_percent(ranks.share)} of pairs "
                f"({format_percent(ranks.low)} to {format_percent(ranks.high)}, 95{NBSP}% interval)"
            )
            regression = Regression("duration", version, tool, older, now, was, ranks.low, ranks.high, n, text)
            is_slower = ranks.share >= MIN_SLOWER_SHARE and ranks.low > 0.5
            yield ranks.p_value, regression if is_slower else None

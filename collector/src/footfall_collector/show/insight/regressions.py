"""The tools that fail more often, or take longer, in a version than in the previous one, beyond chance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from ...answer import is_release, round_amount, version_key
from ..statistics import (
    MIN_CALLS,
    Z95,
    Cause,
    Histogram,
    histogram_median,
)
from .markup import code
from .units import NBSP, format_percent, format_points

METHOD = (
    "Errors: a model of each tool's usual error rate with each client and provider is compared with what happened. "
    "Days on which a provider or all calls failed, and clients that fail since some day, are singled out first: what "
    "they explain is no release's fault. A release is flagged for the tools that fail more often than usual in it and "
    "not elsewhere (likelihood ratio, corrected for the number of alternatives and, by Benjamini-Hochberg, of flags; "
    "95 % interval from the variation between groups of instances), if more than one group of instances shows it. "
    "Durations: a version is compared with the release before it, by tools with at least 30 calls in both; a tool is "
    "flagged when it takes longer in calls of the same client, provider and day (Mann-Whitney test by strata, with the "
    "variation between instances, of which none weighs much more than others; slower in at least 55 % of pairs, and "
    "more often than not whichever instance is left out). Versions that hardly ran on the same days are compared over "
    "three days of each or more, with the variation between days."
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
        median = histogram_median(sums)
        return None if median is None else round_amount(median)


class Regression(msgspec.Struct, frozen=True):
    """A tool that got worse in a version.

    Attributes:
        kind: `errors`, where `now` and `was` are error rates, or `duration`, where they are medians in ms.
        before: the version before `version`.
        now: with errors, the rate of the tool in `version`, and in later ones that share the fault.
        was: with errors, the rate that is usual for the same calls: with their clients, providers and days.
        low: lower end of the 95 % interval of the rise of the rate, or of the share of pairs that are slower.
        high: its upper end.
        calls: calls of the tool that `now` is about.
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


def find_regressions(
    versions: Mapping[str, VersionUsage], causes: Sequence[Cause], slower: Sequence[Regression] = ()
) -> list[Regression]:
    """The regressions of `versions` (by name), the newest version's first.

    `causes` are those of all their errors, and `slower` the regressions of durations.
    """
    regressions = [*slower, *(each for cause in causes for each in _error_regressions(cause, versions))]
    return sorted(regressions, key=lambda each: (version_key(each.version), each.kind, each.low), reverse=True)


def predecessor(version: str, others: list[str]) -> str | None:
    """The version to compare with: the newest older release, or a pre-release where there is none."""
    older = sorted((other for other in others if version_key(other) < version_key(version)), key=version_key)
    released = [other for other in older if is_release(other)]
    if is_release(version) and released:
        return released[-1]
    return older[-1] if older else None


def _error_regressions(cause: Cause, versions: Mapping[str, VersionUsage]) -> Iterator[Regression]:
    """The regressions of a release's fault: none where the cause is another, or errors became fewer after it."""
    if cause.set.kind != "version":
        return
    version = cause.set.values[0]
    for tool in _tools_of(cause):
        effect = cause.tools[tool]
        used = [name for name, usage in versions.items() if usage.errors.get(tool, (0, 0))[1] >= MIN_CALLS]
        older = predecessor(version, used)
        if older is None or effect.calls < MIN_CALLS:
            continue
        now, was = effect.errors / effect.calls, effect.expected / effect.calls
        # The interval of the ratio of all tools, around this tool's own.
        ratio = (effect.errors + 0.5) / (effect.expected + 0.5)
        low, high = (max(0.0, was * (ratio * side / cause.ratio - 1)) for side in (cause.low, cause.high))
        text = (
            f"fails in {format_percent(now)} of {effect.calls:,} calls, where {format_percent(was)} are usual "
            f"({code(older)} came before): {format_points(low, high)} (95{NBSP}% interval)"
        )
        yield Regression("errors", version, tool, older, now, was, low, high, effect.calls, text)


def _tools_of(cause: Cause) -> list[str]:
    """The tools that a cause names; of one that all tools share, those that show it by themselves, at least one."""
    if not cause.set.pooled:
        return [*cause.tools]
    shown = [tool for tool, effect in cause.tools.items() if effect.deviance >= Z95**2]
    return shown or [*cause.tools][:1]

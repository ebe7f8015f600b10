"""The tools that fail more often, or take longer, in a version than in the one before, beyond what chance explains."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ...answer import is_release, version_key
from .sentences import NBSP, milliseconds, percent
from .statistics import Histogram, discoveries, median, newcombe, rise_p_value, slower

FEW_CALLS = 30
"""Below this many calls of either version nothing is said about a tool."""
FALSE_SHARE = 0.02
"""The share of flags that may be false on average. The promise is 5 %; the rest is for what is not independent."""
LEAST_SLOWER = 0.55
"""Slower in fewer pairs than this is no regression, however sure: an eighth more time, where times spread as usual."""

NOTE = (
    "A version is compared with the release before it, by tools with at least 30 calls in both. A tool is flagged when "
    "it fails more often (score test, and Newcombe's 95 % interval above zero) or takes longer (Mann-Whitney test, and "
    "slower in at least 55 % of pairs) than chance explains; at most 2 % of flags are false on average "
    "(Benjamini-Hochberg). Calls of one instance count as independent, which they are not quite."
)

Rate = tuple[int, int]
"""(errors, calls)."""


@dataclass(frozen=True)
class Version:
    """What is known of a version's tools: (errors, calls), and how often which duration in ms, by tool."""

    rates: Mapping[str, Rate] = field(default_factory=dict)
    durations: Mapping[str, Histogram] = field(default_factory=dict)

    @property
    def rate(self) -> Rate:
        """(errors, calls) of all tools."""
        return sum(errors for errors, _ in self.rates.values()), sum(calls for _, calls in self.rates.values())

    @property
    def median(self) -> float | None:
        """The median duration of all calls in ms."""
        sums: dict[float, int] = {}
        for histogram in self.durations.values():
            for value, n in histogram.items():
                sums[value] = sums.get(value, 0) + n
        return median(sums)


@dataclass(frozen=True)
class Flag:
    """One regression.

    Attributes:
        kind: `errors`, whose `now` and `was` are rates, or `duration`, where they are medians in ms.
        before: the version that it is compared with.
        low: lower end of the 95 % interval of the rise of the rate, or of the share of pairs that are slower.
        high: its upper end.
        text: all of it in words.
    """

    kind: str
    version: str
    tool: str
    before: str
    now: float
    was: float
    low: float
    high: float
    calls: int
    text: str


def regressions(versions: Mapping[str, Version]) -> list[dict[str, Any]]:
    """`Flag`s as dictionaries, the newest version's first; `versions` by name."""
    found = []
    for tests in (list(_error_tests(versions)), list(_duration_tests(versions))):
        believed = discoveries([p_value for p_value, _ in tests], FALSE_SHARE)
        found += [flag for (_, flag), is_believed in zip(tests, believed, strict=True) if is_believed and flag]
    ranked = sorted(found, key=lambda flag: (version_key(flag.version), flag.kind, flag.low), reverse=True)
    return [asdict(flag) for flag in ranked]


def one_before(version: str, others: list[str]) -> str | None:
    """The version to compare with: the newest older release, or pre-release where there is no such."""
    older = sorted((other for other in others if version_key(other) < version_key(version)), key=version_key)
    released = [other for other in older if is_release(other)]
    if is_release(version) and released:
        return released[-1]
    return older[-1] if older else None


def _error_tests(versions: Mapping[str, Version]) -> Iterator[tuple[float, Flag | None]]:
    """The p-value of each comparison, and the flag that it would be; None where it is no rise worth one."""
    for version, about in versions.items():
        for tool, after in about.rates.items():
            enough = [name for name, other in versions.items() if other.rates.get(tool, (0, 0))[1] >= FEW_CALLS]
            older = one_before(version, enough)
            if older is None or after[1] < FEW_CALLS:
                continue
            before = versions[older].rates[tool]
            low, high = newcombe(after, before)
            rates = after[0] / after[1], before[0] / before[1]
            text = (
                f"fails in {percent(rates[0])} of {after[1]:,} calls, {percent(rates[1])} in {older}: "
                f"a rise by {100 * low:.1f} to {100 * high:.1f} percentage points (95{NBSP}% interval)"
            )
            flag = Flag("errors", version, tool, older, *rates, low, high, after[1], text)
            yield rise_p_value(after, before), flag if low > 0 else None


def _duration_tests(versions: Mapping[str, Version]) -> Iterator[tuple[float, Flag | None]]:
    calls = {name: {t: sum(of.values()) for t, of in about.durations.items()} for name, about in versions.items()}
    for version, about in versions.items():
        for tool, after in about.durations.items():
            older = one_before(version, [name for name in versions if calls[name].get(tool, 0) >= FEW_CALLS])
            if older is None or calls[version][tool] < FEW_CALLS:
                continue
            before = versions[older].durations[tool]
            found = slower(after, before)
            now, was = median(after) or 0.0, median(before) or 0.0
            text = (
                f"takes {milliseconds(now)} (median of {calls[version][tool]:,} calls), {milliseconds(was)} in "
                f"{older}: "
                f"slower in {percent(found.share)} of pairs ({percent(found.low)} to {percent(found.high)}, "
                f"95{NBSP}% interval)"
            )
            flag = Flag("duration", version, tool, older, now, was, found.low, found.high, calls[version][tool], text)
            yield found.p_value, flag if found.share >= LEAST_SLOWER and found.low > 0.5 else None

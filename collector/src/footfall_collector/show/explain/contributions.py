"""How much of a difference of two error rates each cause accounts for, and each shift of calls.

A cause accounts for the errors that it adds, per call, in one segment minus the other. What is left of the expected
rates differs only where the calls do: between tools, then between the clients of each tool, then between the providers
of those (a Kitagawa decomposition).

Source: E. M. Kitagawa (1955), "Components of a difference between two rates".
"""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ..statistics import Z95, Cause, CauseSearch


class DayAndSides(Protocol):
    """What says whether calls are of a segment."""

    @property
    def day(self) -> int: ...
    @property
    def sides(self) -> int: ...


class DaySides(NamedTuple):
    """A day and the segments that have some calls of it."""

    day: int
    sides: int


Chosen = Callable[[DayAndSides], bool]
"""Whether a segment has a cell's calls."""
Counts = list[int]
"""Calls and errors of a segment, and those of another one."""
MIN_SHARE = 0.02
"""What accounts for less of the difference is left out."""
MIN_EFFECT = 0.0005
"""What moves the error rate by less is left out: it rounds to no points."""
SHIFTS = ("tool", "client", "provider")


@dataclass(frozen=True)
class Contribution:
    """A part of the difference of the error rates, with its 95 % interval."""

    effect: float
    low: float
    high: float


def real_difference(effect: float, low: float, high: float, of_findings: float) -> float | None:
    """A difference; None where no more than chance is behind it.

    More is, where its interval says so, or where the findings together make up most of it.
    """
    by_findings = of_findings * effect > 0 and 0.5 <= of_findings / effect <= 2
    return effect if effect and (by_findings or not low <= 0 <= high) else None


@dataclass
class SegmentPair:
    """Two segments of the calls of a search.

    Attributes:
        of_segment: whether the first segment has a cell's calls.
        of_other: whether the second one has.
    """

    search: CauseSearch
    of_segment: Chosen
    of_other: Chosen
    calls: tuple[int, int] = field(init=False)
    errors: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self._rows = self._counted()
        self._clusters: defaultdict[str, Counts] = defaultdict(_no_calls)
        totals = _no_calls()
        for (cluster, *_), counts in self._rows.items():
            for sums in (self._clusters[cluster], totals):
                for index, number in enumerate(counts):
                    sums[index] += number
        self.calls, self.errors = (totals[0], totals[2]), (totals[1], totals[3])

    @property
    def chosen(self) -> tuple[Chosen, Chosen]:
        """Whether each segment has a cell's calls."""
        return self.of_segment, self.of_other

    def _counted(self) -> dict[tuple[str, str, str, str], Counts]:
        """(cluster, tool, client, provider) → calls and errors of the first segment, and of the second one."""
        rows: defaultdict[tuple[str, str, str, str], Counts] = defaultdict(_no_calls)
        for cell in self.search.detailed:
            of_segment, of_other = self.of_segment(cell), self.of_other(cell)
            if of_segment or of_other:
                counts = rows[cell.cluster, cell.tool, cell.client, cell.provider]
                if of_segment:
                    counts[0] += cell.calls
                    counts[1] += cell.errors
                if of_other:
                    counts[2] += cell.calls
                    counts[3] += cell.errors
        return dict(rows)

    def difference(self) -> Contribution:
        """Of the error rates. The interval allows for calls of one cluster that depend on each other."""
        return self.of_errors({cluster: (counts[1], counts[3]) for cluster, counts in self._clusters.items()})

    def of_errors(self, errors: Mapping[str, tuple[int, int]]) -> Contribution:
        """The difference of the rates of some errors, of which each cluster has some in either segment."""
        return rate_difference(self.calls_by_cluster(), errors)

    def calls_by_cluster(self) -> dict[str, tuple[int, int]]:
        """Cluster → its calls in either segment."""
        return {cluster: (counts[0], counts[2]) for cluster, counts in self._clusters.items()}

    def of_cause(self, cause: Cause) -> Contribution:
        """The errors per call that a cause adds, in the first segment minus the second."""
        added = [0.0, 0.0]
        for cell in self.search.cells:
            excess = cause.excess(cell)
            if excess and self.of_segment(cell):
                added[0] += excess
            if excess and self.of_other(cell):
                added[1] += excess
        effect = added[0] / self.calls[0] - added[1] / self.calls[1]
        # The share of a cause's errors that it adds is 1 - 1 / ratio: its interval is that of the ratio.
        whole = 1 - 1 / cause.ratio
        low, high = sorted(effect * (1 - 1 / side) / whole for side in (cause.low, cause.high))
        return Contribution(effect, low, high)

    def of_shifts(self) -> dict[str, Contribution]:
        """What each shift of calls accounts for: between tools, clients of a tool, providers of those."""
        usual = self._usual_errors()
        rates = [self._usual_rates(usual, length) for length in range(1, len(SHIFTS) + 1)]
        result = {}
        for length, name in enumerate(SHIFTS, 1):
            change: dict[tuple[str, ...], float] = {}
            for key in {row[1:] for row in self._rows}:
                before = rates[length - 2][key[: length - 1]] if length > 1 else 0.0
                change[key] = rates[length - 1][key[:length]] - before
            result[name] = self.of_shift(change)
        return result

    def _usual_errors(self) -> list[float]:
        """Those that are expected of each cell without any cause."""
        causes, cells = self.search.causes, self.search.cells
        return [max(0.0, cell.expected - sum(cause.excess(cell) for cause in causes)) for cell in cells]

    def _usual_rates(self, usual: list[float], length: int) -> dict[tuple[str, ...], float]:
        """The same of a call, by the first of tool, client and provider."""
        sums: defaultdict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for cell, errors in zip(self.search.cells, usual, strict=True):
            pair = sums[(cell.tool, cell.client, cell.provider)[:length]]
            pair[0] += errors
            pair[1] += cell.calls
        return {key: errors / calls for key, (errors, calls) in sums.items()}

    def of_shift(self, rates: Mapping[tuple[str, ...], float]) -> Contribution:
        """The difference of the mean of some rates; they are of a call by tool, client and provider."""
        means = [0.0, 0.0]
        for (_, *key), counts in self._rows.items():
            means[0] += rates[tuple(key)] * counts[0] / self.calls[0]
            means[1] += rates[tuple(key)] * counts[2] / self.calls[1]
        scores: defaultdict[str, float] = defaultdict(float)
        for (cluster, *key), counts in self._rows.items():
            rate = rates[tuple(key)]
            scores[cluster] += (rate - means[0]) * counts[0] / self.calls[0]
            scores[cluster] -= (rate - means[1]) * counts[2] / self.calls[1]
        return with_interval(means[0] - means[1], scores.values())


def rate_difference(calls: Mapping[str, tuple[int, int]], errors: Mapping[str, tuple[int, int]]) -> Contribution:
    """The difference of two rates, from each cluster's calls and errors in either segment, of which both have calls."""
    whole, failed = ([sum(pair[side] for pair in each.values()) for side in (0, 1)] for each in (calls, errors))
    rates = [number / total for number, total in zip(failed, whole, strict=True)]
    scores = {}
    for cluster, (first_calls, second_calls) in calls.items():
        first, second = errors.get(cluster, (0, 0))
        scores[cluster] = (first - rates[0] * first_calls) / whole[0]
        scores[cluster] -= (second - rates[1] * second_calls) / whole[1]
    return with_interval(rates[0] - rates[1], scores.values())


def _no_calls() -> Counts:
    return [0, 0, 0, 0]


def with_interval(effect: float, scores: Collection[float]) -> Contribution:
    few = len(scores) / (len(scores) - 1) if len(scores) > 1 else 1.0
    span = Z95 * math.sqrt(few * sum(score * score for score in scores))
    return Contribution(effect, effect - span, effect + span)

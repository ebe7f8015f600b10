"""How much of a difference of two error rates each cause accounts for, and each shift of calls.

A cause accounts for the errors that it adds, per call, in one segment minus the other. What is left of the expected
rates differs only where the calls do: between tools, then between the clients of each tool, then between the providers
of those (a Kitagawa decomposition).

Source: E. M. Kitagawa (1955), "Components of a difference between two rates".
"""

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ..statistics import Z95, CallCell, Cause, CauseSearch


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
SHIFTS = ("tool", "client", "provider")


@dataclass(frozen=True)
class Contribution:
    """A part of the difference of the error rates, with its 95 % interval."""

    effect: float
    low: float
    high: float


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
        sides = [[cell for cell in self.search.detailed if chosen(cell)] for chosen in (self.of_segment, self.of_other)]
        first, second = ((sum(cell.calls for cell in side), sum(cell.errors for cell in side)) for side in sides)
        self.calls, self.errors = (first[0], second[0]), (first[1], second[1])

    def difference(self) -> Contribution:
        """Of the error rates. The interval allows for calls of one cluster that depend on each other."""
        rates = [errors / calls for errors, calls in zip(self.errors, self.calls, strict=True)]
        scores: defaultdict[str, float] = defaultdict(float)
        for cell in self.search.detailed:
            if self.of_segment(cell):
                scores[cell.cluster] += (cell.errors - rates[0] * cell.calls) / self.calls[0]
            if self.of_other(cell):
                scores[cell.cluster] -= (cell.errors - rates[1] * cell.calls) / self.calls[1]
        return _with_interval(rates[0] - rates[1], scores)

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
        before = [0.0] * len(self.search.detailed)
        result = {}
        for length in range(1, len(SHIFTS) + 1):
            rates = self._rates(usual, length)
            after = [rates[self._key(cell, length)] for cell in self.search.detailed]
            result[SHIFTS[length - 1]] = self._shift([b - a for a, b in zip(before, after, strict=True)])
            before = after
        return result

    def _usual_errors(self) -> dict[int, float]:
        """The expected errors of a call without any cause, by the identity of the cell."""
        causes = self.search.causes
        return {
            id(cell): max(0.0, cell.expected - sum(cause.excess(cell) for cause in causes)) / cell.calls
            for cell in self.search.cells
        }

    def _rates(self, usual: dict[int, float], length: int) -> dict[tuple[str, ...], float]:
        sums: defaultdict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for cell, part in zip(self.search.detailed, self.search.parts, strict=True):
            pair = sums[self._key(cell, length)]
            pair[0] += usual[id(part)] * cell.calls
            pair[1] += cell.calls
        return {key: errors / calls for key, (errors, calls) in sums.items()}

    @staticmethod
    def _key(cell: CallCell, length: int) -> tuple[str, ...]:
        return (cell.tool, cell.client, cell.provider)[:length]

    def _shift(self, rates: list[float]) -> Contribution:
        means = [0.0, 0.0]
        for cell, rate in zip(self.search.detailed, rates, strict=True):
            if self.of_segment(cell):
                means[0] += rate * cell.calls / self.calls[0]
            if self.of_other(cell):
                means[1] += rate * cell.calls / self.calls[1]
        scores: defaultdict[str, float] = defaultdict(float)
        for cell, rate in zip(self.search.detailed, rates, strict=True):
            if self.of_segment(cell):
                scores[cell.cluster] += (rate - means[0]) * cell.calls / self.calls[0]
            if self.of_other(cell):
                scores[cell.cluster] -= (rate - means[1]) * cell.calls / self.calls[1]
        return _with_interval(means[0] - means[1], scores)


def _with_interval(effect: float, scores: dict[str, float]) -> Contribution:
    few = len(scores) / (len(scores) - 1) if len(scores) > 1 else 1.0
    span = Z95 * math.sqrt(few * sum(score * score for score in scores.values()))
    return Contribution(effect, effect - span, effect + span)

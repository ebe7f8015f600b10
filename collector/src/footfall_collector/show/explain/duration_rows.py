"""Durations of two sides: which calls are slow, how much longer a cause makes them, and what that does to a percentile.

A call is slow where it takes longer than the percentile of its tool on the side that is compared with. What makes calls
slow is then searched for like what makes them fail (distribution regression at that percentile). How much longer a
cause makes the calls of a tool is the factor without which as many of them would be slow as usual; its effect on the
percentile of a side is the difference to the percentile with the concerned durations divided by that factor.

Sources: V. Chernozhukov, I. Fernández-Val and B. Melly (2013), "Inference on counterfactual distributions"; R. S.
Woodruff (1952), "Confidence intervals for medians and other position measures".
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ...answer import InstanceValues
from ..statistics import MIN_CALLS, Z95, CallCell, Cause, Effect, TimedCell
from .contributions import SHIFTS, Chosen, Contribution, SegmentPair
from .measures import percentile_of

A, B = 1, 2
"""Bits of the sides."""
Histogram = defaultdict[float, float]
"""Duration → calls."""
MAX_TIMES_MEDIAN = 4
"""The calls of a cluster that the search reads, in times of those of the median one."""
_Row = tuple[CallCell, float, int]
Keys = tuple[str, ...]
Factors = dict[str, float]


@dataclass(frozen=True)
class Slowdown:
    """What a cause does to durations, in ms.

    Attributes:
        calls: those that it concerns.
        duration: their percentile.
        usual: the same without the cause.
        ratio: how many times as long calls take.
        ratio_low: lower end of its 95 % interval.
        ratio_high: its upper end.
        part: what it adds to the difference of the sides.
    """

    calls: int
    duration: float
    usual: float
    ratio: float
    ratio_low: float
    ratio_high: float
    part: Contribution


class DurationRows:
    """The durations of some calls; `share` says of which percentile."""

    def __init__(self, timed: Sequence[TimedCell], chosen: tuple[Chosen, Chosen], share: float) -> None:
        of_a, of_b = chosen
        self._share = share
        self._rows = [(cell, value, of_a(cell) * A | of_b(cell) * B) for cell, value in timed]
        self._factors: dict[int, float] = defaultdict(lambda: 1.0)
        self.thresholds = self._thresholds()

    def _thresholds(self) -> dict[str, float]:
        """Tool → the percentile of the second side; that of all calls where it has few."""
        histograms: defaultdict[tuple[str, bool], Histogram] = defaultdict(_histogram)
        for cell, value, sides in self._rows:
            histograms[cell.tool, False][value] += cell.calls
            if sides & B:
                histograms[cell.tool, True][value] += cell.calls
        return {
            tool: self._percentile(
                histograms[tool, True] if sum(histograms[tool, True].values()) >= MIN_CALLS else histograms[tool, False]
            )
            for tool in {cell.tool for cell, _, _ in self._rows}
        }

    def slow_cells(self, *, thinned: bool = False) -> list[CallCell]:
        """The calls by everything but their duration; slow ones count as errors.

        With `thinned` those of a cluster with far more calls than others are an even part of its calls: how fast it is
        would hide, or make, what all others show.
        """
        sums: defaultdict[CallCell, list[int]] = defaultdict(lambda: [0, 0])
        for cell, value, _ in self._thinned() if thinned else self._rows:
            pair = sums[cell._replace(calls=0)]
            pair[0] += cell.calls
            pair[1] += cell.calls if value > self.thresholds[cell.tool] else 0
        return [cell._replace(calls=calls, errors=slow) for cell, (calls, slow) in sums.items()]

    def _thinned(self) -> Iterator[_Row]:
        by_cluster: defaultdict[str, list[_Row]] = defaultdict(list)
        for row in self._rows:
            by_cluster[row[0].cluster].append(row)
        most = MAX_TIMES_MEDIAN * median(map(len, by_cluster.values())) if by_cluster else 0
        for rows in by_cluster.values():
            kept = min(len(rows), max(1, int(most)))
            ordered = sorted(rows) if kept < len(rows) else rows
            yield from (ordered[number * len(rows) // kept] for number in range(kept))

    def leave_out(self, clusters: Sequence[str]) -> None:
        """Forget the calls of some clusters; thresholds stay."""
        left_out = {*clusters}
        self._rows = [row for row in self._rows if row[0].cluster not in left_out]

    def values(self, side: int) -> InstanceValues:
        """The durations of a side."""
        return [(int(cell.cluster), value, cell.calls) for cell, value, sides in self._rows if sides & side]

    def slowdown(self, cause: Cause, dispersion: float) -> Slowdown:
        """What a cause does; later `shifts` are those of durations without it.

        `dispersion`: how much larger the variance is than that of calls that don't depend on each other.
        """
        concerned = [cause.set.includes(cell) for cell, _, _ in self._rows]
        by_tool: defaultdict[str, Histogram] = defaultdict(_histogram)
        # (the concerned tool or "", duration, sides) → calls
        counts: defaultdict[tuple[str, float, int], float] = defaultdict(float)
        for is_concerned, (cell, value, sides) in zip(concerned, self._rows, strict=True):
            counts[cell.tool if is_concerned else "", value, sides] += cell.calls
            if is_concerned:
                by_tool[cell.tool][value] += cell.calls
        factors, low, high = self._factors_by_tool(cause, by_tool, dispersion)
        for position, (is_concerned, row) in enumerate(zip(concerned, self._rows, strict=True)):
            if is_concerned:
                self._factors[position] *= factors[row[0].tool]
        effect, less, more = (self._effect(counts, each) for each in (factors, low, high))
        ratio, ratio_low, ratio_high = (_mean_factor(each, by_tool) for each in (factors, low, high))
        duration = self._usual(by_tool, dict.fromkeys(by_tool, 1.0))
        part = Contribution(effect, min(effect, less, more), max(effect, less, more))
        calls = round(sum(sum(values.values()) for values in by_tool.values()))
        return Slowdown(calls, duration, self._usual(by_tool, factors), ratio, ratio_low, ratio_high, part)

    def _factors_by_tool(
        self, cause: Cause, by_tool: Mapping[str, Histogram], dispersion: float
    ) -> tuple[Factors, Factors, Factors]:
        """How many times as long each tool's concerned calls take, with both ends of the 95 % interval."""
        groups = [[*by_tool]] if cause.set.pooled else [[tool] for tool in by_tool]
        found: tuple[Factors, Factors, Factors] = {}, {}, {}
        for tools in groups:
            relative = _histogram()
            for tool in tools:
                for value, calls in by_tool[tool].items():
                    relative[value / max(self.thresholds[tool], 1.0)] += calls
            whole = sum((cause.tools[tool] for tool in tools), Effect(0, 0, 0.0))
            slow = whole.errors / whole.calls
            usual = min(slow, whole.expected / whole.calls)
            own = dispersion * usual * (1 - usual) / whole.calls
            # Less of what happened is usual where the cause's ratio is larger.
            ends = (usual * (cause.ratio / each - 1) for each in (cause.low, cause.high))
            more, less = (math.copysign(math.hypot(end, Z95 * math.sqrt(own)), end) for end in ends)
            ordered, least = sorted(relative.items()), 1 / (whole.calls + 1)
            for each, share in zip(found, (usual, usual + more, usual + less), strict=True):
                position = 1 - min(slow, max(share, least))
                each.update(dict.fromkeys(tools, max(1.0, percentile_of(ordered, position))))
        return found

    def _usual(self, by_tool: Mapping[str, Histogram], factors: Mapping[str, float]) -> float:
        """The percentile of some tools' calls without their factors."""
        merged = _histogram()
        for tool, values in by_tool.items():
            for value, calls in values.items():
                merged[value / factors[tool]] += calls
        return self._percentile(merged)

    def _effect(self, counts: Mapping[tuple[str, float, int], float], factors: Mapping[str, float]) -> float:
        """The difference of the sides' percentiles, minus that without the factors."""
        added = []
        for side in (A, B):
            actual, without = _histogram(), _histogram()
            for (tool, value, sides), calls in counts.items():
                if sides & side:
                    actual[value] += calls
                    without[value / factors[tool] if tool else value] += calls
            added.append(self._percentile(actual) - self._percentile(without))
        return added[0] - added[1]

    def shifts(self, pair: SegmentPair) -> dict[str, Contribution]:
        """What each shift of calls accounts for, in ms: between tools, clients of a tool, providers of those."""
        usual: defaultdict[Keys, Histogram] = defaultdict(_histogram)
        calls: tuple[Histogram, Histogram] = _histogram(), _histogram()
        of_sides: tuple[defaultdict[Keys, float], ...] = (defaultdict(float), defaultdict(float))
        for position, (cell, value, sides) in enumerate(self._rows):
            key = cell.tool, cell.client, cell.provider
            without = value / self._factors.get(position, 1.0)
            usual[key][without] += cell.calls
            for side, bit in enumerate((A, B)):
                if sides & bit:
                    of_sides[side][key] += cell.calls
                    calls[side][without] += cell.calls
        threshold = self._percentile(calls[1])
        rates = {key: _share_above(values, threshold) for key, values in usual.items()}
        result, before, rates_before = {}, 0.0, dict.fromkeys(usual, 0.0)
        for length, name in enumerate(SHIFTS, 1):
            groups = _grouped(usual, length)
            mixes = [_mixed(groups, weights, length) for weights in of_sides]
            effect = self._percentile(mixes[0]) - self._percentile(mixes[1])
            now = {key: _share_above(groups[key[:length]], threshold) for key in rates}
            moved = pair.of_shift({key: now[key] - rates_before[key] for key in now})
            result[name] = self._in_milliseconds(effect - before, moved, mixes[1])
            before, rates_before = effect, now
        return result

    def _in_milliseconds(self, effect: float, moved: Contribution, mix: Histogram) -> Contribution:
        """The effect with the interval of the share of slow calls that is moved."""
        half = (moved.high - moved.low) / 2
        if half <= 0:
            return Contribution(0.0, 0.0, 0.0)
        ordered, step = sorted(mix.items()), max(half, 0.01)
        low, high = max(0.0, self._share - step), min(1.0, self._share + step)
        slope = (percentile_of(ordered, high) - percentile_of(ordered, low)) / (high - low)
        if moved.low <= 0 <= moved.high:
            return Contribution(effect, min(0.0, effect - half * slope), max(0.0, effect + half * slope))
        return Contribution(effect, effect - half * slope, effect + half * slope)

    def _percentile(self, values: Mapping[float, float]) -> float:
        return percentile_of(sorted(values.items()), self._share) if values else 0.0


def _mean_factor(factors: Factors, by_tool: Mapping[str, Histogram]) -> float:
    """The geometric mean over calls."""
    calls = {tool: sum(values.values()) for tool, values in by_tool.items()}
    return math.exp(sum(calls[tool] * math.log(factors[tool]) for tool in calls) / sum(calls.values()))


def _histogram() -> Histogram:
    return defaultdict(float)


def _grouped(usual: Mapping[Keys, Histogram], length: int) -> dict[Keys, Histogram]:
    groups: defaultdict[Keys, Histogram] = defaultdict(_histogram)
    for key, values in usual.items():
        for value, calls in values.items():
            groups[key[:length]][value] += calls
    return groups


def _mixed(groups: Mapping[Keys, Histogram], weights: Mapping[Keys, float], length: int) -> Histogram:
    """The durations of calls of which each group has its own, as many as a side has."""
    totals: defaultdict[Keys, float] = defaultdict(float)
    for key, calls in weights.items():
        totals[key[:length]] += calls
    mixed = _histogram()
    for group, calls in totals.items():
        whole = sum(groups[group].values())
        for value, number in groups[group].items():
            mixed[value] += number * calls / whole
    return mixed


def _share_above(values: Mapping[float, float], threshold: float) -> float:
    return sum(calls for value, calls in values.items() if value > threshold) / sum(values.values())

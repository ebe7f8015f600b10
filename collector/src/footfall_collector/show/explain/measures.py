"""Measures of two sides from what each instance did: values, differences and 95 % intervals.

An instance counts as a whole: variances are those of sums over instances, so that one busy instance widens an interval.
The interval of a percentile is Woodruff's, and that of a difference of two is made of theirs.

Sources: R. S. Woodruff (1952), "Confidence intervals for medians and other position measures"; G. Y. Zou and A. Donner
(2008), "Construction of confidence limits about effect measures".
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from ...answer import InstanceCounts, InstanceValues, round_amount
from ..statistics import Z95

PERCENTILES = {"median": 0.5, "p95": 0.95, "p99": 0.99}


class Measured(msgspec.Struct, frozen=True):
    """A measure of both sides.

    Attributes:
        name: `calls`, `instances`, `error_rate`, `median`, `p95`, `p99`, `share`, `new`, `returning` or `lost`.
        unit: `calls`, `instances`, `ratio` or `milliseconds`.
        a: of the first side; None where it has no calls to compute it from.
        b: of the second side.
        difference: a minus b; None where either is None.
        low: lower end of the difference's 95 % interval.
        high: its upper end.
    """

    name: str
    unit: str
    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class SideCounts:
    """What the instances of a side did.

    Attributes:
        calls: instance to its calls and failed calls.
        lasting: the instances that count as such.
        durations: values of the calls.
        new: those of `lasting` that were first seen in the range.
        lost: those of the time before that were not seen in it; None where that time was not counted in full.
    """

    calls: InstanceCounts
    lasting: frozenset[int]
    durations: InstanceValues
    new: frozenset[int]
    lost: frozenset[int] | None


def measure_sides(a: SideCounts, b: SideCounts, all_calls: int | None) -> list[Measured]:
    """`all_calls` are those of the range that both sides are parts of; None for two ranges."""
    shares = [] if not all_calls else [_total("share", "ratio", _numbers(a, all_calls), _numbers(b, all_calls))]
    return [
        _total("calls", "calls", _numbers(a), _numbers(b)),
        _total("instances", "instances", dict.fromkeys(a.lasting, 1.0), dict.fromkeys(b.lasting, 1.0)),
        _rate(a.calls, b.calls),
        *(compare_percentiles(name, a.durations, b.durations) for name in PERCENTILES),
        *shares,
        _total("new", "instances", dict.fromkeys(a.new, 1.0), dict.fromkeys(b.new, 1.0)),
        _total("returning", "instances", dict.fromkeys(a.lasting - a.new, 1.0), dict.fromkeys(b.lasting - b.new, 1.0)),
        _lost(a, b),
    ]


def _numbers(side: SideCounts, whole: int = 1) -> dict[int, float]:
    return {instance: calls / whole for instance, (calls, _) in side.calls.items()}


def _lost(a: SideCounts, b: SideCounts) -> Measured:
    if a.lost is None or b.lost is None:
        first, second = (None if side.lost is None else float(len(side.lost)) for side in (a, b))
        return Measured("lost", "instances", first, second, None, None, None)
    return _total("lost", "instances", dict.fromkeys(a.lost, 1.0), dict.fromkeys(b.lost, 1.0))


def _total(name: str, unit: str, a: Mapping[int, float], b: Mapping[int, float]) -> Measured:
    """Sums over instances."""
    first, second = sum(a.values()), sum(b.values())
    scores = [a.get(each, 0.0) - b.get(each, 0.0) for each in {*a, *b}]
    return _measured(name, unit, first, second, _spread(scores))


def _rate(a: InstanceCounts, b: InstanceCounts) -> Measured:
    totals = [(sum(calls for calls, _ in side.values()), sum(errors for _, errors in side.values())) for side in (a, b)]
    rates = [errors / calls if calls else None for calls, errors in totals]
    if rates[0] is None or rates[1] is None:
        return Measured("error_rate", "ratio", rates[0], rates[1], None, None, None)
    scores: defaultdict[int, float] = defaultdict(float)
    for side, rate, (whole, _), sign in ((a, rates[0], totals[0], 1), (b, rates[1], totals[1], -1)):
        for instance, (calls, errors) in side.items():
            scores[instance] += sign * (errors - rate * calls) / whole
    return _measured("error_rate", "ratio", rates[0], rates[1], _spread([*scores.values()]))


def compare_percentiles(name: str, a: InstanceValues, b: InstanceValues) -> Measured:
    """One of `PERCENTILES` of two sides."""
    first, second = _position(a, PERCENTILES[name]), _position(b, PERCENTILES[name])
    if first is None or second is None:
        values = [None if each is None else round_amount(each[0]) for each in (first, second)]
        return Measured(name, "milliseconds", values[0], values[1], None, None, None)
    (value, low, high), (other, other_low, other_high) = first, second
    difference = value - other
    below, above = math.hypot(value - low, other_high - other), math.hypot(high - value, other - other_low)
    numbers = (value, other, difference, difference - below, difference + above)
    return Measured(name, "milliseconds", *map(round_amount, numbers))


def _position(values: InstanceValues, share: float) -> tuple[float, float, float] | None:
    """(value, low, high) of a percentile; None without values."""
    counts: defaultdict[float, int] = defaultdict(int)
    for _, value, number in values:
        counts[value] += number
    if not counts:
        return None
    ordered, total = sorted(counts.items()), sum(counts.values())
    middle = percentile_of(ordered, share)
    scores: defaultdict[int, float] = defaultdict(float)
    for instance, value, number in values:
        scores[instance] += number * ((value <= middle) - share) / total
    # Rounded durations tie: the share at or below the value can be more than the percentile.
    below = sum(scores.values())
    spread = _spread([score - below / len(scores) for score in scores.values()])
    low, high = (min(max(share + side * Z95 * spread, 0.0), 1.0) for side in (-1, 1))
    return middle, min(middle, _value_at(ordered, low * total)), max(middle, _value_at(ordered, high * total))


def percentile_of(ordered: Sequence[tuple[float, float]], share: float) -> float:
    """The percentile of some values with their calls, in order."""
    # Between two values as everywhere: at rank (n - 1) * share, counted from 0.
    rank = max(0.0, (sum(number for _, number in ordered) - 1) * share)
    low, high = _value_at(ordered, math.floor(rank) + 1), _value_at(ordered, math.ceil(rank) + 1)
    return low + (high - low) * (rank - math.floor(rank))


def _value_at(ordered: Sequence[tuple[float, float]], position: float) -> float:
    so_far = 0.0
    for value, number in ordered:
        so_far += number
        if so_far >= position:
            return value
    return ordered[-1][0]


def _spread(scores: Sequence[float]) -> float:
    """The standard error of a sum of independent scores."""
    few = len(scores) / (len(scores) - 1) if len(scores) > 1 else 1.0
    return math.sqrt(few * sum(score * score for score in scores))


def _measured(name: str, unit: str, a: float, b: float, spread: float) -> Measured:
    low, high = a - b - Z95 * spread, a - b + Z95 * spread
    # Shares and rates differ by 100 points at most.
    low, high = (max(low, -1.0), min(high, 1.0)) if unit == "ratio" else (low, high)
    return Measured(name, unit, a, b, a - b, low, high)

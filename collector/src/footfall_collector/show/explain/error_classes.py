"""The classes of the errors behind a difference: how much of it each accounts for, the others unchanged.

A class is a property of failed calls only, so it is no cause that makes some calls fail more often than others. It says
how calls fail, where a finding says which ones; the shares of both are not added up.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from ...answer import CallSource, Segment, calls_through_instances, errors_by_class, through_instances
from ..insight import NBSP, code, format_percent, format_points
from ..statistics import MIN_CALLS, MIN_CLUSTERS, Z95
from .contributions import MIN_EFFECT, Contribution, DaySides, SegmentPair, rate_difference

MAX_CLASSES = 5
MIN_SHARE = 0.02
"""A class that accounts for less of the difference is left out."""
NAMED_SHARE = 0.2
"""A class that accounts for so much of the difference is named in the answer."""
MAX_P_VALUE = 0.05
"""Corrected for the number of classes."""


class ErrorClassFinding(msgspec.Struct, frozen=True):
    """A class of errors of which one side has more than the other, beyond chance.

    Attributes:
        value: the class.
        error_rate: its errors per call of the first side.
        against: the same of the second side.
        effect: the difference of both: its part of the difference of the error rates.
        low: lower end of the effect's 95 % interval.
        high: its upper end.
        share: its part of the difference, 1 for all of it; negative where it made the difference smaller. None where
            chance explains the whole difference, and where the errors are not those of the calls compared.
        text: a sentence or two; `code` is markup.
    """

    value: str
    error_rate: float
    against: float
    effect: float
    low: float
    high: float
    share: float | None
    text: str


class ErrorClasses(NamedTuple):
    """Classes of errors, and which errors they are of, where these are not those of the calls compared; else ''."""

    findings: list[ErrorClassFinding]
    scope: str = ""


def error_classes(source: CallSource, pair: SegmentPair, difference: float | None) -> ErrorClasses:
    """Those of the largest share, of `MAX_CLASSES` at most; `difference` is None where chance explains it.

    Where errors lack what a condition is about, those of the instances with such calls are compared, by all calls of
    these instances. They are no part of the difference then.
    """
    segments = [Segment((*source.segment.conditions, *side.conditions)) for side in source.sides] or [source.segment]
    sources = [replace(source, segment=segment, sides=()) for segment in segments]
    scopes = [scope for each in sources if (scope := through_instances(each))]
    calls = _sides_of_clusters(pair, sources, calls_through_instances) if scopes else {"": pair.calls_by_cluster()}
    counts = _sides_of_clusters(pair, sources, errors_by_class)
    totals = [sum(sides[side] for sides in calls.get("", {}).values()) for side in (0, 1)]
    whole = None if scopes else difference
    classes = []
    enough = all(totals) and (not scopes or _has_enough(calls[""], totals))
    for name, by_cluster in counts.items() if enough else ():
        part = rate_difference(calls[""], by_cluster)
        share = part.effect / whole if whole else None
        much = abs(part.effect) >= MIN_EFFECT and (share is None or abs(share) >= MIN_SHARE)
        if much and _p_value(part) * len(counts) <= MAX_P_VALUE:
            rates = [sum(sides[side] for sides in by_cluster.values()) / totals[side] for side in (0, 1)]
            text = _text(name, (rates[0], rates[1]), part, whole, through=bool(scopes))
            classes.append(ErrorClassFinding(name, rates[0], rates[1], part.effect, part.low, part.high, share, text))
    classes.sort(key=lambda each: -abs(each.effect) if each.share is None else -each.share)
    return ErrorClasses(classes[:MAX_CLASSES], "; ".join(dict.fromkeys(scopes)))


def _has_enough(calls: Mapping[str, tuple[int, int]], totals: Sequence[int]) -> bool:
    """Whether both sides have enough calls, of enough instances: those of few say nothing of all others."""
    instances = (sum(pair[side] > 0 for pair in calls.values()) for side in (0, 1))
    return min(totals) >= MIN_CALLS and min(instances) >= MIN_CLUSTERS


def class_sentence(classes: list[ErrorClassFinding], difference: float | None) -> str:
    """What the class of the largest share accounts for; empty where that is little."""
    if not classes or difference is None or (classes[0].share or 0.0) < NAMED_SHARE:
        return ""
    return f"{_share(classes[0].value, classes[0].share or 0.0, difference)}."


def _sides_of_clusters(
    pair: SegmentPair, sources: Sequence[CallSource], read: Callable[[CallSource, int], Iterable[tuple[Any, ...]]]
) -> dict[str, dict[str, tuple[int, int]]]:
    """Class ('' for calls) → cluster → its number of either side; clusters that the search left out are left out."""
    left_out, one_in = {*pair.search.lone_clusters}, pair.search.one_in
    counts: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for position, source in enumerate(sources):
        for day, instance, *names, number in read(source, one_in):
            if str(instance) in left_out:
                continue
            at = DaySides(day, 0)
            sides = [position] if len(sources) > 1 else [i for i, chosen in enumerate(pair.chosen) if chosen(at)]
            for side in sides:
                counts[names[0] if names else ""][str(instance)][side] += number
    return {name: {cluster: (a, b) for cluster, (a, b) in found.items()} for name, found in counts.items()}


def _p_value(part: Contribution) -> float:
    spread = (part.high - part.low) / (2 * Z95)
    return math.erfc(abs(part.effect) / spread / math.sqrt(2)) if spread > 0 else 1.0


def _text(name: str, rates: tuple[float, float], part: Contribution, difference: float | None, *, through: bool) -> str:
    both = f"{format_percent(rates[0])} of the calls failed with it, {format_percent(rates[1])} of those compared with"
    if through:
        both = f"{format_percent(rates[0])} of all calls of the one side's instances failed with it, "
        both += f"{format_percent(rates[1])} of those of the other's"
        return f"{code(name)}: {both} ({format_points(part.low, part.high)})."
    if difference is None:
        return f"{code(name)}: {both}. By itself it moves the rate {format_points(part.low, part.high)}."
    # In the direction of the sentence: what makes a rise smaller by 12 % does so by 6 to 18.
    low, high = sorted(math.copysign(1, part.effect / difference) * side / difference for side in (part.low, part.high))
    interval = f"{100 * low:.0f} to {100 * high:.0f}{NBSP}%, 95{NBSP}% interval"
    return f"{_share(name, part.effect / difference, difference)} ({interval}): {both}."


def _share(name: str, share: float, difference: float) -> str:
    change = "rise" if difference > 0 else "fall"
    if share < 0:
        return f"{code(name)} makes the {change} smaller by {format_percent(-share)}"
    return f"{code(name)} accounts for {format_percent(min(share, 9.99))} of the {change}"

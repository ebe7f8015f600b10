"""The classes of the errors behind a difference: how much of it each accounts for, the others unchanged.

A class is a property of failed calls only, so it is no cause that makes some calls fail more often than others. It says
how calls fail, where a finding says which ones; the shares of both are not added up.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import msgspec

from ...answer import CallSource, Segment, errors_by_class
from ..insight import NBSP, code, format_percent, format_points
from ..statistics import Z95
from .contributions import Contribution, DaySides, SegmentPair

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
            chance explains the whole difference.
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


def error_classes(source: CallSource, pair: SegmentPair, difference: float | None) -> list[ErrorClassFinding]:
    """Those of the largest share, of `MAX_CLASSES` at most; `difference` is None where chance explains it.

    None where errors lack what a condition is about.
    """
    counts: defaultdict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for name, cluster, side, errors in _counted(source, pair):
        first, second = counts[name].get(cluster, (0, 0))
        counts[name][cluster] = (first + errors, second) if side == 0 else (first, second + errors)
    classes = []
    for name, by_cluster in counts.items():
        part = pair.of_errors(by_cluster)
        share = part.effect / difference if difference else None
        if _p_value(part) * len(counts) <= MAX_P_VALUE and (share is None or abs(share) >= MIN_SHARE):
            rates = [sum(sides[side] for sides in by_cluster.values()) / pair.calls[side] for side in (0, 1)]
            text = _text(name, (rates[0], rates[1]), part, difference)
            classes.append(ErrorClassFinding(name, rates[0], rates[1], part.effect, part.low, part.high, share, text))
    return sorted(classes, key=lambda each: -abs(each.effect) if each.share is None else -each.share)[:MAX_CLASSES]


def class_sentence(classes: list[ErrorClassFinding], difference: float | None) -> str:
    """What the class of the largest share accounts for; empty where that is little."""
    if not classes or difference is None or (classes[0].share or 0.0) < NAMED_SHARE:
        return ""
    return f"{_share(classes[0].value, classes[0].share or 0.0, difference)}."


def _counted(source: CallSource, pair: SegmentPair) -> Iterator[tuple[str, str, int, int]]:
    """(class, cluster, side, errors); instances that the search left out are left out."""
    left_out, one_in = {*pair.search.lone_clusters}, pair.search.one_in
    segments = [Segment((*source.segment.conditions, *side.conditions)) for side in source.sides]
    for number, segment in enumerate(segments or [source.segment]):
        for day, instance, name, errors in errors_by_class(replace(source, segment=segment, sides=()), one_in) or ():
            if str(instance) in left_out:
                continue
            if segments:
                yield name, str(instance), number, errors
                continue
            at = DaySides(day, 0)
            if pair.of_segment(at):
                yield name, str(instance), 0, errors
            if pair.of_other(at):
                yield name, str(instance), 1, errors


def _p_value(part: Contribution) -> float:
    spread = (part.high - part.low) / (2 * Z95)
    return math.erfc(abs(part.effect) / spread / math.sqrt(2)) if spread > 0 else 1.0


def _text(name: str, rates: tuple[float, float], part: Contribution, difference: float | None) -> str:
    both = f"{format_percent(rates[0])} of the calls failed with it, {format_percent(rates[1])} of those compared with"
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

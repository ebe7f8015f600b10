"""Which values of which property account for the difference of two numbers: those that did not change as all others.

The strongest is taken out with all that it has, and the next one is looked for in what is left, so that none is named
for what another explains. An instance counts as a whole: the score of a value is a sum over instances, by whose own
variation it is judged, and it must hold without the instance that adds most to it.

Source: V. H. de la Pena, T. L. Lai and Q.-M. Shao (2009), "Self-normalized processes": a sum of symmetric numbers,
divided by the root of the sum of their squares, has tails that are hardly larger than a normal one's.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ...statistics import FALSE_DISCOVERY_RATE, MIN_CLUSTERS, Z95, benjamini_hochberg
from ..contributions import Contribution, with_interval

MAX_FINDINGS = 8
MIRROR_COST = 0.1
"""Where one of two values rises, the other falls against it: the one is named that leaves the others as they were."""
Pair = tuple[float, float]
Sums = Mapping[str, Pair]
"""Instance → what it has on the first side, and on the second one."""


class CountRow(NamedTuple):
    """What an instance has of one combination of values: on the first side, and on the second one."""

    cluster: str
    values: tuple[str, ...]
    now: float
    before: float


class Candidate(NamedTuple):
    """A value, and the position of its property among those of a row."""

    position: int
    value: str


@dataclass(frozen=True)
class Grown:
    """A value that did not change as all others did.

    Attributes:
        now: what the first side has of it.
        before: what the second one has.
        part: what it has more than if it had changed as the others.
        p_value: corrected for the number of candidates.
    """

    candidate: Candidate
    now: float
    before: float
    part: Contribution
    p_value: float
    holds: bool


def find_grown(
    rows: Sequence[CountRow], positions: Collection[int], least: float, rising: Collection[int] = ()
) -> list[Grown]:
    """The values that are certain, the largest part first; a value of less than `least` on both sides is none.

    Of the properties at `rising`, no value is named that fell.
    """
    thinned = _thinned(rows)
    chosen: list[Candidate] = []
    rest, family = thinned, 0
    while len(chosen) < MAX_FINDINGS:
        candidates = _candidates(rest, positions, least)
        family = max(family, len(candidates))
        best = _strongest(rest, candidates, family, rising)
        if best is None:
            break
        chosen.append(best)
        rest = [row for row in rest if row.values[best.position] != best.value]
    found = _certain(rows, thinned, chosen, family)
    return [each for each in found if each.part.effect > 0 or each.candidate.position not in rising]


def _thinned(rows: Sequence[CountRow]) -> Sequence[CountRow]:
    """Instances of far more than others in part: what a few of them do by chance would hide what all others do."""
    sizes = {each: max(pair) for each, pair in _sums(rows).items()}
    if not sizes:
        return rows
    most = sorted(sizes.values())[len(sizes) // 2]
    parts = {each: min(1.0, most / size) for each, size in sizes.items()}
    return [row._replace(now=row.now * parts[row.cluster], before=row.before * parts[row.cluster]) for row in rows]


def difference_of(rows: Iterable[CountRow]) -> Contribution:
    """Of both sides' numbers, with the interval from the variation between instances."""
    scores = [now - before for now, before in _sums(rows).values()]
    return with_interval(sum(scores), scores)


def _candidates(rows: Sequence[CountRow], positions: Collection[int], least: float) -> dict[Candidate, dict[str, Pair]]:
    sums: defaultdict[Candidate, defaultdict[str, Pair]] = defaultdict(lambda: defaultdict(lambda: (0.0, 0.0)))
    for row in rows:
        for position in positions:
            if value := row.values[position]:
                of_value = sums[Candidate(position, value)]
                now, before = of_value[row.cluster]
                of_value[row.cluster] = now + row.now, before + row.before
    return {
        candidate: dict(of_value)
        for candidate, of_value in sums.items()
        if max(_total(of_value)) >= least and len(of_value) >= MIN_CLUSTERS
    }


def _strongest(
    rows: Sequence[CountRow], candidates: Mapping[Candidate, Sums], family: int, rising: Collection[int]
) -> Candidate | None:
    """The certain one with which numbers fit best; None where none is certain."""
    everything = _sums(rows)
    whole = _total(everything)
    ranked = sorted(candidates, key=lambda each: -_gain(_total(candidates[each]), whole))
    for candidate in ranked:
        outside = _without(everything, candidates[candidate])
        found = _judged(candidate, candidates[candidate], outside, family)
        if found is None or (candidate.position in rising and found.part.effect < 0):
            continue
        if found.holds and found.p_value <= FALSE_DISCOVERY_RATE:
            return candidate
    return None


def _certain(
    rows: Sequence[CountRow], thinned: Sequence[CountRow], chosen: Sequence[Candidate], family: int
) -> list[Grown]:
    """All together: each against what none of them has; without those that are not certain so."""
    kept = [*chosen]
    while kept:
        found = [
            _both(*each) for each in zip(*(_together(each, kept, family) for each in (rows, thinned)), strict=True)
        ]
        certain = benjamini_hochberg([each.p_value if each else 1.0 for each in found], FALSE_DISCOVERY_RATE)
        sure = [each for each, is_certain in zip(found, certain, strict=True) if each and is_certain and each.holds]
        if len(sure) == len(kept):
            return sorted(sure, key=lambda each: -abs(each.part.effect))
        names = {each.candidate for each in sure}
        kept.remove(next(each for each in reversed(kept) if each not in names))
    return []


def _together(rows: Sequence[CountRow], chosen: Sequence[Candidate], family: int) -> list[Grown | None]:
    groups, rest = _divided(rows, chosen)
    return [_judged(each, groups[each], rest, family) for each in chosen]


def _both(whole: Grown | None, thinned: Grown | None) -> Grown | None:
    """The numbers of all, with the certainty of those in part; both must have the same direction."""
    if whole is None or thinned is None:
        return None
    holds = thinned.holds and whole.part.low * whole.part.high > 0 and whole.part.effect * thinned.part.effect > 0
    return replace(whole, p_value=thinned.p_value, holds=holds)


def _divided(rows: Sequence[CountRow], chosen: Sequence[Candidate]) -> tuple[dict[Candidate, Sums], Sums]:
    """What each has, the first of those that share a row; and the rest."""
    groups: dict[Candidate, list[CountRow]] = {each: [] for each in chosen}
    rest: list[CountRow] = []
    for row in rows:
        of = next((each for each in chosen if row.values[each.position] == each.value), None)
        (rest if of is None else groups[of]).append(row)
    return {each: _sums(listed) for each, listed in groups.items()}, _sums(rest)


def _judged(candidate: Candidate, inside: Sums, outside: Sums, family: int) -> Grown | None:
    """What a value has beyond the growth of the rest; None without a rest to compare with."""
    (now, before), (rest_now, rest_before) = _total(inside), _total(outside)
    if not rest_now or not rest_before or len(inside) < MIN_CLUSTERS:
        return None
    growth, weight = rest_now / rest_before, before / rest_before
    scores = {each: one[0] - growth * one[1] for each, one in inside.items()}
    for each, one in outside.items():
        scores[each] = scores.get(each, 0.0) - weight * (one[0] - growth * one[1])
    effect, squares = now - growth * before, sum(score * score for score in scores.values())
    if not squares or not effect:
        return None
    top = max((math.copysign(score, score * effect) for score in scores.values()), default=0.0)
    left, spread = abs(effect) - top, math.sqrt(max(0.0, squares - top * top))
    return Grown(
        candidate,
        now,
        before,
        with_interval(effect, [*scores.values()]),
        min(1.0, family * math.erfc(abs(effect) / math.sqrt(2 * squares))),
        left > Z95 * spread,
    )


def _gain(of_value: Pair, whole: Pair) -> float:
    """The log-likelihood that is gained where a value may grow by itself, and not as all others do."""
    rest = whole[0] - of_value[0], whole[1] - of_value[1]
    gain = _likelihood(of_value) + _likelihood(rest) - _likelihood(whole)
    change = abs(math.log(rest[0] / rest[1])) if min(rest) > 0 else 1.0
    return gain * (1 - MIRROR_COST * min(1.0, change))


def _likelihood(pair: Pair) -> float:
    return sum(number * math.log(number / sum(pair)) for number in pair if number > 0)


def _sums(rows: Iterable[CountRow]) -> dict[str, Pair]:
    sums: defaultdict[str, Pair] = defaultdict(lambda: (0.0, 0.0))
    for row in rows:
        now, before = sums[row.cluster]
        sums[row.cluster] = now + row.now, before + row.before
    return dict(sums)


def _without(everything: Sums, inside: Sums) -> dict[str, Pair]:
    nothing = 0.0, 0.0
    return {
        each: (pair[0] - inside.get(each, nothing)[0], pair[1] - inside.get(each, nothing)[1])
        for each, pair in everything.items()
    }


def _total(sums: Sums) -> Pair:
    return sum(pair[0] for pair in sums.values()), sum(pair[1] for pair in sums.values())

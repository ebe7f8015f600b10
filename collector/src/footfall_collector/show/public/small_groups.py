"""The counts of a month that may be published: pure functions whose results reveal no small group.

The rules, each of which the tests try to break:

1. Only values of a closed vocabulary, one dimension at a time. Every instance counts once in a dimension, so groups
   don't overlap.
2. No group of fewer than `MIN_GROUP` instances is named, also if up to `MAX_FORGED` invented ones were added to it: a
   group is named from 19 instances on at the earliest. Between 19 and 28 a keyed draw decides, so that nobody learns
   the exact size by adding instances one by one.
3. Whether a group is named depends on that group only. So nothing follows from it about another one.
4. Each number of instances is published with discrete Laplace noise and rounded to tens. What the total tells about all
   groups that are not named together is bounded by its noise.
5. A month is published once, after it is closed, and never again, so that no later change shows as a difference.

`docs/public-numbers.md` has the proof.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from ...answer import MIN_GROUP
from .noise import KeyedNoise

MAX_FORGED = 9
"""Invented instances of a group that don't make it appear."""
NAMED_FROM = MIN_GROUP + MAX_FORGED
THRESHOLDS = 10
"""The least size of a named group is drawn from this many numbers, the first of them `NAMED_FROM`."""
TOTAL_SCALE, GROUP_SCALE = 10.0, 5.0
"""Scales of the noise: one instance more or less changes a total's probability by a factor of exp(1/10) at most."""
CALLS_SPREAD = 0.05
ROUNDING = 10

Groups = Mapping[str | None, int]
"""Value (None where the events do not carry the property) → instances."""
PublicRow = tuple[str, str, str, int]
"""(month, dimension, value, instances)."""


class PublishedMonth(msgspec.Struct, frozen=True):
    """The published numbers of a month, such as `2026-10`.

    Attributes:
        instances: with noise, rounded to tens; None where the month has too few.
        calls: tool calls, rounded to two significant digits; None where they could not be counted.
        groups: dimension → value → instances, with noise, rounded to tens.
        counted: `established` instances, or `all`, where the product had no established one yet.
    """

    product: str
    month: str
    instances: int | None
    calls: int | None
    groups: Mapping[str, Mapping[str, int]]
    counted: Literal["established", "all"] = "all"

    def rows(self) -> list[PublicRow]:
        """The total, with the dimension `all`, and the groups; empty where nothing is published."""
        if self.instances is None:
            return []
        total: PublicRow = (self.month, "all", "all", self.instances)
        return [total] + [
            (self.month, dimension, value, n)
            for dimension, groups in self.groups.items()
            for value, n in groups.items()
        ]


class MonthCounts(msgspec.Struct, frozen=True):
    """The exact counts of a month.

    Attributes:
        instances: of the whole month.
        calls: their tool calls; None where they could not be counted.
        groups: dimension → value → instances. Empty where no instance is established: anyone can invent those.
        counted: see `PublishedMonth`.
    """

    instances: int
    calls: int | None
    groups: Mapping[str, Groups]
    counted: Literal["established", "all"] = "established"


def publish_month(
    product: str, month: str, counts: MonthCounts, vocabularies: Mapping[str, frozenset[str]], secret: bytes
) -> PublishedMonth:
    """`vocabularies` are the words of each dimension; the noise is drawn from `secret`."""
    noise = KeyedNoise(secret, product, month)
    if not _is_named(noise, counts.instances, "all", "all"):
        return PublishedMonth(product, month, None, None, {}, counts.counted)
    groups = {
        dimension: published_groups(noise, dimension, counts.groups.get(dimension, {}), words)
        for dimension, words in vocabularies.items()
    }
    instances = noisy_tens(noise, TOTAL_SCALE, counts.instances, "all", "all")
    calls = None if counts.calls is None else _blurred_calls(noise, counts.calls)
    return PublishedMonth(product, month, instances, calls, groups, counts.counted)


def published_groups(noise: KeyedNoise, dimension: str, groups: Groups, words: frozenset[str]) -> dict[str, int]:
    """The groups that are named, with their noisy sizes, the largest first."""
    sizes = {
        value: noisy_tens(noise, GROUP_SCALE, n, dimension, value)
        for value, n in groups.items()
        if value is not None and value in words and _is_named(noise, n, dimension, value)
    }
    return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def _is_named(noise: KeyedNoise, n: int, dimension: str, value: str) -> bool:
    return n >= NAMED_FROM + noise.below(THRESHOLDS, dimension, value)


def noisy_tens(noise: KeyedNoise, scale: float, n: int, dimension: str, value: str) -> int:
    """A count with noise, rounded to tens; at least `ROUNDING`."""
    return max(ROUNDING, round_to_tens(n + noise.laplace(scale, dimension, value, n)))


def _blurred_calls(noise: KeyedNoise, calls: int) -> int:
    """Within 5 % of the calls, and rounded: the exact number can't be found by adding calls."""
    steps = 1000
    factor = 1 - CALLS_SPREAD + 2 * CALLS_SPREAD * noise.below(steps + 1, "calls", calls) / steps
    return round_to_two_digits(round(calls * factor))


def round_to_tens(number: int) -> int:
    """Halves round up."""
    return (number + ROUNDING // 2) // ROUNDING * ROUNDING


def round_to_two_digits(number: int) -> int:
    """`12,345` → `12,000`; halves round up."""
    step: int = 10 ** max(0, len(str(number)) - 2)
    return (number + step // 2) // step * step

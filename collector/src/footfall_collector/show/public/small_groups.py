"""The counts of a month that may be published: pure functions whose results reveal no small group.

The rules, each of which the tests try to break:

1. Only values of a closed vocabulary, one dimension at a time. Every instance counts once in a dimension, so groups
   don't overlap.
2. No group under `MIN_GROUP` instances. The instances outside the published groups are none, or at least `MIN_GROUP`;
   where they would be fewer, the smallest published group is withheld too.
3. Instances are rounded to tens, calls to two significant digits.
4. A month is published once, after it is closed, and never again, so that no later change shows as a difference.
"""

from collections.abc import Mapping

import msgspec

from ...answer import MIN_GROUP

ROUNDING = 10

Groups = Mapping[str | None, int]
"""Value (None where the events do not carry the property) → instances."""
PublicRow = tuple[str, str, str, int]
"""(month, dimension, value, instances)."""


class PublishedMonth(msgspec.Struct, frozen=True):
    """The published numbers of a month, such as `2026-10`.

    Attributes:
        instances: rounded to tens; None where the month has fewer than `MIN_GROUP`.
        calls: tool calls, rounded to two significant digits.
        groups: dimension → value → instances, rounded to tens.
    """

    product: str
    month: str
    instances: int | None
    calls: int | None
    groups: Mapping[str, Mapping[str, int]]

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


def publish_month(
    product: str,
    month: str,
    counts: tuple[int, int],
    groups: Mapping[str, Groups],
    vocabularies: Mapping[str, frozenset[str]],
) -> PublishedMonth:
    """`counts` are (instances, tool calls) of the whole month; `groups` and `vocabularies` are by dimension."""
    instances, calls = counts
    if instances < MIN_GROUP:
        return PublishedMonth(product, month, None, None, {})
    exact = {
        dimension: publishable_groups(instances, groups.get(dimension, {}), words)
        for dimension, words in vocabularies.items()
    }
    rounded = {
        dimension: {value: round_to_tens(n) for value, n in values.items()} for dimension, values in exact.items()
    }
    return PublishedMonth(product, month, round_to_tens(instances), round_to_two_digits(calls), rounded)


def publishable_groups(instances: int, groups: Groups, words: frozenset[str]) -> dict[str, int]:
    """The groups that may be published, unrounded, the largest first; `instances` counts all of the month."""
    large = {value: n for value, n in groups.items() if value is not None and value in words and n >= MIN_GROUP}
    publishable = dict(sorted(large.items(), key=lambda item: (-item[1], item[0])))
    others = instances - sum(publishable.values())
    if publishable and 0 < others < MIN_GROUP:
        publishable.popitem()
    return publishable


def round_to_tens(number: int) -> int:
    """Halves round up."""
    return (number + ROUNDING // 2) // ROUNDING * ROUNDING


def round_to_two_digits(number: int) -> int:
    """`12,345` → `12,000`; halves round up."""
    step: int = 10 ** max(0, len(str(number)) - 2)
    return (number + step // 2) // step * step

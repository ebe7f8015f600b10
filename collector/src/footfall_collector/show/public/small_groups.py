"""What may be published of a month: pure functions from counts to numbers that reveal no small group.

The rules, each of which the tests try to break:

1. Only values of a closed vocabulary, one dimension at a time. Every instance counts once in a dimension, so groups
   don't overlap.
2. No group under `LEAST` instances. What is left of all instances, once the published groups are taken away, is empty
   or has at least `LEAST` too: where it would be smaller, the smallest published group is held back with it.
3. Instances are rounded to tens, calls to two significant digits.
4. A month is published once, after it is closed, and never again: what changes later can't be told by a difference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LEAST = 10
"""Instances of the smallest group that is shown."""
TENS = 10

Groups = Mapping[str | None, int]
"""Value (None where the events don't say) → instances."""


@dataclass(frozen=True)
class Month:
    """What is published of a month, such as `2026-10`.

    Attributes:
        instances: rounded to tens; None where the month has too few to say anything.
        calls: tool calls, rounded to two significant digits.
        groups: dimension → value → instances, rounded to tens.
    """

    product: str
    month: str
    instances: int | None
    calls: int | None
    groups: Mapping[str, Mapping[str, int]]

    def rows(self) -> list[list[Any]]:
        """`[month, dimension, value, instances]`; all instances have the dimension `all`."""
        if self.instances is None:
            return []
        rows: list[list[Any]] = [[self.month, "all", "all", self.instances]]
        return rows + [
            [self.month, dimension, value, n]
            for dimension, groups in self.groups.items()
            for value, n in groups.items()
        ]


def published(
    product: str,
    month: str,
    counts: tuple[int, int],
    groups: Mapping[str, Groups],
    vocabularies: Mapping[str, frozenset[str]],
) -> Month:
    """A month's publication. `counts` are all its instances and tool calls; `groups` by dimension."""
    instances, calls = counts
    if instances < LEAST:
        return Month(product, month, None, None, {})
    shown = {name: shown_groups(instances, groups.get(name, {}), words) for name, words in vocabularies.items()}
    rounded = {name: {value: tens(n) for value, n in found.items()} for name, found in shown.items()}
    return Month(product, month, tens(instances), two_digits(calls), rounded)


def shown_groups(instances: int, groups: Groups, words: frozenset[str]) -> dict[str, int]:
    """The groups that may be shown, unrounded, the largest first; `instances` are all there are."""
    large = {value: n for value, n in groups.items() if value is not None and value in words and n >= LEAST}
    shown = dict(sorted(large.items(), key=lambda item: (-item[1], item[0])))
    rest = instances - sum(shown.values())
    if shown and 0 < rest < LEAST:
        shown.popitem()
    return shown


def tens(number: int) -> int:
    """To the nearest ten, halves up."""
    return (number + TENS // 2) // TENS * TENS


def two_digits(number: int) -> int:
    """`12,345` → `12,000`, halves up."""
    step: int = 10 ** max(0, len(str(number)) - 2)
    return (number + step // 2) // step * step

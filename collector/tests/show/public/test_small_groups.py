"""The published numbers of a month reveal no small group, not even as a difference."""

import itertools
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.answer import MIN_GROUP
from footfall_collector.show.public.small_groups import (
    PublishedMonth,
    publish_month,
    publishable_groups,
    round_to_tens,
    round_to_two_digits,
)

WORDS = frozenset({"a", "b", "c", "d", "e"})
VOCABULARY = {"kind": WORDS}
COUNTS = st.integers(0, 30) | st.integers(0, 2000)
GROUPS = st.dictionaries(st.sampled_from([*sorted(WORDS), "other", "a secret name", None]), COUNTS)


@given(GROUPS, st.integers(0, 40))
def test_neither_a_published_group_nor_the_remainder_is_small(
    groups: dict[str | None, int], without_value: int
) -> None:
    instances = sum(groups.values()) + without_value
    publishable = publishable_groups(instances, groups, WORDS)
    for value, n in publishable.items():
        assert value in WORDS
        assert n == groups[value] >= MIN_GROUP
    # The only other number that follows from the published ones is the remainder.
    remainder = instances - sum(publishable.values())
    assert remainder == 0 or remainder >= MIN_GROUP or not publishable


@given(GROUPS, st.integers(0, 40), st.integers(0, 10**7))
def test_every_number_is_rounded_and_none_is_small(
    groups: dict[str | None, int], without_value: int, calls: int
) -> None:
    month = publish_month(
        "dot-ai", "2026-10", (sum(groups.values()) + without_value, calls), {"kind": groups}, VOCABULARY
    )
    for row in month.rows():
        assert row[3] % 10 == 0
        assert row[3] >= MIN_GROUP
    if month.calls is not None:
        assert len(str(month.calls).rstrip("0")) <= 2


@pytest.mark.parametrize(("step", "max_instances"), [(1, 42), (3, 75)])
def test_knowing_the_rules_and_all_numbers_does_not_reveal_a_small_group(step: int, max_instances: int) -> None:
    """Enumerates all worlds of three values and a remainder, up to `max_instances`, grouped by their publication.

    For every combination of values, some world of each publication has none of them, or at least `MIN_GROUP`.
    """
    worlds: defaultdict[str, list[tuple[int, ...]]] = defaultdict(list)
    for world in itertools.product(range(0, max_instances + 1, step), repeat=4):
        if sum(world) <= max_instances:
            groups = dict(zip(("a", "b", "c", None), world, strict=True))
            month = publish_month("dot-ai", "2026-10", (sum(world), 0), {"kind": groups}, {"kind": frozenset("abc")})
            # The worlds of larger publications are incomplete.
            if (month.instances or 0) <= max_instances - 10:
                worlds[repr(month)].append(world)
    assert len(worlds) > 50
    for publication, alike in worlds.items():
        for combination in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
            sizes = {sum(world[index] for index in combination) for world in alike}
            assert not all(0 < size < MIN_GROUP for size in sizes), (publication, combination, sizes)


def test_the_smallest_group_is_withheld_where_a_difference_would_reveal_another() -> None:
    assert publishable_groups(105, {"a": 60, "b": 40, "c": 5}, WORDS) == {"a": 60}
    assert publishable_groups(100, {"a": 60, "b": 40}, WORDS) == {"a": 60, "b": 40}
    assert publishable_groups(112, {"a": 60, "b": 40, "c": 6, "d": 6}, WORDS) == {"a": 60, "b": 40}
    assert publishable_groups(65, {"a": 60, None: 5}, WORDS) == {}


def test_a_month_of_few_instances_has_no_numbers() -> None:
    month = publish_month("dot-ai", "2026-10", (9, 5000), {"kind": {"a": 9}}, VOCABULARY)
    assert month == PublishedMonth("dot-ai", "2026-10", None, None, {})
    assert month.rows() == []


def test_rounding_is_to_tens_and_to_two_digits() -> None:
    assert [round_to_tens(n) for n in (10, 14, 15, 104, 105)] == [10, 10, 20, 100, 110]
    assert [round_to_two_digits(n) for n in (0, 7, 99, 104, 12_345, 12_500, 995)] == [
        0,
        7,
        99,
        100,
        12_000,
        13_000,
        1000,
    ]

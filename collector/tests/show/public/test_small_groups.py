"""What is published of a month reveals no small group, by differences included."""

import itertools
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.show.public.small_groups import (
    MIN_GROUP,
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
def test_nothing_shown_or_left_over_is_a_small_group(groups: dict[str | None, int], unsaid: int) -> None:
    instances = sum(groups.values()) + unsaid
    shown = publishable_groups(instances, groups, WORDS)
    for value, n in shown.items():
        assert value in WORDS
        assert n == groups[value] >= MIN_GROUP
    # Every set of instances that follows by taking groups away from the whole, or groups from each other.
    rest = instances - sum(shown.values())
    assert rest == 0 or rest >= MIN_GROUP or not shown


@given(GROUPS, st.integers(0, 40), st.integers(0, 10**7))
def test_every_number_is_rounded_and_none_is_small(groups: dict[str | None, int], unsaid: int, calls: int) -> None:
    month = publish_month("dot-ai", "2026-10", (sum(groups.values()) + unsaid, calls), {"kind": groups}, VOCABULARY)
    for row in month.rows():
        assert row[3] % 10 == 0
        assert row[3] >= MIN_GROUP
    if month.calls is not None:
        assert len(str(month.calls).rstrip("0")) <= 2


@pytest.mark.parametrize(("step", "most"), [(1, 42), (3, 75)])
def test_whoever_knows_the_rules_and_all_numbers_can_not_tell_that_a_group_is_small(step: int, most: int) -> None:
    """All worlds of three values and an unsaid rest, up to so many instances together, sorted by what is published of
    them. However small values are put together: some world with the same publication has none of them, or many."""
    worlds: defaultdict[str, list[tuple[int, ...]]] = defaultdict(list)
    for world in itertools.product(range(0, most + 1, step), repeat=4):
        if sum(world) <= most:
            groups = dict(zip(("a", "b", "c", None), world, strict=True))
            month = publish_month("dot-ai", "2026-10", (sum(world), 0), {"kind": groups}, {"kind": frozenset("abc")})
            # Of larger publications not all worlds are here.
            if (month.instances or 0) <= most - 10:
                worlds[repr(month)].append(world)
    assert len(worlds) > 50
    for publication, alike in worlds.items():
        for some in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
            possible = {sum(world[index] for index in some) for world in alike}
            assert not all(0 < size < MIN_GROUP for size in possible), (publication, some, possible)


def test_the_smallest_other_group_goes_where_a_difference_would_tell() -> None:
    assert publishable_groups(105, {"a": 60, "b": 40, "c": 5}, WORDS) == {"a": 60}
    assert publishable_groups(100, {"a": 60, "b": 40}, WORDS) == {"a": 60, "b": 40}
    assert publishable_groups(112, {"a": 60, "b": 40, "c": 6, "d": 6}, WORDS) == {"a": 60, "b": 40}
    assert publishable_groups(65, {"a": 60, None: 5}, WORDS) == {}


def test_a_month_of_few_instances_says_nothing() -> None:
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

"""One sender's address establishes a number of instances a week, and no more."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.receive.limits.sender_budget import SenderBudget

DAY = 86_400


class Days:
    """A clock that a test sets, in days."""

    def __init__(self) -> None:
        self.day = 20_000

    def __call__(self) -> float:
        return self.day * DAY + 3600.0


def established(days: defaultdict[int, set[int]]) -> set[int]:
    """The instances that the store would call established by the days that counted."""
    return {one for one, seen in days.items() if len(seen) >= 3 and max(seen) - min(seen) >= 7}


def test_one_address_that_invents_hundreds_of_instances_establishes_its_places_a_week() -> None:
    clock = Days()
    budget, counted = SenderBudget(20, clock), defaultdict[int, set[int]](set)
    for _ in range(28):
        for instance in range(453):
            if budget.counts_day("dot-ai", "p1", instance):
                counted[instance].add(clock.day)
        clock.day += 1
    assert 20 <= len(established(counted)) <= 20 * 4


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 60)), min_size=50, max_size=200))
def test_no_order_of_days_and_instances_gets_more_than_the_places_of_each_week(steps: list[tuple[int, int]]) -> None:
    """The attacker chooses on which days he sends which of 61 instances; he has three places."""
    clock = Days()
    budget, counted = SenderBudget(3, clock), defaultdict[int, set[int]](set)
    for later, instance in steps:
        clock.day += later
        if budget.counts_day("dot-ai", "p1", instance):
            counted[instance].add(clock.day)
    weeks = (clock.day - 20_000) // 7 + 1
    assert len(established(counted)) <= 3 * weeks


def test_a_single_cluster_behind_one_address_is_established_and_stays_so() -> None:
    clock = Days()
    budget = SenderBudget(1, clock)
    for day in (0, 3, 7, 8, 30):
        clock.day = 20_000 + day
        assert budget.counts_day("dot-ai", "p1", 1)
        assert budget.counts_day("dot-ai", "p1", 2) is (day in (7, 8, 30)), "the place is free after a week"


def test_an_instance_counts_if_any_of_its_senders_has_a_place() -> None:
    budget = SenderBudget(1, Days())
    assert budget.counts_day("dot-ai", "p1", 1)
    assert not budget.counts_day("dot-ai", "p1", 2)
    assert budget.counts_day("dot-ai", "p2", 2)
    assert budget.counts_day("other-product", "p1", 2)


def test_instances_of_the_store_need_no_place_and_no_limit_is_no_limit() -> None:
    budget = SenderBudget(1, Days())
    budget.add_established(range(100))
    assert all(budget.counts_day("dot-ai", "p1", instance) for instance in range(101))
    assert not budget.counts_day("dot-ai", "p1", 101)
    assert all(SenderBudget(0, Days()).counts_day("dot-ai", "p1", instance) for instance in range(1000))

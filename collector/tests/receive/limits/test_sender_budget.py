"""One sender's address establishes a number of instances a week, and no more."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.admit import DAY_OVER_BUDGET
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


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 60)), min_size=50, max_size=120))
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


def mark(budget: SenderBudget, peer: str, number: int, kind: str = "cluster") -> str:
    name, marks = f"{kind}_{number}", budget.marks_of("dot-ai", peer)
    known = marks.get(name)
    return marks.add(name, f',"instance":"{number:016x}","instance_kind":"{kind}"') if known is None else known


def test_the_marks_of_a_sender_stay_until_midnight_and_follow_the_places() -> None:
    clock = Days()
    budget = SenderBudget(1, clock)
    marks = budget.marks_of("dot-ai", "p1")
    assert [mark(budget, "p1", n) for n in (0, 1, 0)] == ["", DAY_OVER_BUDGET, ""]
    assert budget.marks_of("dot-ai", "p1") is marks
    assert mark(budget, "p2", 1) == ""
    assert mark(budget, "p1", 2, "ephemeral") == "", "ephemeral instances have no standing and take no place"
    clock.day += 8
    assert [mark(budget, "p1", n) for n in (1, 0)] == ["", DAY_OVER_BUDGET], "the place was free again"


def test_marks_of_invented_instances_do_not_fill_the_memory() -> None:
    budget = SenderBudget(1, Days())
    for number in range(70_000):
        mark(budget, f"p{number % 50}", number)
    assert sum(len(marks) for marks in budget._marks.values()) < 60_000

"""Budgets of processor time and bytes: a peer in debt waits, time pays the debt off, the table of peers stays small."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.receive import Peers, RefusedError, WorkBudget
from footfall_collector.receive.limits import limited_peer
from footfall_collector.receive.limits.work_budget import Allowance
from footfall_collector.runtime import Settings


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def refusal(budget: WorkBudget, peer: str = "p1", *, shows_key: bool = False) -> RefusedError | None:
    try:
        budget.check(peer, lambda *_: shows_key, {}, b"")
    except RefusedError as refused:
        return refused
    return None


def reason(budget: WorkBudget, peer: str = "p1", *, shows_key: bool = False) -> str:
    refused = refusal(budget, peer, shows_key=shows_key)
    return refused.reason if refused else ""


def budget_of(clock: Clock, **settings: Any) -> WorkBudget:
    return WorkBudget(Settings(**settings), clock)


def test_work_without_a_key_has_a_far_smaller_budget_than_work_with_one() -> None:
    clock = Clock()
    budget = budget_of(clock)
    budget.charge("p1", 0.2, 1000, keyed=True)
    assert reason(budget) == ""
    budget.charge("p1", 0.1, 1000, keyed=False)
    assert reason(budget) == "unkeyed_work"
    assert reason(budget, shows_key=True) == ""
    assert reason(budget, "p2") == ""
    budget.charge("p1", 2.0, 1000, keyed=True)
    assert reason(budget, shows_key=True) == "peer_work"


def test_bytes_are_a_budget_too() -> None:
    clock = Clock()
    budget = budget_of(clock, unkeyed_bytes_per_minute=1000, peer_bytes_per_minute=10_000)
    budget.charge("p1", 0.0, 1001, keyed=False)
    assert (reason(budget), reason(budget, shows_key=True)) == ("unkeyed_work", "")
    budget.charge("p1", 0.0, 9000, keyed=True)
    assert reason(budget, shows_key=True) == "peer_work"


def test_after_the_time_that_the_refusal_names_the_peer_is_served_again() -> None:
    clock = Clock()
    budget = budget_of(clock, unkeyed_cpu_seconds_per_minute=2)
    budget.charge("p1", 3.0, 10, keyed=False)
    refused = refusal(budget)
    assert refused is not None
    assert refused.status == 429
    # Three seconds at two a minute take 90 s; what is saved up over 1.5 s may be used at once.
    assert refused.retry_after == 89
    clock.now += refused.retry_after
    assert reason(budget) == ""


def test_a_limit_of_zero_is_none() -> None:
    budget = budget_of(
        Clock(),
        peer_cpu_seconds_per_minute=0,
        peer_bytes_per_minute=0,
        unkeyed_cpu_seconds_per_minute=0,
        unkeyed_bytes_per_minute=0,
    )
    budget.charge("p1", 1e6, 1 << 40, keyed=False)
    assert reason(budget) == ""


def test_only_peers_with_limits_are_charged_and_a_64_is_one() -> None:
    peers = Peers(["192.0.2.1"], ["127.0.0.1"])

    def charged(address: str) -> str:
        return limited_peer({"client": (peers.name(address), 0)})

    assert charged("127.0.0.1") == charged("192.0.2.1") == limited_peer({"client": None}) == ""
    assert charged("203.0.113.7")
    assert charged("2001:db8::1") == charged("2001:db8::ffff:1") != charged("2001:db8:0:1::1")


@given(st.lists(st.tuples(st.integers(0, 300), st.floats(0, 100), st.floats(0, 10)), max_size=300))
def test_the_table_stays_small_whoever_comes(charges: list[tuple[int, float, float]]) -> None:
    clock = Clock()
    allowance = Allowance(60, 6, clock, max_peers=50)
    for peer, amount, pause in charges:
        clock.now += pause
        allowance.charge(f"p{peer}", amount)
        assert len(allowance) <= 50
        assert 0 <= allowance.wait(f"p{peer}") < math.inf


def test_a_crowd_of_names_does_not_wash_off_a_debt() -> None:
    clock = Clock()
    allowance = Allowance(60, 6, clock, max_peers=50)
    allowance.charge("p-in-debt", 600)
    for n in range(1000):
        allowance.charge(f"p{n}", 1)
    assert allowance.wait("p-in-debt") == pytest.approx(594)

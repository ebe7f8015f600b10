"""Shares of new instances: one peer can't keep others out, a fleet behind one address comes in, memory is bounded."""

import logging
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.admit.new_instances import NewInstances, TooManyInstancesError

HOUR = 3600.0


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def digest(number: int) -> str:
    return f"{number * 0x9E3779B97F4A7C15 % (1 << 64):016x}"


def admitted(limit: NewInstances, peer: str, numbers: Iterable[int], kind: str = "cluster") -> int:
    """How many of the instances come in."""
    return sum(is_admitted(limit, peer, number, kind) for number in numbers)


def is_admitted(limit: NewInstances, peer: str, number: int, kind: str = "cluster") -> bool:
    try:
        limit.admit("dot-ai", peer, digest(number), kind)
    except TooManyInstancesError:
        return False
    return True


def test_one_peer_gets_half_and_each_further_one_its_part() -> None:
    limit = NewInstances(10_000, clock=Clock())
    assert admitted(limit, "p1", range(20_000)) == 5000
    assert admitted(limit, "p2", range(20_000, 40_000)) == 2500
    assert admitted(limit, "p3", range(40_000, 60_000)) == 1250
    # What a peer has sent stays admitted, and is used up by nobody.
    assert admitted(limit, "p1", range(5000)) == 5000


def test_many_greedy_peers_at_once_get_equal_parts() -> None:
    limit = NewInstances(1000, clock=Clock())
    parts = dict.fromkeys((f"p{n}" for n in range(9)), 0)
    for number in range(300):
        for n, peer in enumerate(parts):
            parts[peer] += is_admitted(limit, peer, number * 9 + n)
    assert set(parts.values()) <= {99, 100, 101}, parts
    assert admitted(limit, "honest", range(-40, 0)) == 40


def test_newcomers_behind_other_addresses_come_in_whatever_is_spent() -> None:
    limit = NewInstances(10_000, clock=Clock())
    for n in range(20):
        admitted(limit, f"attacker {n}", range(n * 10_000, (n + 1) * 10_000 if n < 3 else n * 10_000 + 500))
    assert all(is_admitted(limit, f"home {n}", -1 - n) for n in range(1211))
    assert admitted(limit, "office", range(-5000, -4000)) == 10


def test_a_fleet_behind_one_address_comes_in_within_hours() -> None:
    clock = Clock()
    limit = NewInstances(1000, clock=clock)
    waiting = set(range(2000))
    rounds = 0
    while waiting:
        waiting = {number for number in waiting if not is_admitted(limit, "ingress", number)}
        clock.now += 600
        rounds += 1
    assert rounds <= 22, "three and a half hours of attempts every ten minutes"


def test_a_small_limit_still_lets_each_peer_in() -> None:
    clock = Clock()
    limit = NewInstances(1, clock=clock)
    assert [admitted(limit, f"p{n}", range(n * 5, n * 5 + 5)) for n in range(3)] == [1, 1, 1]
    clock.now += HOUR
    assert admitted(limit, "p0", range(100, 105)) == 1


def test_a_peer_without_limits_has_no_share_and_uses_nothing_up() -> None:
    limit = NewInstances(100, clock=Clock())
    assert admitted(limit, "u1", range(1000)) == 1000
    assert admitted(limit, "p1", range(1000)) == 50


def test_ephemeral_instances_and_products_have_allowances_of_their_own() -> None:
    limit = NewInstances(10, clock=Clock())
    assert admitted(limit, "p1", range(100), "ephemeral") == 5
    assert admitted(limit, "p1", range(100, 200)) == 5
    limit.admit("toolkit", "p1", digest(300), "cluster")


def test_without_a_limit_everything_comes_in_and_no_memory_is_used() -> None:
    limit = NewInstances(0)
    assert admitted(limit, "p1", range(50_000)) == 50_000


def test_what_was_sent_is_remembered_for_at_least_half_a_day() -> None:
    clock = Clock()
    limit = NewInstances(2, clock=clock)
    assert admitted(limit, "p1", range(5)) == 1
    for _ in range(10):
        clock.now += 11.9 * HOUR
        assert is_admitted(limit, "p1", 0)
        assert admitted(limit, "p1", range(1000, 1001)) + admitted(limit, "p2", range(2000, 2001)) >= 1


def test_memory_is_bounded_however_many_addresses_send() -> None:
    limit = NewInstances(1000, clock=Clock(), max_peers=50)
    assert admitted(limit, "busy", range(2000)) == 500
    for n in range(1000):
        assert is_admitted(limit, f"p{n}", 10_000 + n)
    table = next(iter(limit._allowances.values()))._peers
    assert len(table) == 50


def test_a_refusal_is_logged_once_in_ten_minutes_without_names(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    limit = NewInstances(1, clock=clock)
    with caplog.at_level(logging.WARNING):
        admitted(limit, "p-name-of-peer", range(5))
        clock.now += 601
        admitted(limit, "p-name-of-peer", range(5, 10))
    assert len(caplog.messages) == 2
    assert "dot-ai" in caplog.text
    assert "name-of-peer" not in caplog.text


STEPS = st.lists(st.tuples(st.sampled_from(["p1", "p2", "u1"]), st.integers(0, 9), st.sampled_from([0, 1, 900, 4000])))


@given(STEPS, st.integers(1, 12))
def test_what_others_sent_under_which_id_changes_no_decision(steps: list[tuple[str, int, int]], limit: int) -> None:
    """A victim sends instance 0 or instance 100; attackers, who know both, get the same decisions."""

    def decisions(known: int) -> list[bool]:
        clock = Clock()
        limits = NewInstances(limit, clock=clock)
        found = []
        for peer, number, seconds in steps:
            limits.admit("dot-ai", "victim", digest(known), "cluster")
            clock.now += seconds
            found.append(is_admitted(limits, peer, number))
        return found

    assert decisions(0) == decisions(100)

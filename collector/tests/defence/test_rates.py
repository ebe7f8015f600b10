"""A peer above its rate limit gets a `Retry-After`; other peers, also those with the same key, are not affected."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.tests.app.http import alarms, ask, counter, post
from collector.tests.defence.wires import answer, request, status, wire
from collector.tests.receive.shapes import batch, event
from footfall_collector.receive import KeyAlarm, Peers
from footfall_collector.receive.limits.rates import RateLimiter
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

RATES: dict[str, Any] = {"unlimited_peers": "127.0.0.1", "peer_requests_per_minute": 5, "peer_events_per_minute": 20}


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[CollectorProcess]:
    with start_collector(tmp_path / "data", **RATES) as started:
        yield started


def sent_from(collector: CollectorProcess, source: str, body: bytes, *headers: str) -> int:
    with wire(collector, source) as connection:
        connection.sendall(request(body, *headers))
        return status(connection)


def test_a_peer_that_asks_too_often_is_told_when_to_come_again(limited: CollectorProcess) -> None:
    assert [sent_from(limited, "127.0.0.7", batch(event())) for _ in range(6)] == [200] * 5 + [429]
    with wire(limited, "127.0.0.7") as connection:
        connection.sendall(request(batch(event()), "Origin: https://app.example.org"))
        said = answer(connection).lower()
    assert b"retry-after: 1" in said
    assert b"access-control-allow-origin: https://app.example.org" in said
    assert sent_from(limited, "127.0.0.8", batch(event())) == 200
    assert counter(limited, "requests_refused", reason="peer_requests") == 2
    wait_for(lambda: limited.output.count("gets 429") == 1, "one line")
    assert "trusted_proxies" not in limited.output


def test_a_peer_that_sends_too_many_events_is_told_too(limited: CollectorProcess) -> None:
    ten = batch(*(event() for _ in range(10)))
    assert [sent_from(limited, "127.0.0.7", ten) for _ in range(3)] == [200, 200, 429]
    assert counter(limited, "requests_refused", reason="peer_events") == 1
    assert counter(limited, "events_accepted") == 20


def test_reading_is_limited_as_well(limited: CollectorProcess) -> None:
    def read() -> int:
        with wire(limited, "127.0.0.7") as connection:
            connection.sendall(b"GET /api/pulse HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return status(connection)

    assert [read() for _ in range(6)] == [200] * 5 + [429]


def test_peers_without_a_limit_have_none(limited: CollectorProcess) -> None:
    assert {post(limited, batch(event())).status for _ in range(30)} == {200}


def test_behind_a_trusted_proxy_the_forwarded_address_counts(tmp_path: Path) -> None:
    with start_collector(tmp_path, **RATES, trusted_proxies="127.0.0.5,127.0.0.6") as collector:

        def through(forwarded: str) -> int:
            return sent_from(collector, "127.0.0.5", batch(event()), f"X-Forwarded-For: {forwarded}")

        # Entries further left, which the sender can write itself, are ignored; so is a second trusted proxy.
        claims = ("", "192.0.2.1, ", "192.0.2.2, ", "192.0.2.3,192.0.2.4, ", "nonsense, ", "")
        assert [through(f"{claim}203.0.113.7") for claim in claims] == [200] * 5 + [429]
        assert through("203.0.113.7, 127.0.0.6") == 429
        assert through("203.0.113.8:4711") == 200


def test_an_untrusted_peer_can_not_pass_for_many(limited: CollectorProcess) -> None:
    statuses = [sent_from(limited, "127.0.0.7", batch(event()), f"X-Forwarded-For: 203.0.113.{n}") for n in range(6)]
    assert statuses == [200] * 5 + [429]
    wait_for(lambda: "if it is a proxy of yours, add it to trusted_proxies" in limited.output, "the hint")


def test_a_peer_has_a_share_of_the_new_instances(tmp_path: Path) -> None:
    def sent(*ids: str, source: str = "127.0.0.7") -> int:
        return sent_from(collector, source, batch(*(event(distinct_id=each) for each in ids)))

    with start_collector(tmp_path, **RATES | {"peer_requests_per_minute": 0}, new_instances_per_hour=6) as collector:
        assert [sent(f"local_{n:016x}") for n in range(4)] == [200, 200, 200, 429]
        assert sent("local_0000000000000001") == 200
        assert sent("ephemeral_0000000000000001") == 200
        # A 200 would lose the event of the new instance.
        assert sent("local_0000000000000001", "local_00000000000000ff") == 429
        assert counter(collector, "events_accepted") == 5
        assert counter(collector, "events_refused", reason="too_many_instances") == 3
        assert sent("local_00000000000000ff", source="127.0.0.8") == 200
        # A peer without limits has no share.
        assert {post(collector, batch(event(distinct_id=f"local_1{n:015x}"))).status for n in range(9)} == {200}
        wait_for(lambda: collector.output.count("share of new_instances_per_hour (6)") == 1, "one line")


def test_too_much_under_one_key_raises_an_alarm_and_refuses_nothing(tmp_path: Path) -> None:
    with start_collector(tmp_path, key_alarm_per_minute=10) as collector:
        assert alarms(collector) == []
        for _ in range(12):
            assert post(collector, batch(event())).status == 200
        assert alarms(collector) == ["key_alarm"]
        assert "footfall_key_alarm 1" in ask(collector, "GET", "/metrics").text
        wait_for(lambda: collector.output.count("come under a write key of dot-ai") == 1, "one line")
        assert counter(collector, "events_accepted") == 12


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_allowance_comes_back_evenly() -> None:
    clock = Clock()
    rate = RateLimiter(6, clock=clock)
    assert [rate.acquire("a") for _ in range(6)] == [0.0] * 6
    assert rate.acquire("a") == pytest.approx(10)
    assert rate.acquire("b") == 0
    clock.now += 10
    assert rate.acquire("a") == 0
    assert rate.acquire("a") == pytest.approx(10)


def test_more_than_an_allowance_at_once_is_paid_for_afterwards() -> None:
    clock = Clock()
    rate = RateLimiter(60, clock=clock)
    assert rate.acquire("a", 120) == 0
    assert rate.acquire("a") == pytest.approx(61)
    clock.now += 62
    assert rate.acquire("a") == 0


def test_the_table_of_peers_stays_small() -> None:
    clock = Clock()
    rate = RateLimiter(2, clock=clock, max_names=100)
    for n in range(1000):
        rate.acquire(f"peer {n}")
        assert len(rate) <= 100
    clock.now += 120
    rate.acquire("later")
    assert len(rate) <= 100


def test_the_alarm_ends_by_itself() -> None:
    clock = Clock()
    alarm = KeyAlarm(10, clock)
    alarm.count("key", "dot-ai", 11)
    assert alarm.raised() == 1
    clock.now += 121
    assert alarm.raised() == 0


def test_a_peers_name_tells_nothing_and_joins_nothing() -> None:
    one, other = Peers(), Peers()
    assert one.name("203.0.113.7") == one.name("203.0.113.7") == one.name("::ffff:203.0.113.7")
    assert one.name("203.0.113.7") != one.name("203.0.113.8")
    assert one.name("203.0.113.7") != other.name("203.0.113.7")
    assert one.name("2001:db8::1") == one.name("2001:db8::2") != one.name("2001:db8:0:1::1")
    assert "203" not in one.name("203.0.113.7")[:4]

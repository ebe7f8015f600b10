"""The shipper's response to answers: a batch is kept, halved or dropped, and the next attempt is timed."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from client.tests.send.rig import Rig
from client.tests.support.server import Server, refusing, status
from footfall.send import SendState
from footfall.send.back_off import FIRST_BACK_OFF_SECONDS


@pytest.mark.parametrize("code", [301, 302, 307, 401, 403, 404, 408, 429, 500, 502, 503])
def test_an_answer_that_is_not_final_keeps_the_batch(tmp_path: Path, code: int) -> None:
    with Server(status(code, b"no", Location="http://127.0.0.1:9/elsewhere")) as server:
        rig = Rig(tmp_path, server)
        rig.record(5)
        wait = rig.ship()
        assert 0 < wait <= 10
        assert len(server.requests) == 1
        server.answer = status(200)
        rig.clock.pass_(wait + 1)
        rig.ship()
        assert len(server.accepted) == 5
        assert rig.counters.dropped == {}


def test_two_hundred_with_html_is_not_an_acknowledgement(tmp_path: Path) -> None:
    with Server(status(200, b"<html>please sign in</html>")) as server:
        rig = Rig(tmp_path, server)
        rig.record(1)
        assert rig.ship() < float("inf")
        server.answer = status(200)
        rig.clock.pass_(3600)
        rig.ship()
        assert len(server.accepted) == 1


def test_retry_after_is_honoured(tmp_path: Path) -> None:
    with Server(status(429, b"", Retry_After="1800")) as server:
        rig = Rig(tmp_path, server)
        rig.record(1)
        assert rig.ship() == pytest.approx(1800)


def test_in_a_long_outage_there_is_at_most_one_attempt_an_hour_and_one_log_line(tmp_path: Path) -> None:
    with Server(status(503)) as server:
        rig = Rig(tmp_path, server)
        rig.record(10)
        week = rig.clock.now() + 7 * 86_400
        times = []
        while rig.clock.now() < week:
            before = len(server.requests)
            wait = rig.ship()
            if len(server.requests) > before:
                times.append(rig.clock.now())
            rig.clock.pass_(min(wait, 600.0))
        gaps = [b - a for a, b in pairwise(times)]
        assert min(gaps[-100:]) >= 3600
        assert len(server.requests) < 7 * 24 + 15
        server.answer = status(200)
        rig.clock.pass_(8000)
        rig.ship()
        assert len(server.accepted) == 10
    assert len(rig.logged) == 1
    assert "503" in rig.logged[0]


@pytest.mark.parametrize("code", [400, 413])
@pytest.mark.parametrize("position", [0, 57, 149])
def test_the_one_event_a_server_refuses_is_dropped_and_counted(tmp_path: Path, code: int, position: int) -> None:
    with Server() as server:
        rig = Rig(tmp_path, server)
        rig.record(150)
        line = rig.lines()[position]
        hexadecimal = json.loads(line)["u"]
        uuid = "-".join(hexadecimal[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
        server.answer = refusing(code, {uuid})
        wait = rig.ship()
        if position == 149:  # the last event: it is kept until another one shows that it is at fault
            rig.record(1)
            rig.clock.pass_(wait)
            rig.ship()
        expected = 150 if position == 149 else 149
        assert len(server.accepted) == expected
        assert uuid not in server.accepted
        assert rig.dropped == {"refused": 1}


def test_a_server_that_refuses_everything_causes_no_loss(tmp_path: Path) -> None:
    with Server(status(400, b"no")) as server:
        rig = Rig(tmp_path, server)
        rig.record(150)
        for _ in range(50):
            rig.clock.pass_(rig.ship())
        server.answer = status(200)
        rig.clock.pass_(8000)
        rig.ship()
        assert len(server.accepted) == 150
        assert rig.dropped == {}


def test_the_sending_lock_is_kept_while_more_waits_but_no_longer_than_a_second(tmp_path: Path) -> None:
    with Server() as server:
        rig, other = Rig(tmp_path, server), Rig(tmp_path, server)
        rig.record(1500)
        other.record(1)
        assert [rig.shipper.ship_once() for _ in range(2)] == [0, 0]
        assert other.shipper.ship_once() == FIRST_BACK_OFF_SECONDS
        rig.clock.pass_(1)
        assert rig.shipper.ship_once() == 0
        assert other.ship() == rig.ship() == float("inf")
        assert len(server.accepted) == SendState.read(str(tmp_path), "").sent == 1501

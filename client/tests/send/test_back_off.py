"""The back-off belongs to a destination: a new host or key is tried at once, and the old one waits on."""

from pathlib import Path

import pytest

from client.tests.faults.harness import Host, deliver_rest, read, tools
from client.tests.send.rig import Rig
from client.tests.support.server import Answer, Server, status
from tests.support.waiting import wait_for

ANSWERS = [status(503), status(404), status(429, b"", Retry_After="3000"), status(200, b"<html>login</html>")]


@pytest.mark.parametrize("answer", ANSWERS, ids=["503", "404", "Retry-After", "login page"])
@pytest.mark.parametrize(("host", "key"), [("https://two.example", "phc_test"), ("https://one.example", "phc_other")])
def test_a_corrected_destination_is_tried_at_once(tmp_path: Path, answer: Answer, host: str, key: str) -> None:
    with Server(answer) as server:
        before = Rig(tmp_path, server)
        before.record(3)
        for _ in range(4):
            before.clock.pass_(before.ship())
        assert before.ship() > 0
        before.spool.close()
        server.answer = status(200)
        after = Rig(tmp_path, server, before.clock, host=host, key=key)
        assert after.ship() == float("inf")
        assert len(server.accepted) == 3


def test_the_old_destination_waits_on(tmp_path: Path) -> None:
    with Server(status(429, b"", Retry_After="3000")) as server:
        first = Rig(tmp_path, server)
        first.record(1)
        assert first.ship() == pytest.approx(3000)
        server.answer = status(200)
        second = Rig(tmp_path, server, first.clock, host="https://two.example")
        second.record(1)
        assert second.ship() == float("inf")
        assert first.ship() == pytest.approx(3000)
        assert Rig(tmp_path, server, first.clock).ship() == pytest.approx(3000)
        first.clock.pass_(3001)
        assert first.ship() == float("inf")
        assert len(server.accepted) == 2


def test_processes_with_different_destinations_share_a_directory(tmp_path: Path) -> None:
    with Server(status(503)) as dead, Server() as alive:
        one, two = Rig(tmp_path, dead), Rig(tmp_path, alive, host="https://two.example")
        for _ in range(5):
            one.record(1)
            two.record(1)
            assert 0 < one.ship() < float("inf")
            assert two.ship() == float("inf")
        assert len(alive.accepted) == 5
        state = read(tmp_path / "ship.json")
        assert sorted(d["failures"] > 0 for d in state["destinations"].values()) == [False, True]
        assert state["sent"] == 5


def test_the_file_names_neither_host_nor_key_and_stays_small(tmp_path: Path) -> None:
    with Server(status(503)) as server:
        clock = None
        for number in range(20):
            rig = Rig(tmp_path, server, clock, host=f"https://secret-{number}.example", key=f"phc_secret{number}")
            rig.record(1)
            rig.ship()
            rig.spool.close()
            clock = rig.clock
            clock.pass_(1)
        text = (tmp_path / "ship.json").read_text()
        assert "secret" not in text
        assert len(read(tmp_path / "ship.json")["destinations"]) == 8


def test_a_real_server_that_is_restarted_with_the_right_host_sends_at_once(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server(status(429, b"", Retry_After="3600")) as wrong, Server() as right:
        with Host(["recorder.py", "100", "20", "stay"], state, wrong.url) as host:
            wait_for(lambda: read(state / "ship.json").get("destinations"), "the wait for the wrong host")
            host.wait_for_line("recorded")
            host.kill()
        deliver_rest(state, right.url)
        assert tools(right).total() == 20

"""The end of a session or of a `Telemetry` is not the end of the process: what is recorded later is sent as well."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from client.tests.faults.harness import Host, deliver_rest, tools
from client.tests.support.server import Server, status
from tests.support.waiting import wait_for

PROGRAM = "lifetimes.py"
AS_PID_1 = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
NO_DIRECTORY: dict[str, Any] = {"TEST_HOST_TELEMETRY_STATE_DIR": "/dev/null/none"}


@pytest.mark.parametrize("place", ["disk", "memory"])
def test_events_after_close_are_sent_while_the_process_lives(tmp_path: Path, place: str) -> None:
    more = NO_DIRECTORY if place == "memory" else {}
    with Server() as server, Host([PROGRAM, "again"], tmp_path / "state", server.url, **more) as host:
        assert host.read_after("flushed ") == "True"
        wait_for(lambda: set(tools(server)) == {"t0", "t1", "t2", "t3"}, "all four events")
        names = [event["event"] for event in server.accepted.values()]
        assert (names.count("server_started"), names.count("server_stopped")) == (1, 1)
        host.end()
        assert set(tools(server).values()) == {1}


def test_a_second_telemetry_of_the_process_delivers_what_the_closed_one_left_and_both_go_on(tmp_path: Path) -> None:
    with Server(status(503)) as server, Host([PROGRAM, "successor"], tmp_path / "state", server.url) as host:
        host.wait_for_line("ready")
        (tmp_path / "state" / "ship.json").unlink(missing_ok=True)
        server.answer = status(200)
        host.say("")
        assert host.read_after("flushed ") == "True"
        wait_for(lambda: set(tools(server)) == {"t0", "t1", "t2"}, "the events of both")
        host.end()
        assert set(tools(server).values()) == {1}


def test_pid_1_which_sigterm_does_not_end_goes_on_sending(tmp_path: Path) -> None:
    with Server() as server, Host([PROGRAM, "serving"], tmp_path / "state", server.url, prefix=AS_PID_1) as host:
        host.wait_for_line("ready")
        inner = int(Path(f"/proc/{host.process.pid}/task/{host.process.pid}/children").read_text())
        for number in range(3):
            host.say("")
            host.wait_for_line("recorded")
            wait_for(lambda: f"t{number}" in tools(server), "the event")  # noqa: B023 - called before the next turn
            os.kill(inner, signal.SIGTERM)
        host.say("")
        host.wait_for_line("recorded")
        wait_for(lambda: set(tools(server)) == {"t0", "t1", "t2", "t3"}, "the event after the last signal")
        assert [event["event"] for event in server.accepted.values()].count("server_stopped") == 1
        host.end()


@pytest.mark.parametrize("end", ["closed", "dropped"])
def test_a_telemetry_that_is_closed_or_dropped_leaves_no_thread_file_or_handler(tmp_path: Path, end: str) -> None:
    with Server() as server, Host([PROGRAM, end], tmp_path / "state", server.url) as host:
        # One handler may stay where the host closed none of them.
        expected = {"0 0 0 0"} if end == "closed" else {"0 0 0 0", "0 0 0 1"}
        while (left := host.read_after("left ")) not in expected:
            assert int(left.split()[-1]) <= 1
            host.say("")
        host.kill()
        deliver_rest(tmp_path / "state", server.url)
        assert tools(server) == {f"t{number}": 1 for number in range(300)}
        names = [event["event"] for event in server.accepted.values()]
        assert (names.count("server_started"), names.count("server_stopped")) == (300, 300)


def test_a_signal_passes_through_one_handler_however_many_there_were(tmp_path: Path) -> None:
    with Server() as server, Host([PROGRAM, "crowd"], tmp_path / "state", server.url) as host:
        host.wait_for_line("ready")
        assert host.kill(signal.SIGTERM) < 10
        assert host.process.returncode == -signal.SIGTERM
        assert "Error" not in host.log
        deliver_rest(tmp_path / "state", server.url)
        assert [event["event"] for event in server.accepted.values()].count("server_stopped") == 1

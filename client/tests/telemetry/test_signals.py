"""Footfall has one handler a signal, which takes nothing from those before, over and after it."""

import contextlib
import signal
from pathlib import Path

import pytest

from client.tests.faults.harness import Host, assert_all_arrived, deliver_rest
from client.tests.support.server import Answer, Server, hang, status
from tests.support.waiting import wait_for

PROGRAM = "chains.py"


def has_recorded(spool: Path, event: bytes) -> bool:
    """Whether a segment has the event. A segment may be deleted meanwhile, because it was sent."""
    for segment in spool.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if event in segment.read_bytes():
                return True
    return False


def test_close_puts_back_the_handler_that_was_there_before(tmp_path: Path) -> None:
    with Server() as server, Host([PROGRAM, "restored"], tmp_path / "state", server.url) as host:
        found = [host.read_after("restored ") for _ in range(3)]
        assert host.wait() == 0, host.log
    # One that ignores the signal is never replaced.
    assert found == ["True True", "True True", "False True"]


@pytest.mark.parametrize("kind", ["over", "closed"])
def test_handlers_that_libraries_put_over_ours_reach_the_hosts_own_once(tmp_path: Path, kind: str) -> None:
    with Server() as server, Host([PROGRAM, kind], tmp_path / "state", server.url) as host:
        calls = host.read_after("calls ").split()
        assert host.wait() == 0, host.log
        assert calls == ["over"] * (3 if kind == "over" else 1) + ["own"]
        assert_all_arrived(server, host)
        assert [event["event"] for event in server.accepted.values()].count("server_stopped") == 1


def test_ctrl_c_cancels_the_second_event_loop_as_it_cancels_the_first(tmp_path: Path) -> None:
    with Server() as server, Host([PROGRAM, "twice"], tmp_path / "state", server.url) as host:
        for _ in range(2):
            host.wait_for_line("ready")
            host.process.send_signal(signal.SIGINT)
            host.wait_for_line("cancelled")
            assert host.read_after("interrupted ") == "True"
        assert host.wait() == 0, host.log
        assert [event["event"] for event in server.accepted.values()].count("server_stopped") == 1


def test_a_close_on_another_thread_leaves_a_handler_that_does_nothing_of_its_own(tmp_path: Path) -> None:
    with Server() as server, Host([PROGRAM, "thread"], tmp_path / "state", server.url) as host:
        # The handlers of a process can be changed on its main thread only.
        assert [host.read_after("handler ") for _ in range(2)] == ["True", "False"]
        assert host.wait() == -signal.SIGTERM, host.log
        assert_all_arrived(server, host)


@pytest.mark.parametrize("answer", [status(200), hang])
def test_a_sub_interpreter_with_telemetry_of_its_own_ends_and_takes_nothing(tmp_path: Path, answer: Answer) -> None:
    with Server(answer) as server, Host(["handlers.py", "interpreter"], tmp_path / "state", server.url) as host:
        host.wait_for_line("inside")
        assert host.read_after("handler ") == "True"
        host.wait_for_line("ready")
        host.kill(signal.SIGTERM)
        assert host.process.returncode == -signal.SIGTERM, host.log
        server.answer = status(200)
        (tmp_path / "state" / "ship.json").unlink(missing_ok=True)
        deliver_rest(tmp_path / "state", server.url)
        assert_all_arrived(server, host)


def test_a_second_signal_ends_a_process_that_still_sends_for_the_first(tmp_path: Path) -> None:
    with Server(hang) as hanging, Host([PROGRAM, "impatient"], tmp_path / "state", hanging.url) as host:
        host.wait_for_line("ready")
        wait_for(lambda: hanging.requests, "the first attempt")
        host.process.send_signal(signal.SIGTERM)
        wait_for(lambda: has_recorded(tmp_path / "state/spool", b"server_stopped"), "the first signal to be handled")
        host.process.send_signal(signal.SIGTERM)
        assert host.wait() == -signal.SIGTERM
    with Server() as well:
        (tmp_path / "state" / "ship.json").unlink(missing_ok=True)
        deliver_rest(tmp_path / "state", well.url)
        assert_all_arrived(well, host)

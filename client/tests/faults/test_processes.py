"""Events recorded in forks, workers, containers, threads, tasks, signal handlers and finalisers arrive once."""

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from client.tests.faults.harness import Host, assert_all_arrived, deliver_rest, dropped, get, tools
from client.tests.support.server import Server, hang, status
from tests.support.waiting import steadily, wait_for

UV = Path(sys.executable).with_name("uv")
ROOT = Path(__file__).resolve().parents[3]


def run(program: list[str], state: Path, server: Server, **env: Any) -> Host:
    """Run a program to its end, then a process that delivers the rest."""
    host = Host(program, state, server.url, **env)
    assert host.wait(60) == 0, host.log
    assert "Traceback" not in host.log
    assert "Exception ignored" not in host.log
    deliver_rest(state, server.url)
    assert dropped(state) == {}
    return host


def test_parent_and_forked_children_each_deliver_their_events(tmp_path: Path) -> None:
    with Server() as server:
        run(["processes.py", "children"], tmp_path / "state", server)
        assert tools(server) == Counter(t0=400, t1=100, t2=100)


def test_a_fork_of_a_fork_delivers_its_events(tmp_path: Path) -> None:
    with Server() as server:
        run(["processes.py", "nested"], tmp_path / "state", server)
        assert tools(server) == Counter(t0=100, t1=100, t2=100, t3=100)


@pytest.mark.parametrize("sending", [True, False])
def test_a_child_that_outlives_its_parent_does_not_hold_its_segment(tmp_path: Path, sending: bool) -> None:
    env: dict[str, Any] = {} if sending else LATER
    with Server(hang) as server, Host(["processes.py", "orphan"], tmp_path / "state", server.url, **env) as host:
        if sending:
            wait_for(lambda: server.requests, "the parent to be in the middle of sending")
        host.say("fork")
        host.wait_for_line("forked")
        host.process.kill()
        host.process.wait()
        server.answer = status(200)
        deliver_rest(tmp_path / "state", server.url)
        assert tools(server) == Counter(t0=100)
        host.end()


def test_a_child_forked_during_a_request_delivers_its_events_and_ends_in_time(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server(hang) as server, Host(["processes.py", "midway"], state, server.url) as host:
        wait_for(lambda: server.requests, "the parent to be in the middle of sending")
        server.answer = status(200)
        host.say("fork")
        assert host.wait(30) == 0, host.log
        deliver_rest(state, server.url)
        assert tools(server) == Counter(t0=200, t1=100)


def test_forks_while_the_sender_starts_neither_hang_nor_lose(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server() as server, Host(["processes.py", "storm"], state, server.url, **AT_ONCE) as host:
        host.read_after("codes ")
        assert host.wait(30) == 0, host.log
        assert "Traceback" not in host.log
        deliver_rest(state, server.url)
        assert tools(server) == Counter(t0=1, t1=40)


AT_ONCE: dict[str, Any] = {"TEST_HOST_TELEMETRY_FLUSH_SECONDS": "0"}
LATER: dict[str, Any] = {"TEST_HOST_TELEMETRY_FLUSH_SECONDS": "60"}
"""So long that the recorded events are still on disk when the process ends."""


@pytest.mark.parametrize("kind", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing_each_deliver_their_events(tmp_path: Path, kind: str) -> None:
    with Server() as server:
        run(["processes.py", kind], tmp_path / "state", server)
        assert tools(server) == Counter({f"t{n}": 100 for n in range(10)})


def test_several_processes_on_one_directory_and_kills_among_them_lose_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server() as server:
        hosts = [Host(["recorder.py", "300", "0", "stay"], state, server.url) for _ in range(4)]
        for host in hosts:
            wait_for(lambda host=host: host.accepted > 200, "some events")
        ends = (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGTERM)
        for host, number in zip(hosts, ends, strict=True):
            host.kill(number)
        deliver_rest(state, server.url)
        assert_all_arrived(server, *hosts)
        assert batches_sent_again(server) <= ends.count(signal.SIGKILL)
        assert dropped(state) == {}


def test_processes_that_end_together_send_in_turn_before_they_end(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server() as server:
        hosts = [Host(["recorder.py", "50", "20", "stay"], state, server.url, SERVE="1", **LATER) for _ in range(4)]
        for host in hosts:
            host.wait_for_line("recorded")
        for host in hosts:
            host.process.terminate()
        for host in hosts:
            host.wait()
        assert_all_arrived(server, *hosts)
        names = Counter(event["event"] for event in server.accepted.values())
        assert (names["server_started"], names["server_stopped"]) == (4, 4)


def batches_sent_again(server: Server) -> int:
    """The number of accepted batches with events that a later one repeats: a kill may fall between answer and note."""
    first_batch: dict[str, int] = {}
    repeated = set()
    for number, request in enumerate(server.requests):
        for event in request.events:
            if first_batch.setdefault(event["uuid"], number) != number:
                repeated.add(first_batch[event["uuid"]])
    return len(repeated)


def test_processes_on_one_directory_send_one_at_a_time(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Server(hang) as server, ExitStack() as stack:
        hosts = [stack.enter_context(Host(["recorder.py", "50", "0", "stay"], state, server.url)) for _ in range(3)]
        for host in hosts:
            wait_for(lambda host=host: host.accepted > 50, "some events")
        wait_for(lambda: server.requests, "a first try")
        steadily(lambda: len(server.requests) == 1, "only one process waits for the server", 4)


def test_two_containers_that_are_both_process_1_share_a_directory(tmp_path: Path) -> None:
    state = tmp_path / "state"
    container = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    with Server() as server:
        hosts = [Host(["recorder.py", "300", "0", "stay"], state, server.url, prefix=container) for _ in range(2)]
        for host in hosts:
            wait_for(lambda host=host: host.accepted > 100, "some events")
        inside = [psutil.Process(host.process.pid).children()[0] for host in hosts]
        pids = {Path(f"/proc/{child.pid}/status").read_text().split("NSpid:")[1].split("\n")[0] for child in inside}
        assert {pid.split()[-1] for pid in pids} == {"1"}
        hosts[0].kill()
        # The running one continues, and neither loses nor repeats an event of the killed one.
        before = hosts[1].accepted
        wait_for(lambda: hosts[1].accepted > before + 300, "the living one to go on")
        hosts[1].kill()
        deliver_rest(state, server.url)
        assert_all_arrived(server, *hosts)
        assert dropped(state) == {}


def test_the_workers_of_uvicorn_each_deliver_their_events(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    arguments = ["-m", "uvicorn", "--workers", "2", "--port", port, "--log-level", "critical", "web:app"]
    with Server() as server, Host(arguments, tmp_path / "state", server.url) as host:
        ask(port)
        host.process.send_signal(signal.SIGTERM)
        host.wait(20)
        deliver_rest(tmp_path / "state", server.url)
        assert tools(server) == Counter({f"t{n}": 1 for n in range(40)})


@pytest.fixture(scope="module")
def gunicorn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has gunicorn and the client."""
    place = tmp_path_factory.mktemp("gunicorn")
    pins = Path(__file__).with_name("gunicorn.txt")
    python = place / "venv" / "bin" / "python"
    subprocess.run([UV, "venv", "-q", "-p", sys.executable, place / "venv"], check=True)
    subprocess.run([UV, "pip", "install", "-q", "-p", python, "--require-hashes", "-r", pins], check=True)
    subprocess.run([UV, "pip", "install", "-q", "-p", python, "-e", ROOT / "client"], check=True)
    return python


@pytest.mark.parametrize("preload", [True, False])
def test_the_workers_of_gunicorn_each_deliver_their_events(tmp_path: Path, gunicorn: Path, preload: bool) -> None:
    options = ["--preload"] if preload else []
    arguments = ["-m", "gunicorn", "-w", "3", "-b", "127.0.0.1:0", "--graceful-timeout", "5", *options, "web:wsgi"]
    with Server() as server:
        with Host(arguments, tmp_path / "state", server.url, python=gunicorn) as host:
            port = wait_for(lambda: listening(host), "gunicorn to listen")
            ask(port)
            host.process.send_signal(signal.SIGTERM)
            assert host.wait(20) == 0, host.log
        deliver_rest(tmp_path / "state", server.url)
        assert tools(server) == Counter({f"t{n}": 1 for n in range(40)})


def test_workers_of_gunicorn_that_are_replaced_while_it_serves_lose_nothing(tmp_path: Path, gunicorn: Path) -> None:
    arguments = ["-m", "gunicorn", "-w", "2", "-b", "127.0.0.1:0", "--graceful-timeout", "5", "web:wsgi"]
    with Server() as server:
        with Host(arguments, tmp_path / "state", server.url, python=gunicorn) as host:
            port = wait_for(lambda: listening(host), "gunicorn to listen")
            for _ in range(2):
                ask(port)
                before = workers(host)
                host.process.send_signal(signal.SIGHUP)
                wait_for(
                    lambda before=before: len(workers(host)) == 2 and not workers(host) & before, "new workers", 30
                )
            ask(port)
            before = workers(host)
            os.kill(min(before), signal.SIGTERM)
            wait_for(lambda: len(workers(host)) == 2 and workers(host) != before, "another worker", 30)
            ask(port)
            host.process.send_signal(signal.SIGTERM)
            assert host.wait(20) == 0, host.log
        assert "Traceback" not in host.log
        deliver_rest(tmp_path / "state", server.url)
        assert tools(server) == Counter({f"t{n}": 4 for n in range(40)}), host.log
        names = Counter(event["event"] for event in server.accepted.values())
        assert names["server_started"] == names["server_stopped"] <= 8


def workers(host: Host) -> set[int]:
    """The process IDs of a web server's workers."""
    return {child.pid for child in psutil.Process(host.process.pid).children()}


def listening(host: Host) -> str:
    """The port that gunicorn listens on; empty until it does."""
    return host.log.partition("Listening at: http://127.0.0.1:")[2].partition(" ")[0]


def ask(port: str) -> None:
    """Send forty requests, each on a new connection."""
    for number in range(40):
        get(port, number)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("threads", {f"t{n}": 1000 for n in range(8)}),
        ("tasks", {f"t{n}": 5 for n in range(1000)}),
        ("finalisers", {"t0": 2000, "t1": 2000, "t2": 1, "t3": 1}),
    ],
)
def test_recording_at_once_from_everywhere_loses_nothing(tmp_path: Path, kind: str, expected: dict[str, int]) -> None:
    with Server() as server:
        run(["crowd.py", kind], tmp_path / "state", server)
        assert tools(server) == Counter(expected)


@pytest.mark.parametrize("kind", ["signals", "many_names"])
def test_recording_in_a_signal_handler_that_interrupts_recording_loses_nothing(tmp_path: Path, kind: str) -> None:
    with Server() as server:
        host = Host(["crowd.py", kind], tmp_path / "state", server.url)
        recorded, fired = map(int, host.read_after("counts ").split())
        assert host.wait(20) == 0, host.log
        deliver_rest(tmp_path / "state", server.url)
        assert fired > 50
        assert dropped(tmp_path / "state") == {}
        assert tools(server) == Counter(t0=recorded, t1=fired)


def test_a_telemetry_process_has_one_more_thread_and_one_connection(tmp_path: Path) -> None:
    with Server() as server, Host(["recorder.py", "100", "0", "stay"], tmp_path / "state", server.url) as host:
        wait_for(lambda: len(server.accepted) > 50, "some events")
        process = psutil.Process(host.process.pid)
        wait_for(lambda: process.num_threads() == 2, "the thread that asked Kubernetes to be gone")
        assert len(process.net_connections()) <= 1
        files = [Path(name.path) for name in process.open_files()]
        assert len([name for name in files if name.suffix == ".seg"]) <= 2
        assert os.path.commonpath([tmp_path, *files]) == str(tmp_path)

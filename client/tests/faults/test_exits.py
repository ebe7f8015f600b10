"""The end of a process is bounded under any network, records the stop first, and leaves the host's handlers alone."""

import os
import signal
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from client.tests.faults.harness import PROGRAMS, Host, assert_all_arrived, deliver_rest, get
from client.tests.support.outages import Destination, outage
from client.tests.support.server import Request, Server, status
from tests.support.waiting import wait_for

URGENT = ("nice", "-n", "-10") if os.geteuid() == 0 else ()
"""Timed processes get a higher priority, if the user may set one."""
PYTHON_SECONDS = 1.0
"""The seconds that the end of Python itself may take on a busy machine."""
MCP_SERVER = PROGRAMS.parents[1] / "mcp" / "programs" / "mcp2_mcpserver.py"


def on_disk(state: Path, word: bytes) -> bool:
    return any(word in path.read_bytes() for path in (state / "spool").glob("*.seg"))


@pytest.mark.parametrize("end", ["close", "exit", "SIGTERM"])
@pytest.mark.parametrize("kind", ["hanging", "refusing", "black hole", "slow drip"])
def test_an_end_takes_two_seconds_at_most_and_the_rest_is_delivered_later(
    tmp_path: Path, tls: ssl.SSLContext, kind: str, end: str
) -> None:
    state = tmp_path / "state"
    with outage(kind, tls) as place, Server() as well:
        how = "stay" if end == "SIGTERM" else end
        with Host(["recorder.py", "0", "300", how], state, place.url, prefix=URGENT, SERVE="1") as host:
            host.wait_for_line("recorded")
            began = time.monotonic()
            if end == "SIGTERM":
                host.process.send_signal(signal.SIGTERM)
            wait_for(lambda: on_disk(state, b"server_stopped"), "server_stopped on disk", 0.5 + PYTHON_SECONDS)
            host.wait()
            assert time.monotonic() - began < 2.0 + PYTHON_SECONDS
            assert "Traceback" not in host.log
        forget_wait(state)
        deliver_rest(state, well.url)
        assert_all_arrived(well, host)
        assert [e["event"] for e in well.accepted.values()].count("server_stopped") == 1


def forget_wait(state: Path) -> None:
    """Remove the wait before the next attempt."""
    (state / "ship.json").unlink(missing_ok=True)


def test_a_slow_server_gets_its_events_within_the_two_seconds(tmp_path: Path) -> None:
    def slowly(server: Server, request: Request, handler: object) -> None:
        server.stopping.wait(0.7)
        status(200)(server, request, handler)  # type: ignore[arg-type] # a handler, by the server

    with Server(slowly) as server, Host(["recorder.py", "0", "50", "exit"], tmp_path / "state", server.url) as host:
        host.wait()
        assert_all_arrived(server, host)


@pytest.mark.parametrize("kind", ["plain", "later", "asyncio"])
def test_the_handler_of_the_host_still_runs_and_decides(tmp_path: Path, kind: str) -> None:
    with Server() as server, Host(["handlers.py", kind], tmp_path / "state", server.url) as host:
        host.wait_for_line("ready")
        host.process.send_signal(signal.SIGTERM)
        host.wait_for_line("own handler")
        assert host.wait() == 7
        assert_all_arrived(server, host)
        assert "server_stopped" in {e["event"] for e in server.accepted.values()}


def test_a_signal_that_the_host_ignores_stays_ignored(tmp_path: Path) -> None:
    with Server() as server, Host(["handlers.py", "ignoring"], tmp_path / "state", server.url) as host:
        host.wait_for_line("ready")
        host.process.send_signal(signal.SIGTERM)
        assert host.end() < 5
        assert host.process.returncode == 7
        assert_all_arrived(server, host)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_uvicorn_ends_as_without_telemetry_and_the_stop_is_recorded_before_its_lifespan_ends(
    tmp_path: Path, number: int
) -> None:
    with Server() as server, Host(["web.py"], tmp_path / "state", server.url, **SLOWLY) as host:
        port = host.read_after("listening ")
        for path in range(20):
            get(port, path)
        host.process.send_signal(number)
        assert host.read_after("lifespan ends, ") == "stopped on disk: True"
        assert host.wait(10) == -number
        deliver_rest(tmp_path / "state", server.url)
        assert {e["properties"].get("tool") for e in server.accepted.values()} >= {f"t{n}" for n in range(20)}


SLOWLY: dict[str, Any] = {"TEST_HOST_TELEMETRY_FLUSH_SECONDS": "60"}
"""So long that the recorded events are still on disk when the process ends."""


@pytest.mark.parametrize("kind", ["hanging", "black hole", "503"])
def test_a_stdio_server_ends_before_its_client_kills_it(tmp_path: Path, tls: ssl.SSLContext, kind: str) -> None:
    state = tmp_path / "state"
    with outage(kind, tls) as place, Server() as well:
        # Other load on the machine only adds to the time, so the best of three counts.
        assert any(ends_in_time(tmp_path, place) for _ in range(3))
        runs = len(list(tmp_path.glob("on-*")))
        forget_wait(state)
        deliver_rest(state, well.url)
        events = [e["event"] for e in well.accepted.values()]
        assert events.count("tool_executed") == 3 * runs
        assert events.count("server_stopped") == runs


def ends_in_time(directory: Path, place: Destination) -> bool:
    """Whether a stdio server ends at most half a second later than it does without telemetry."""
    off, on = (session_ends(directory, place, telemetry) for telemetry in ("false", "true"))
    return off is not None and on is not None and on < off + 0.5 + PYTHON_SECONDS / 2


def session_ends(directory: Path, place: Destination, telemetry: str) -> float | None:
    """Use a server over stdio once; seconds from the end of its input to its exit, None if it was killed."""
    report = directory / f"{'on' if telemetry == 'true' else 'off'}-{time.monotonic_ns()}"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "KUBECONFIG": "/nonexistent",
        "TEST_HOST_TELEMETRY": telemetry,
        "TEST_HOST_TELEMETRY_STATE_DIR": str(directory / ("state" if telemetry == "true" else "none")),
        "TEST_HOST_POSTHOG_HOST": place.url,
        "TEST_HOST_POSTHOG_KEY": "phc_test",
        "TEST_HOST_TELEMETRY_GRACE_SECONDS": "0",
        "TEST_HOST_TELEMETRY_FLUSH_SECONDS": "0.1",
    }
    server = (sys.executable, str(MCP_SERVER), "stdio")
    command = [*URGENT, sys.executable, str(PROGRAMS / "watched.py"), str(report), *server]
    anyio.run(use, StdioServerParameters(command=command[0], args=command[1:], env=environ))
    if not report.exists():
        report.touch()
        return None
    code, seconds = report.read_text().split()
    assert code == "0"
    return float(seconds)


async def use(server: StdioServerParameters) -> None:
    """Three calls by the real client of the SDK, which closes the server's input and kills it two seconds later."""
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        for _ in range(3):
            await session.call_tool("greet", {"text": "you"})

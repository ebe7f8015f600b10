"""Hosts with gevent's greenlets in place of threads, and MCP servers on trio's event loop."""

import os
import signal
import sys
from collections import Counter
from pathlib import Path

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from client.tests.faults.harness import Host, deliver_rest
from client.tests.support.server import Server, hang

PROGRAMS = Path(__file__).with_name("programs")
GREENLETS = str(PROGRAMS / "gevent_host.py")
CALLS = Counter({f"t{number}": 20 for number in range(10)})
BLOCKED_SECONDS = 0.5
"""The longest time for which greenlets may stand still on a busy machine; an answer of the server is waited for 1 s."""


def tools(server: Server) -> Counter[str]:
    return Counter(e["properties"]["tool"] for e in server.accepted.values() if e["event"] == "tool_executed")


@pytest.mark.parametrize("end", ["flush", "close", "exit"])
def test_greenlets_record_and_every_event_is_delivered_at_the_end(tmp_path: Path, end: str) -> None:
    with Server() as server, Host([GREENLETS, end], tmp_path / "state", server.url) as host:
        if end == "flush":
            assert host.read_after("flushed") == "True"
        assert host.wait() == 0, host.log
        assert tools(server) == CALLS
        assert "Traceback" not in host.log


@pytest.mark.parametrize("end", ["flush", "close"])
def test_a_server_that_never_answers_blocks_no_greenlet_and_no_end(tmp_path: Path, end: str) -> None:
    state = tmp_path / "state"
    with Server(hang) as hanging, Server() as server:
        with Host([GREENLETS, end], state, hanging.url) as host:
            assert float(host.read_after("took")) < 2.0 + BLOCKED_SECONDS
            assert float(host.read_after("blocked")) < BLOCKED_SECONDS
            assert host.wait() == 0, host.log
            assert "Traceback" not in host.log
        (state / "ship.json").unlink(missing_ok=True)
        deliver_rest(state, server.url)
        assert tools(server) == CALLS


def test_a_signal_ends_a_host_of_greenlets_without_a_traceback_and_without_loss(tmp_path: Path) -> None:
    """Where gevent's hub runs the signal handler, nothing may wait there: the next process sends what is left."""
    state = tmp_path / "state"
    with Server() as server:
        with Host([GREENLETS, "serve"], state, server.url) as host:
            host.wait_for_line("recorded")
            server.wait_for(lambda server: tools(server) == CALLS)
            assert host.kill(signal.SIGTERM) < 5.0
            assert host.process.returncode == -signal.SIGTERM
            assert "Traceback" not in host.log
        deliver_rest(state, server.url)
        assert tools(server) == CALLS
        assert [event["event"] for event in server.accepted.values()].count("server_stopped") == 1


@pytest.mark.parametrize("end", ["close", "os._exit"])
def test_telemetry_that_ran_before_the_patch_delivers_too(tmp_path: Path, end: str) -> None:
    state = tmp_path / "state"
    with Server() as server:
        with Host([GREENLETS, end, "late"], state, server.url) as host:
            assert host.wait() == 0, host.log
        deliver_rest(state, server.url)
        assert tools(server) == CALLS + Counter(t0=1)


def test_calls_of_a_server_on_trio_are_counted_with_their_outcome(tmp_path: Path) -> None:
    async def use(parameters: StdioServerParameters) -> None:
        async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
            await session.initialize()
            answer = await session.call_tool("loop", {})
            assert answer.content[0].text == "trio"  # type: ignore[union-attr] # a text, by the tool
            assert (await session.call_tool("fail", {})).is_error
            async with anyio.create_task_group() as calls:
                for _ in range(10):
                    calls.start_soon(session.call_tool, "loop", {})
            with anyio.move_on_after(0.3):
                await session.call_tool("endless", {})

    with Server() as server:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "KUBECONFIG": os.devnull,
            "TEST_HOST_TELEMETRY_STATE_DIR": str(tmp_path / "state"),
            "TEST_HOST_POSTHOG_HOST": server.url,
            "TEST_HOST_TELEMETRY_GRACE_SECONDS": "0",
        }
        program = [str(PROGRAMS / "trio_server.py")]
        anyio.run(use, StdioServerParameters(command=sys.executable, args=program, env=environment))
        deliver_rest(tmp_path / "state", server.url)
        events = Counter((e["event"], e["properties"].get("tool")) for e in server.accepted.values())
    assert events["tool_executed", "loop"] == 11
    assert events["tool_executed", "fail"] == events["tool_error", "fail"] == 1
    assert events["tool_executed", "endless"] == 1
    assert events["server_stopped", None] == 1

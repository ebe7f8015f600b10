"""Sessions: clients that share a server, leave, cancel a call, come back, or are asked for input."""

import asyncio
import contextlib
import json
import socket
import subprocess
from pathlib import Path

import pytest
from mcp import MCPError

from tests.support.capture_server import CaptureServer
from tests.support.waiting import wait_for

from .rig import CHOSEN, LEGACY, MODERN, Host, Sdk, connected, host, own_events, run

HIGH_LEVEL = [pytest.param(sdk, id=sdk.name) for sdk in CHOSEN if sdk.high_level]
ALL = [pytest.param(sdk, id=sdk.name) for sdk in CHOSEN]
ERAS = [
    pytest.param(sdk, era, id=f"{sdk.name}-{era}")
    for sdk in CHOSEN
    for era in ([LEGACY, MODERN] if sdk.modern else [LEGACY])
]


def ended(capture: CaptureServer, server: Host) -> None:
    if server.process is not None:
        server.end()
    capture.wait_for("server_stopped")


@pytest.mark.parametrize("transport", ["sse", "http"])
@pytest.mark.parametrize(("sdk", "era"), ERAS)
def test_clients_that_share_a_server_are_told_apart(sdk: Sdk, era: str, transport: str, tmp_path: Path) -> None:
    async def take_turns() -> None:
        async with (
            connected(server, era, "client-a", "1.0.0") as first,
            connected(server, era, "client-b", "2.0.0") as second,
        ):
            await first.list_tools()
            for client in (first, second, second, first, second):
                await client.call_tool("greet", {"text": "x"})
            await asyncio.gather(*(c.call_tool("greet_async", {"text": "x"}) for c in (first, second) * 5))

    with CaptureServer() as capture, host(sdk, transport, tmp_path, capture) as server:
        run(take_turns)
        ended(capture, server)
    in_turn = [p["mcp_client"] for _, p in own_events(capture, "tool_executed") if p["tool"] == "greet"]
    assert in_turn == ["client-a", "client-b", "client-b", "client-a", "client-b"]
    at_once = [p["mcp_client"] for _, p in own_events(capture, "tool_executed") if p["tool"] == "greet_async"]
    assert sorted(at_once) == ["client-a"] * 5 + ["client-b"] * 5
    versions = {(p["mcp_client"], p["mcp_client_version"]) for _, p in own_events(capture, "client_connected")}
    assert versions == {("client-a", "1.0.0"), ("client-b", "2.0.0")}


@pytest.mark.parametrize(("sdk", "era"), ERAS)
def test_a_client_that_comes_back_is_a_new_session_but_the_same_client_without_sessions(
    sdk: Sdk, era: str, tmp_path: Path
) -> None:
    async def twice() -> None:
        for _ in range(2):
            async with connected(server, era) as client:
                await client.list_tools()

    with CaptureServer() as capture, host(sdk, "http", tmp_path, capture) as server:
        run(twice)
        ended(capture, server)
    assert len(capture.named("client_connected")) == (2 if era == LEGACY else 1)


@pytest.mark.parametrize("sdk", ALL)
def test_a_call_that_the_client_cancels_fails_with_the_class_of_the_cancellation(sdk: Sdk, tmp_path: Path) -> None:
    async def lose_patience() -> None:
        async with connected(server) as client:
            await client.list_tools()
            with contextlib.suppress(MCPError):
                await client.call_tool("slow", {}, read_timeout_seconds=0.3)
            await client.call_tool("greet", {"text": "still there"})

    with CaptureServer() as capture, host(sdk, "http", tmp_path, capture) as server:
        run(lose_patience)
        ended(capture, server)
    slow = [(n, p) for n, p in own_events(capture, "tool_executed", "tool_error") if p["tool"] == "slow"]
    assert slow == [
        ("tool_executed", {"tool": "slow", "success": False, "mcp_client": "client-a"}),
        ("tool_error", {"tool": "slow", "error_type": "CancelledError"}),
    ]


@pytest.mark.parametrize("sdk", ALL)
def test_a_client_that_vanishes_mid_call_leaves_a_failed_call_and_a_stopped_server(sdk: Sdk, tmp_path: Path) -> None:
    async def vanish() -> None:
        async with connected(server) as client:
            await client.list_tools()
            call = asyncio.ensure_future(client.call_tool("slow", {}))
            await asyncio.wait([call], timeout=0.5)
            call.cancel()

    with CaptureServer() as capture, host(sdk, "stdio", tmp_path, capture) as server:
        run(vanish)
        capture.wait_for("server_stopped")
        capture.wait_for("tool_error")
    assert [p["error_type"] for _, p in own_events(capture, "tool_error")] == ["CancelledError"]


@pytest.mark.parametrize("sdk", ALL)
def test_stdio_sessions_one_after_the_other_are_all_sent_while_the_process_lives(sdk: Sdk, tmp_path: Path) -> None:
    address = str(tmp_path / "stdio")
    with CaptureServer() as capture, host(sdk, "stdio", tmp_path, capture, STDIO_SOCKET=address) as server:
        process = subprocess.Popen(server.command(), stdin=subprocess.DEVNULL, env=server.environment, text=True)
        server.process = process
        for number in (1, 2, 3):
            converse(address)
            wait_for(lambda number=number: len(capture.named("tool_executed")) == number, "the session's call", 30)
        assert process.poll() is None
        assert len(capture.named("client_connected")) == 3
        assert [len(capture.named(name)) for name in ("server_started", "server_stopped")] == [1, 1]


def converse(address: str) -> None:
    """Connect, call a tool, and leave."""
    with socket.socket(socket.AF_UNIX) as connection:
        wait_for(lambda: connection.connect_ex(address) == 0, "the server to listen", 30)
        lines = connection.makefile("rw")
        info = {"name": "client-a", "version": "1.2.3"}
        begin = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info}
        for number, method, params in (
            (1, "initialize", begin),
            (None, "notifications/initialized", {}),
            (2, "tools/call", {"name": "greet", "arguments": {"text": "x"}}),
        ):
            message = {"jsonrpc": "2.0", "method": method, "params": params}
            print(json.dumps(message if number is None else {**message, "id": number}), file=lines, flush=True)
            if number is not None:
                assert json.loads(lines.readline())["id"] == number


@pytest.mark.parametrize("sdk", HIGH_LEVEL)
def test_tools_that_report_progress_or_ask_the_client_back_count_once(sdk: Sdk, tmp_path: Path) -> None:
    async def ask() -> None:
        async with connected(server) as client:
            await client.list_tools()
            for tool in ("progress", "sample", "elicit"):
                assert not (await client.call_tool(tool, {})).is_error

    with CaptureServer() as capture, host(sdk, "stdio", tmp_path, capture) as server:
        run(ask)
        capture.wait_for("server_stopped")
    calls = [(p["tool"], p["success"]) for _, p in own_events(capture, "tool_executed")]
    assert calls == [("progress", True), ("sample", True), ("elicit", True)]


@pytest.mark.parametrize("sdk", HIGH_LEVEL)
def test_a_tool_that_code_adds_while_the_server_runs_is_recorded_by_its_name(sdk: Sdk, tmp_path: Path) -> None:

    async def grow() -> None:
        async with connected(server) as client:
            await client.call_tool("grow", {})
            await client.list_tools()
            await client.call_tool("grown", {"text": "x"})

    with CaptureServer() as capture, host(sdk, "http", tmp_path, capture) as server:
        run(grow)
        ended(capture, server)
    assert [p["tool"] for _, p in own_events(capture, "tool_executed")] == ["grow", "grown"]


@pytest.mark.parametrize("sdk", ALL)
def test_a_connection_is_recorded_with_the_admissible_part_of_what_the_client_sent(sdk: Sdk, tmp_path: Path) -> None:
    """Unknown names and free text become `other`; a version keeps three numbers."""

    async def introduce() -> None:
        for name, version in (("alice@example.com", "1.2.3-alice"), ("client-b", "v4.5"), ("client-b", "x" * 500)):
            async with connected(server, name=name, version=version):
                pass

    with CaptureServer() as capture, host(sdk, "http", tmp_path, capture) as server:
        run(introduce)
        ended(capture, server)
    found = [(p["mcp_client"], p.get("mcp_client_version")) for _, p in own_events(capture, "client_connected")]
    assert found == [("other", "1.2.3"), ("client-b", "4.5"), ("client-b", "other")]


@pytest.mark.parametrize("sdk", ALL)
def test_a_server_that_gets_a_signal_records_its_stop_and_ends_by_that_signal(sdk: Sdk, tmp_path: Path) -> None:
    async def visit() -> None:
        async with connected(server) as client:
            await client.list_tools()

    with CaptureServer() as capture, host(sdk, "http", tmp_path, capture) as server:
        run(visit)
        code = server.end()
        # uvicorn raises the signal again after its own shutdown.
        assert code == -15
        wait_for(lambda: capture.named("server_stopped"), "server_stopped")
    assert capture.names()[-1] == "server_stopped"

"""Real MCP clients, over HTTP and, if they can, over stdio, are counted under the name that they send."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from client.tests.mcp.rig import SDKS, Host, connected, host, own_events, run
from scripts.setup import sdk_env
from tests.support.capture_server import CaptureServer
from tests.support.waiting import wait_for

BIN = Path(__file__).parents[1] / "node/node_modules/.bin"
SERVER = next(sdk for sdk in SDKS if sdk.name == "mcp2-mcpserver")
Client = Callable[[Host, Path], list[list[str]]]


def node(name: str) -> str:
    program = BIN / name
    assert program.exists(), f"{program} is missing: run `make node`"
    return str(program)


def variables(server: Host) -> list[str]:
    return [f"{k}={v}" for k, v in server.environment.items() if k.startswith("TEST_HOST_")]


def inspector(server: Host, home: Path) -> list[list[str]]:
    call = ["--method", "tools/call", "--tool-name", "greet", "--tool-arg", "text=x"]
    if server.url:
        return [[node("mcp-inspector"), "--cli", server.url, "--transport", "http", *call]]
    env = [part for variable in variables(server) for part in ("-e", variable)]
    return [[node("mcp-inspector"), "--cli", *server.command(), *env, *call]]


def mcporter(server: Host, home: Path) -> list[list[str]]:
    where = ["--http-url", server.url, "--allow-http"] if server.url else ["--stdio", " ".join(server.command())]
    env = [part for variable in variables(server) for part in ("--env", variable)]
    return [[node("mcporter"), "call", *where, "--name", "test", *([] if server.url else env), "greet", "text=x"]]


def mcpc(server: Host, home: Path) -> list[list[str]]:
    command, *arguments = server.command()
    env = dict(variable.split("=", 1) for variable in variables(server))
    config = home / "mcpc.json"
    config.write_text(json.dumps({"mcpServers": {"s": {"command": command, "args": arguments, "env": env}}}))
    target = server.url or f"{config}:s"
    called = [node("mcpc"), "@s", "tools-call", "greet", "text:=x", "--json"]
    return [[node("mcpc"), "connect", target, "@s"], called, [node("mcpc"), "close", "@s"]]


def fastmcp(server: Host, home: Path) -> list[list[str]]:
    program = str(sdk_env.make("fastmcp4").with_name("fastmcp"))
    if server.url:
        return [[program, "call", server.url, "greet", "text=x"]]
    wrapped = ["env", *variables(server), *server.command()]
    call = ["--target", "greet", "--input-json", json.dumps({"text": "x"})]
    return [[program, "call", "--command", " ".join(wrapped), *call]]


def mcp1(server: Host, home: Path) -> list[list[str]]:
    program = [str(sdk_env.make("mcp1")), str(Path(__file__).with_name("mcp1_client.py"))]
    target = [server.url] if server.url else server.command()
    return [[*program, *target, "--", *variables(server)]]


CLIENTS = {
    "inspector": (inspector, "inspector", "0.22.0"),
    "mcporter": (mcporter, "mcporter", "0.9.0"),
    "mcpc": (mcpc, "mcpc", "0.2.6"),
    "fastmcp": (fastmcp, "fastmcp", "4.2.3"),
    "mcp1": (mcp1, "mcp", "0.1.0"),
}


@pytest.mark.parametrize("transport", ["http", "stdio"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_is_counted_under_the_name_it_sends(client: str, transport: str, tmp_path: Path) -> None:
    commands, name, sent_version = CLIENTS[client]
    with CaptureServer() as capture, host(SERVER, transport, tmp_path, capture) as server:
        for command in commands(server, tmp_path):
            done = subprocess.run(
                command,
                env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        if server.process is not None:
            server.end()
        capture.wait_for("server_stopped")
    wire = "streamable-http" if transport == "http" else "stdio"
    connections = own_events(capture, "client_connected")
    expected = {"mcp_client": name, "mcp_client_version": sent_version, "transport": wire}
    assert connections == [("client_connected", expected)] * len(connections)
    assert connections
    calls = [(p["tool"], p["success"], p["mcp_client"]) for _, p in own_events(capture, "tool_executed")]
    assert calls == [("greet", True, name)]


@pytest.mark.parametrize("era", ["initialize", "2026-07-28"])
@pytest.mark.parametrize("transport", ["http", "stdio"])
def test_the_mcp_2_client_is_counted_in_both_eras(era: str, transport: str, tmp_path: Path) -> None:
    async def call() -> None:
        async with connected(server, era, "mcp", version("mcp")) as client:
            await client.call_tool("greet", {"text": "x"})

    with CaptureServer() as capture, host(SERVER, transport, tmp_path, capture) as server:
        run(call)
        if server.process is not None:
            server.end()
        capture.wait_for("server_stopped")
    [(_, connection)] = own_events(capture, "client_connected")
    assert (connection["mcp_client"], connection["mcp_client_version"]) == ("mcp", version("mcp"))


def test_each_initialize_of_the_conformance_client_is_one_connection(tmp_path: Path) -> None:
    answered = tmp_path / "initialized"
    answered.touch()
    with (
        CaptureServer() as capture,
        host(SERVER, "http", tmp_path, capture, COUNT_INITIALIZED=str(answered)) as server,
    ):
        subprocess.run(
            [node("conformance"), "server", "--url", server.url],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=100,
            check=False,  # it fails if the server lacks a feature that it tests
        )
        wait_for(lambda: answered.read_text(), "an initialize")
        server.end()
        capture.wait_for("server_stopped")
    statuses = answered.read_text().split()
    print(f"the conformance client sent {len(statuses)} initialize requests", file=sys.stderr)
    assert len(statuses) == 31
    assert len(capture.named("client_connected")) == statuses.count("200")

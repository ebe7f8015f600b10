"""Tools are recorded by the names that code registers, whenever it does; what else is `other` is noted, never named."""

import asyncio
import builtins
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server.lowlevel import Server
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, Implementation, ListToolsResult, TextContent, Tool

from footfall import Product
from footfall.mcp import instrument
from footfall.mcp.calls import unwrap
from footfall.testing import CapturingTelemetry, capture
from tests.support.capture_server import CaptureServer

LONG = "a" * 128


def greet() -> str:
    return "hello"


def mcpserver(*names: str) -> Any:
    server: Any = MCPServer("test", log_level="CRITICAL")
    for name in names:
        server.add_tool(greet, name=name)
    return server


async def _listed(ctx: Any, params: Any) -> ListToolsResult:
    return ListToolsResult(tools=[Tool(name="greet_alice", input_schema={"type": "object"})])


async def _called(ctx: Any, params: Any) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text="hello")])


def lowlevel() -> Any:
    return Server("test", on_call_tool=_called, on_list_tools=_listed)


def call(server: Any, *names: str, client: str = "claude-code") -> None:
    async def main() -> None:
        async with Client(server, client_info=Implementation(name=client, version="1")) as session:
            await session.list_tools()
            for name in names:
                await session.call_tool(name, {})

    asyncio.run(main())


def recorded(telemetry: CapturingTelemetry) -> list[Any]:
    return [event["tool"] for event in telemetry.named("tool_executed")]


def test_a_tool_that_code_registers_after_the_first_call_is_recorded_by_name() -> None:
    server, telemetry = mcpserver("early"), capture()
    instrument(server, telemetry)
    call(server, "early")
    server.add_tool(greet, name="late")
    server.tool(name=LONG)(greet)
    call(server, "late", LONG, "late")
    assert recorded(telemetry) == ["early", "late", LONG, "late"]


def test_a_tool_that_removes_itself_is_recorded_by_name() -> None:
    server, telemetry = mcpserver("early"), capture()
    instrument(server, telemetry)
    call(server, "early")

    def once() -> str:
        server.remove_tool("once")
        return "done"

    server.add_tool(once)
    call(server, "once")
    assert recorded(telemetry) == ["early", "once"]


def test_a_name_that_only_a_listing_has_is_other_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    server, telemetry = lowlevel(), capture()
    instrument(server, telemetry)
    with caplog.at_level(logging.INFO, "footfall"):
        call(server, "greet_alice", "greet_alice", "greet_bob")
    assert recorded(telemetry) == ["other"] * 3
    lines = [record.getMessage() for record in caplog.records if record.name == "footfall"]
    assert len(lines) == 1
    assert "register_tools(…)" in lines[0]
    assert "greet" not in lines[0]


def test_a_low_level_server_s_tools_are_those_that_instrument_is_given() -> None:
    server, telemetry = lowlevel(), capture()
    instrument(server, telemetry, tools=["greet_alice"])
    call(server, "greet_alice", "greet_bob")
    telemetry.register_tools("greet_bob")
    call(server, "greet_bob")
    assert recorded(telemetry) == ["greet_alice", "other", "greet_bob"]


def test_a_subclass_that_lists_other_tools_brings_no_name() -> None:
    class Dynamic(MCPServer[Any]):
        async def call_tool(self, name: str, *args: Any, **kwargs: Any) -> Any:
            return await super().call_tool("greet", *args, **kwargs)

    server, telemetry = Dynamic("test", log_level="CRITICAL"), capture()
    server.add_tool(greet)
    instrument(server, telemetry)
    call(server, "greet", "greet_alice")
    assert recorded(telemetry) == ["greet", "other"]


def test_a_client_in_no_vocabulary_is_one_line_that_does_not_name_it(caplog: pytest.LogCaptureFixture) -> None:
    server, telemetry = mcpserver("greet"), capture(Product("test"))
    instrument(server, telemetry)
    with caplog.at_level(logging.INFO, "footfall"):
        call(server, "greet", client="alice's own client")
        call(server, "greet", client="claude-code")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "client_names" in caplog.text
    assert "alice" not in caplog.text


def test_a_call_around_the_instrumented_server_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    server, telemetry = mcpserver("greet"), capture()
    instrument(server, telemetry)
    with caplog.at_level(logging.INFO, "footfall"):
        for _ in range(2):
            asyncio.run(server.call_tool("greet", {}))
    assert telemetry.events == []
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "instrument the server that is served" in caplog.text


def test_status_counts_what_was_recorded_with_less_than_it_could_say(tmp_path: Path) -> None:
    """A real host process, and then the command line."""
    with CaptureServer() as collector:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "TEST_POSTHOG_HOST": collector.url,
            "TEST_POSTHOG_KEY": "phc_test",
            "TEST_TELEMETRY_GRACE_SECONDS": "0",
            "TEST_TELEMETRY_STATE_DIR": str(tmp_path / "state"),
        }
        for program in ([HOST], [STATUS, "status", "--product", "test", "--json"]):
            command = [sys.executable, "-c", *program]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["notes"] == {"unnamed_tool": 2, "unlisted_client": 1, "uncounted_call": 1}


STATUS = "import sys; from footfall.cli.main import main; sys.exit(main())"
HOST = """
from footfall import Product, Telemetry
from footfall.catalogue import ClientConnected

telemetry = Telemetry(Product("test"))
telemetry.register_tools("known")
for tool in ("known", "alice", "bob"):
    telemetry.record_call(tool, "claude-code", 0.001)
telemetry.record(ClientConnected(mcp_client="alice", transport="stdio"))
telemetry.note("uncounted_call")
assert telemetry.flush(20)
telemetry.close()
"""


# By module: the linter checks for Python 3.10, which has no groups, and where the client runs without them.
Group, BaseGroup = builtins.ExceptionGroup, builtins.BaseExceptionGroup


class OwnGroup(builtins.ExceptionGroup[Exception]):
    """A group class of the host's own."""


@pytest.mark.parametrize(
    "group",
    [
        Group("g", [LookupError(), ValueError()]),
        Group("g", [Group("inner", [LookupError()]), ValueError()]),
        BaseGroup("g", [LookupError()]),
        OwnGroup("g", [LookupError()]),
    ],
    ids=["group", "nested", "base", "own"],
)
def test_the_first_error_of_a_task_group_is_reported(group: BaseException) -> None:
    assert type(unwrap(group)) is LookupError
    outer = ToolError("of the SDK")
    outer.__cause__ = group
    assert type(unwrap(outer)) is LookupError


@pytest.mark.parametrize("failing", ["group", "timeout"])
def test_the_class_of_an_error_inside_a_tool_is_reported(failing: str) -> None:
    server, telemetry = MCPServer[Any]("test", log_level="CRITICAL"), capture()

    async def crash() -> None:
        raise LookupError("a user's words")

    @server.tool()
    async def group() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(crash)

    @server.tool()
    async def timeout() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)

    instrument(server, telemetry)
    call(server, failing)
    expected = {"group": "LookupError", "timeout": "TimeoutError"}[failing]
    assert telemetry.named("tool_error") == [{"tool": failing, "error_type": expected}]


def test_a_time_out_that_the_sdk_made_its_own_error_is_a_time_out() -> None:
    error_class = type("MCPError", (Exception,), {"__module__": "mcp.shared.exceptions"})
    try:
        try:
            raise TimeoutError
        except TimeoutError:
            raise error_class from None
    except Exception as error:  # noqa: BLE001 - whatever it is
        outer = ToolError("of the SDK")
        outer.__cause__ = error
    assert type(unwrap(outer)) is TimeoutError

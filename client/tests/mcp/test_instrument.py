"""`instrument` takes the servers of the supported SDKs, refuses other objects, and survives unknown releases."""

import logging
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from mcp import Client
from mcp.server.lowlevel import Server
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, InputRequiredResult, TextContent

from footfall import Product, Telemetry
from footfall.mcp import instrument
from footfall.mcp.calls import CallRecorder, unwrap
from footfall.testing import capture


@pytest.mark.parametrize("thing", [object(), "server", None, [], MCPServer])
def test_an_object_that_is_no_server_is_an_error_that_names_the_supported_ones(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"mcp 1\.x.*mcp 2\.x.*fastmcp 3 and 4") as caught:
        instrument(thing, capture())
    assert type(thing).__qualname__ in str(caught.value)


def test_instrumenting_a_second_time_changes_nothing() -> None:
    server: MCPServer[Any] = MCPServer("test", log_level="CRITICAL")
    instrument(server, capture())
    before = (list(server.middleware), server.call_tool)
    instrument(server, capture())
    assert (list(server.middleware), server.call_tool) == before


def test_off_leaves_the_server_as_it_is(tmp_path: Path) -> None:
    server: MCPServer[Any] = MCPServer("test", log_level="CRITICAL")
    before = (dict(vars(server)), list(server.middleware))
    telemetry = Telemetry(Product("dot-ai", write_key="k"), {"DOT_AI_TELEMETRY": "false", "HOME": str(tmp_path)})
    instrument(server, telemetry)
    assert (dict(vars(server)), list(server.middleware)) == before


@pytest.mark.parametrize("missing", ["_lowlevel_server", "streamable_http_app"])
def test_a_release_that_lacks_a_private_detail_runs_without_telemetry(
    missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The adapters need few private details. If one is missing, one log line says so and every call works."""
    server: Any = Server("test") if missing == "streamable_http_app" else MCPServer("test", log_level="CRITICAL")
    kind = type(server)
    shrunk = type(kind.__name__, (_Without,), {"__module__": kind.__module__, "missing": missing, "real": server})()
    with caplog.at_level(logging.WARNING, "footfall"):
        instrument(shrunk, capture())
    assert len(caplog.records) == 1
    assert missing in caplog.text


class _Without:
    """A server that lacks one attribute."""

    missing: str
    real: Any

    def __getattr__(self, name: str) -> Any:
        if name == self.missing or name.startswith("_footfall"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.real, name)


def test_the_sdk_has_the_private_details_that_the_adapters_use() -> None:
    server: MCPServer[Any] = MCPServer("test", log_level="CRITICAL")
    assert isinstance(server._lowlevel_server, Server)
    assert server.middleware is server._lowlevel_server.middleware


def test_a_tool_that_handles_the_failure_of_another_tool_has_succeeded() -> None:
    server: MCPServer[Any] = MCPServer("test", log_level="CRITICAL")
    telemetry = capture()

    @server.tool()
    async def outer() -> str:
        try:
            await server.call_tool("inner", {})
        except ToolError:
            return "went on"
        return "unreachable"

    @server.tool()
    def inner() -> str:
        raise LookupError

    instrument(server, telemetry)

    async def main() -> None:
        async with Client(server) as client:
            await client.call_tool("outer", {})

    anyio.run(main)
    assert [(p["tool"], p["success"]) for p in telemetry.named("tool_executed")] == [("outer", True)]
    assert telemetry.named("tool_error") == []


def test_a_call_that_asks_the_client_for_input_counts_once_when_it_ends() -> None:
    """In the session-less protocol the tool answers `input_required`, and the client calls again with the input."""
    server: MCPServer[Any] = MCPServer("test", log_level="CRITICAL")
    telemetry = capture()

    @server.tool()
    async def ask(ctx: Context) -> CallToolResult | InputRequiredResult:
        if ctx.request_state is None:
            return InputRequiredResult(request_state="asked")
        return CallToolResult(content=[TextContent(type="text", text="done")])

    instrument(server, telemetry)

    async def main() -> str:
        async with Client(server, mode="2026-07-28") as client:
            return str(cast(TextContent, (await client.call_tool("ask", {})).content[0]).text)

    assert anyio.run(main) == "done"
    assert [(p["tool"], p["success"]) for p in telemetry.named("tool_executed")] == [("ask", True)]


def test_unwrapping_ends_at_the_first_exception_that_no_sdk_raised() -> None:
    cause = ValueError("x")
    cause.__cause__ = KeyError("deeper")
    outer = ToolError("wrapped")
    outer.__cause__ = ToolError("again")
    outer.__cause__.__cause__ = cause
    assert unwrap(outer) is cause


def test_the_memory_for_client_names_is_bounded() -> None:
    telemetry = capture(Product("test"))
    calls = CallRecorder(telemetry)
    for number in range(5000):
        calls.client_seen(f"client-{number}", f"{number}", "stdio")
    assert len(telemetry.named("client_connected")) <= 1024

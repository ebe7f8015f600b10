"""A server with one tool for each SDK, and a client that calls it in memory.

SDKs are imported by name: each environment has only its own.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

CLIENT = "claude-code"
TOOL = "overhead_greet"
"""Distinctive, so that its name can be counted in what arrives at the sink."""
WORD = "world"
ANSWER = f"hello {WORD}"
INITIALIZE, SESSIONLESS = "initialize", "2026-07-28"
"""The two eras of the protocol; mcp 1 knows the first one only."""

Ask = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class Session:
    """A client's connection: `call` calls the tool once, `tools` lists the tools."""

    call: Ask
    tools: Ask


async def _greet(text: str) -> str:
    # Async: a sync tool may be run on another thread, and waiting for that would hide microseconds.
    return f"hello {text}"


def _mcp1() -> Any:
    return import_module("mcp.server.fastmcp").FastMCP("bench", log_level="CRITICAL")


def _mcp2() -> Any:
    return import_module("mcp.server.mcpserver").MCPServer("bench", log_level="CRITICAL")


def _fastmcp() -> Any:
    return import_module("fastmcp").FastMCP("bench")


_SERVERS = {"mcp1": _mcp1, "mcp2": _mcp2, "fastmcp4": _fastmcp}
SDKS = tuple(_SERVERS)


def make(sdk: str) -> Any:
    """A fresh server with the one tool."""
    server = _SERVERS[sdk]()
    server.tool(name=TOOL)(_greet)
    return server


@asynccontextmanager
async def connected(sdk: str, era: str, server: Any) -> AsyncIterator[Session]:
    """A client in the server's own process and event loop."""
    arguments = {"text": WORD}
    if sdk == "mcp1":
        info = import_module("mcp.types").Implementation(name=CLIENT, version="1.2.3")
        connect = import_module("mcp.shared.memory").create_connected_server_and_client_session
        async with connect(server, client_info=info) as session:
            yield Session(lambda: session.call_tool(TOOL, arguments), session.list_tools)
        return
    client = import_module("fastmcp" if sdk == "fastmcp4" else "mcp").Client
    info = import_module("mcp_types").Implementation(name=CLIENT, version="1.2.3")
    async with client(server, client_info=info, mode="legacy" if era == INITIALIZE else era) as session:
        yield Session(lambda: session.call_tool(TOOL, arguments), session.list_tools)


def answered(result: Any) -> bool:
    """Whether a call's result contains the tool's own answer; instrumentation may add other content."""
    return any(getattr(part, "text", None) == ANSWER for part in result.content)


async def seen_by_client(session: Session) -> list[Any]:
    """Everything a client sees: the list of tools, and the result of a call."""
    tools, result = await session.tools(), await session.call()
    return [_dumped(tools), _dumped(result)]


def _dumped(value: Any) -> Any:
    if isinstance(value, list):
        return [_dumped(part) for part in value]
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else vars(value)

"""Real MCP clients of both protocol eras that call tools in sequence and keep each outcome."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TextIO

from mcp import Client, ClientSession, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation

MODERN = "2026-07-28"
Call = tuple[str, dict[str, Any]]
Where = str | StdioServerParameters


@dataclass(frozen=True)
class Outcome:
    """A call as its caller saw it: whether it failed, and the milliseconds it took at most."""

    tool: str
    failed: bool
    milliseconds: float
    text: str


@dataclass(frozen=True)
class Caller:
    """An MCP client by its name and version; `modern` is protocol 2026-07-28, else `initialize`."""

    name: str
    version: str
    modern: bool

    def call(self, where: Where, *calls: Call, during: Callable[[], None] | None = None) -> list[Outcome]:
        """Connect, make the calls in sequence, run `during()` while still connected, then disconnect."""
        return asyncio.run(self.visit(where, *calls, during=during))

    async def visit(self, where: Where, *calls: Call, during: Callable[[], None] | None = None) -> list[Outcome]:
        """The same within a running loop."""
        info = Implementation(name=self.name, version=self.version)
        with _nowhere() as nowhere:
            transport = _transport(where, nowhere)
            if self.modern:
                async with Client(transport, client_info=info, mode=MODERN, read_timeout_seconds=30) as client:
                    return await _ask(client.call_tool, calls, during)
            async with (
                transport as (read, write),
                ClientSession(read, write, client_info=info, read_timeout_seconds=30) as session,
            ):
                await session.initialize()
                return await _ask(session.call_tool, calls, during)


def _nowhere() -> TextIO:
    """Where a server that a client starts writes its log."""
    return open(os.devnull, "w", encoding="utf-8")


def _transport(where: Where, errors: Any) -> AbstractAsyncContextManager[Any]:
    if isinstance(where, StdioServerParameters):
        return stdio_client(where, errors)
    return sse_client(where) if where.endswith("/sse") else streamable_http_client(where)


async def _ask(call_tool: Any, calls: tuple[Call, ...], during: Callable[[], None] | None) -> list[Outcome]:
    outcomes = []
    for tool, arguments in calls:
        began = time.perf_counter()
        result = await call_tool(tool, arguments)
        elapsed = (time.perf_counter() - began) * 1000
        outcomes.append(Outcome(tool, bool(result.is_error), elapsed, result.content[0].text))
    if during is not None:
        await asyncio.to_thread(during)
    return outcomes

"""One visit: open a session, call tools, close it. Over HTTP, over SSE, or over stdio with a private server."""

import sys
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any, TextIO

from mcp import Client, ClientSession, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation

from scripts.demo.toolkit import Toolkit
from scripts.demo.visitors import Call, Visitor

MODERN = "2026-07-28"
ANSWER_SECONDS = 30.0


async def visit(transport: AbstractAsyncContextManager[Any], visitor: Visitor, calls: Iterable[Call]) -> int:
    """Make every call in sequence; returns their number. A tool's error counts as an answer."""
    info = Implementation(name=visitor.name, version=visitor.version)
    asked = 0
    if visitor.modern:
        client = Client(transport, client_info=info, mode=MODERN, read_timeout_seconds=ANSWER_SECONDS)
        async with client:
            for tool, arguments in calls:
                await client.call_tool(tool, arguments)
                asked += 1
        return asked
    async with transport as (read, write):
        session = ClientSession(read, write, client_info=info, read_timeout_seconds=ANSWER_SECONDS)
        async with session:
            await session.initialize()
            for tool, arguments in calls:
                await session.call_tool(tool, arguments)
                asked += 1
    return asked


def over_http(url: str) -> AbstractAsyncContextManager[Any]:
    """A transport to a server's `/mcp`."""
    return streamable_http_client(url)


def over_sse(url: str) -> AbstractAsyncContextManager[Any]:
    """A transport to a server's `/sse`."""
    return sse_client(url)


def over_stdio(toolkit: Toolkit, collector: str, errors: TextIO) -> AbstractAsyncContextManager[Any]:
    """A transport that starts a server and ends it; the server gets its own variables and little else."""
    environment = dict(toolkit.environment(collector))
    return stdio_client(
        StdioServerParameters(command=sys.executable, args=toolkit.arguments(), env=environment), errors
    )

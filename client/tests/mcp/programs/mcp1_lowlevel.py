"""A low-level Server of mcp 1.x, its handlers registered before (call) and after (list) `instrument`."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import tools
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.memory import create_connected_server_and_client_session
from mcp.types import CallToolResult, Implementation, TextContent, Tool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from footfall.mcp import instrument

arguments = tools.arguments()
server: Server[Any] = Server("test")
FUNCTIONS = {function.__name__: function for function in (*tools.PLAIN, tools.greet_async)}


@server.call_tool()
async def call(name: str, given: dict[str, Any]) -> Any:
    if name == "own_error":
        return CallToolResult(content=[TextContent(type="text", text="no")], isError=True)
    if name not in FUNCTIONS:
        raise KeyError(name)
    answer = FUNCTIONS[name](**given)
    return [TextContent(type="text", text=await answer if inspect.isawaitable(answer) else answer)]


instrument(server, tools.telemetry(), tools=(*FUNCTIONS, "own_error"), properties=tools.PROPERTIES)


@server.list_tools()
async def listed() -> list[Tool]:
    greeting = [Tool(name=name, inputSchema=tools.GREET_SCHEMA) for name in ("greet", "greet_async")]
    others = [name for name in (*FUNCTIONS, "own_error") if not name.startswith("greet")]
    return [*greeting, *(Tool(name=name, inputSchema=tools.EMPTY_SCHEMA) for name in others)]


async def over_stdio() -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def http_app(stateless: bool) -> Starlette:
    manager = StreamableHTTPSessionManager(app=server, stateless=stateless)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with manager.run():
            yield

    return Starlette(routes=[Mount("/mcp", app=manager.handle_request)], lifespan=lifespan)


def sse_app() -> Starlette:
    transport = SseServerTransport("/messages/")

    async def endpoint(request: Request) -> Response:
        async with transport.connect_sse(request.scope, request.receive, request._send) as (read, write):
            await server.run(read, write, server.create_initialization_options())
        return Response()

    return Starlette(routes=[Route("/sse", endpoint), Mount("/messages/", app=transport.handle_post_message)])


async def in_memory() -> list[Any]:
    info = Implementation(name=arguments.name, version="1.2.3")
    async with create_connected_server_and_client_session(server, client_info=info) as session:
        return [(await session.call_tool(name, given)).isError for name, given in arguments.calls]


if arguments.transport == "memory":
    tools.answered(asyncio.run(in_memory()))
elif arguments.transport == "stdio":
    tools.over_stdio(lambda: asyncio.run(over_stdio()))
elif arguments.transport == "sse":
    tools.serve(sse_app(), "/sse")
else:
    tools.serve(http_app(arguments.transport == "stateless"), "/mcp/")

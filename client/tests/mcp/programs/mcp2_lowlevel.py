"""A low-level Server of mcp 2.x."""

import asyncio
import inspect
from typing import Any

import tools
from mcp import Client
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult, Implementation, ListToolsResult, TextContent, Tool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from footfall.mcp import instrument

arguments = tools.arguments()
FUNCTIONS = {function.__name__: function for function in (*tools.PLAIN, tools.greet_async)}


async def call(ctx: Any, params: Any) -> CallToolResult:
    if params.name == "own_error":
        return CallToolResult(content=[TextContent(type="text", text="no")], is_error=True)
    answer = FUNCTIONS[params.name](**(params.arguments or {}))
    text = await answer if inspect.isawaitable(answer) else answer
    return CallToolResult(content=[TextContent(type="text", text=text)])


async def listed(ctx: Any, params: Any) -> ListToolsResult:
    names = (*FUNCTIONS, "own_error")
    return ListToolsResult(tools=[Tool(name=name, input_schema=tools.EMPTY_SCHEMA) for name in names])


server: Server[Any] = Server("test", on_call_tool=call, on_list_tools=listed)
instrument(server, tools.telemetry(), tools=(*FUNCTIONS, "own_error"), properties=tools.PROPERTIES)
instrument(server, tools.telemetry())


async def over_stdio() -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def sse_app() -> Starlette:
    transport = SseServerTransport("/messages/")

    async def endpoint(request: Request) -> Response:
        async with transport.connect_sse(request.scope, request.receive, request._send) as (read, write):
            await server.run(read, write, server.create_initialization_options())
        return Response()

    return Starlette(routes=[Route("/sse", endpoint), Mount("/messages/", app=transport.handle_post_message)])


async def in_memory() -> list[Any]:
    info = Implementation(name=arguments.name, version="1.2.3")
    mode = "2026-07-28" if arguments.modern else "legacy"
    results: list[Any] = []
    async with Client(server, client_info=info, mode=mode) as client:
        await client.list_tools()
        for name, given in arguments.calls:
            try:
                results.append((await client.call_tool(name, given)).is_error)
            except Exception as error:  # noqa: BLE001 - a low-level handler's exception is a protocol error
                results.append(type(error).__name__)
    return results


if arguments.transport == "memory":
    tools.answered(asyncio.run(in_memory()))
elif arguments.transport == "stdio":
    tools.over_stdio(lambda: asyncio.run(over_stdio()))
elif arguments.transport == "sse":
    tools.serve(sse_app(), "/sse")
else:
    tools.serve(server.streamable_http_app(stateless_http=arguments.transport == "stateless"), "/mcp")

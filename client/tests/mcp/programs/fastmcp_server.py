"""A FastMCP of the fastmcp package, 3.x or 4.x."""

import asyncio
from typing import Any

import tools
from fastmcp import Client, Context, FastMCP
from fastmcp.exceptions import ToolError

from footfall.mcp import instrument

try:
    from mcp_types import Implementation, SamplingMessage, TextContent
except ImportError:
    from mcp.types import Implementation, SamplingMessage, TextContent

arguments = tools.arguments()
server: FastMCP[Any] = FastMCP("test")
for function in tools.PLAIN:
    server.tool(function)


@server.tool
def own_error() -> str:
    raise ToolError("no")


@server.tool
async def progress(ctx: Context) -> str:
    await ctx.report_progress(1, 2)
    return "done"


@server.tool
async def sample(ctx: Context) -> str:
    message = SamplingMessage(role="user", content=TextContent(type="text", text="?"))
    await ctx.session.create_message([message], max_tokens=5)
    return "sampled"


@server.tool
async def elicit(ctx: Context) -> str:
    await ctx.elicit("?", bool)
    return "asked"


@server.tool
def grow() -> str:
    server.tool(tools.greet, name="grown")
    return "grown"


instrument(server, tools.telemetry(), properties=tools.PROPERTIES)
server.tool(tools.greet_async)
instrument(server, tools.telemetry())


async def in_memory() -> list[Any]:
    info = Implementation(name=arguments.name, version="1.2.3")
    mode = (
        {"mode": "2026-07-28" if arguments.modern else "legacy"} if hasattr(server, "_shared_context_snapshot") else {}
    )
    async with Client(server, client_info=info, **mode) as client:
        found = [await client.call_tool(name, given, raise_on_error=False) for name, given in arguments.calls]
    return [result.is_error for result in found]


if arguments.transport == "memory":
    tools.answered(asyncio.run(in_memory()))
elif arguments.transport == "stdio":
    tools.over_stdio(lambda: server.run(transport="stdio", show_banner=False))
elif arguments.transport == "sse":
    tools.serve(server.http_app(transport="sse"), "/sse")
else:
    tools.serve(server.http_app(stateless_http=arguments.transport == "stateless"), "/mcp")

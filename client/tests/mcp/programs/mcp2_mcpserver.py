"""An MCPServer of mcp 2.x."""

import asyncio
from typing import Any

import tools
from mcp import Client
from mcp.server.mcpserver import Context, MCPServer
from mcp_types import CallToolResult, Implementation, SamplingMessage, TextContent
from pydantic import BaseModel

from footfall.mcp import instrument

arguments = tools.arguments()
server: MCPServer[Any] = MCPServer("test", log_level="CRITICAL")
for function in tools.PLAIN:
    server.tool()(function)


class Answer(BaseModel):
    yes: bool


@server.tool()
def own_error() -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text="no")], is_error=True)


@server.tool()
async def progress(ctx: Context) -> str:
    await ctx.report_progress(1, 2)
    return "done"


@server.tool()
async def sample(ctx: Context) -> str:
    message = SamplingMessage(role="user", content=TextContent(type="text", text="?"))
    await ctx.session.create_message([message], max_tokens=5)
    return "sampled"


@server.tool()
async def elicit(ctx: Context) -> str:
    await ctx.elicit("?", Answer)
    return "asked"


@server.tool()
def grow() -> str:
    server.add_tool(tools.greet, name="grown")
    return "grown"


instrument(server, tools.telemetry(), properties=tools.PROPERTIES)
server.tool()(tools.greet_async)
instrument(server, tools.telemetry())


async def in_memory() -> list[Any]:
    info = Implementation(name=arguments.name, version="1.2.3")
    mode = "2026-07-28" if arguments.modern else "legacy"
    async with Client(server, client_info=info, mode=mode) as client:
        return [(await client.call_tool(name, given)).is_error for name, given in arguments.calls]


if arguments.transport == "memory":
    tools.answered(asyncio.run(in_memory()))
elif arguments.transport == "stdio":
    tools.over_stdio(server.run)
elif arguments.transport == "sse":
    tools.serve(server.sse_app(), "/sse")
else:
    tools.serve(server.streamable_http_app(stateless_http=arguments.transport == "stateless"), "/mcp")

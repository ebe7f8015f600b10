"""Low-level `Server` of mcp 2.x over stdio."""

import asyncio
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

from footfall import Product, Telemetry
from footfall.mcp import instrument

SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


async def tools(context: Any, params: Any) -> ListToolsResult:
    return ListToolsResult(tools=[Tool(name="greet", description="Say hello.", input_schema=SCHEMA)])


async def call(context: Any, params: Any) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=f"Hello, {params.arguments['name']}!")])


server: Server[Any] = Server("hello", on_list_tools=tools, on_call_tool=call)
telemetry = Telemetry(Product("hello", version="1.0.0"))
instrument(server, telemetry, tools=["greet"])  # the names of other tools are recorded as `other`


async def main() -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    asyncio.run(main())

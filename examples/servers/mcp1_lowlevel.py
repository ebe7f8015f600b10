"""Low-level `Server` of mcp 1.x over stdio."""

import asyncio
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import TextContent, Tool

from footfall import Product, Telemetry
from footfall.mcp import instrument

server: Server[Any] = Server("hello")
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


@server.list_tools()
async def tools() -> list[Tool]:
    return [Tool(name="greet", description="Say hello.", inputSchema=SCHEMA)]


@server.call_tool()
async def call(name: str, arguments: dict[str, Any]) -> list[TextContent]:
    return [TextContent(type="text", text=f"Hello, {arguments['name']}!")]


telemetry = Telemetry(Product("hello", version="1.0.0"))
instrument(server, telemetry, tools=["greet"])  # the names of other tools are recorded as `other`


async def main() -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    asyncio.run(main())

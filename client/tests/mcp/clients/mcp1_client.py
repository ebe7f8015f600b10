"""A client of mcp 1.x that calls `greet` once: `mcp1_client.py URL` or `mcp1_client.py COMMAND ARGUMENT…`."""

import asyncio
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import get_default_environment, stdio_client
from mcp.client.streamable_http import streamablehttp_client


async def main(target: list[str], variables: list[str]) -> None:
    env = get_default_environment() | dict(variable.split("=", 1) for variable in variables)
    if target[0].startswith("http"):
        transport = streamablehttp_client(target[0])
    else:
        transport = stdio_client(StdioServerParameters(command=target[0], args=target[1:], env=env))
    async with transport as streams, ClientSession(streams[0], streams[1]) as session:
        await session.initialize()
        await session.list_tools()
        print((await session.call_tool("greet", {"text": "x"})).content[0].text)


split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
asyncio.run(main(sys.argv[1:split], sys.argv[split + 1 :]))

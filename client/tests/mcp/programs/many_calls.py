"""Calls a tool in memory N times under a fault of telemetry: `many_calls.py N FAULT STATE_DIRECTORY`."""

import asyncio
import json
import logging
import shutil
import sys
from typing import Any, cast

import tools
from mcp import Client
from mcp.server.mcpserver import MCPServer
from mcp_types import TextContent

from footfall.mcp import instrument

number, trouble, state = int(sys.argv[1]), sys.argv[2], sys.argv[3]


class Counting(logging.Handler):
    """Counts every log record, and still prints it."""

    records = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.records += 1
        print(self.format(record), file=sys.stderr)


async def main() -> int:
    server: MCPServer[Any] = MCPServer("test", log_level="CRITICAL")
    server.tool()(tools.greet)
    instrument(server, tools.telemetry())
    right = 0
    async with Client(server) as client:
        for turn in range(number):
            if turn == number // 2 and trouble == "directory deleted":
                shutil.rmtree(state)
            result = await client.call_tool("greet", {"text": str(turn)})
            right += cast(TextContent, result.content[0]).text == f"hello {turn}" and not result.is_error
    return right


counting = Counting()
logging.getLogger("footfall").addHandler(counting)
done = asyncio.run(main())
print(json.dumps({"right": done, "log_records": counting.records}))

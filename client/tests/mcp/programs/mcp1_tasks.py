"""Experimental tasks of a low-level server of mcp 1.x, called in memory; prints as `background_tasks.py` does."""

import asyncio
import json
from typing import Any

import mcp.types as types
from mcp.server.lowlevel import Server
from mcp.shared.memory import create_connected_server_and_client_session

from footfall.mcp import instrument
from footfall.testing import capture

SECONDS = 0.3
server: Server[Any] = Server("test")
server.experimental.enable_tasks()


@server.call_tool(validate_input=False)
async def call(name: str, given: dict[str, Any]) -> Any:
    async def work(task: Any) -> types.CallToolResult:
        await asyncio.sleep(SECONDS)
        if name == "fail":
            raise LookupError("a user's words")
        return types.CallToolResult(content=[types.TextContent(type="text", text="done")])

    return await server.request_context.experimental.run_task(work)


telemetry = capture()
instrument(server, telemetry, tools=["succeed", "fail"])


async def main() -> None:
    numbers = []
    async with create_connected_server_and_client_session(server) as session:
        for number, name in enumerate(("succeed", "fail")):
            await session.experimental.call_tool_as_task(name, {}, ttl=60_000)
            numbers.append(len(telemetry.named("tool_executed")) - number)
            while len(telemetry.named("tool_executed")) <= number:  # noqa: ASYNC110 - the server signals nothing
                await asyncio.sleep(0.01)
    executed, errors = telemetry.named("tool_executed"), telemetry.named("tool_error")
    print(json.dumps({"submitted": numbers, "calls": executed, "errors": errors}))


asyncio.run(asyncio.wait_for(main(), 60))

"""Background tasks of fastmcp 3 or 4, called in memory; prints what telemetry recorded when each call was answered.

`{"submitted": [number of events…], "calls": [{tool, success, duration_ms, mcp_client}…], "errors": [{…}…]}`
"""

import asyncio
import json
from typing import Any

from fastmcp import Client, FastMCP  # type: ignore[import-not-found,unused-ignore] # 3.x or 4.x

from footfall.mcp import instrument
from footfall.testing import capture

SECONDS = 0.3
server: FastMCP[Any] = FastMCP("test")
child: FastMCP[Any] = FastMCP("child")
try:
    from fastmcp_tasks import (  # type: ignore[import-not-found,unused-ignore] # of fastmcp 4
        TasksExtension,
        call_tool_task,
    )

    server.add_extension(TasksExtension())
except ImportError:  # fastmcp 3 has tasks of its own
    call_tool_task = None


@server.tool(task=True)  # type: ignore[untyped-decorator,unused-ignore] # as above
async def succeed() -> str:
    await asyncio.sleep(SECONDS)
    return "done"


@server.tool(task=True)  # type: ignore[untyped-decorator,unused-ignore] # as above
async def fail() -> str:
    await asyncio.sleep(SECONDS)
    raise LookupError("a user's words")


@server.tool(task=True)  # type: ignore[untyped-decorator,unused-ignore] # as above
async def endless() -> str:
    await asyncio.sleep(60)
    return "too late"


@server.tool  # type: ignore[untyped-decorator,unused-ignore] # as above
async def foreground() -> str:
    await asyncio.sleep(SECONDS)
    return "done"


@child.tool(task=True)  # type: ignore[untyped-decorator,unused-ignore] # as above
async def inner() -> str:
    await asyncio.sleep(SECONDS)
    return "done"


server.mount(child, namespace="child")
telemetry = capture()
instrument(server, telemetry)


async def submitted(client: Any, name: str) -> Any:
    """The handle of a task, once the server has answered."""
    if call_tool_task is None:
        return await client.call_tool(name, {}, task=True)
    return await call_tool_task(client, name, {})


async def main() -> None:
    numbers = []
    async with Client(server) as client:
        for name in ("succeed", "fail", "child_inner"):
            before = len(telemetry.named("tool_executed"))
            task = await submitted(client, name)
            numbers.append(len(telemetry.named("tool_executed")) - before)
            try:
                await task.result()
            except Exception:  # noqa: BLE001 - the failure of the tool
                pass
        task = await submitted(client, "endless")
        await asyncio.sleep(SECONDS)
        numbers.append(len(telemetry.named("tool_executed")) - 3)
        await task.cancel()
        while len(telemetry.named("tool_executed")) < 4:  # noqa: ASYNC110 - the server signals nothing
            await asyncio.sleep(0.01)
        await client.call_tool("foreground", {})
    executed, errors = telemetry.named("tool_executed"), telemetry.named("tool_error")
    print(json.dumps({"submitted": numbers, "calls": executed, "errors": errors}))


asyncio.run(asyncio.wait_for(main(), 60))

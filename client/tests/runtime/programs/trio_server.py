"""An MCP server whose event loop is trio's: python trio_server.py, on stdio."""

from typing import Any

import anyio
import anyio.lowlevel
import sniffio
from mcp.server.mcpserver import MCPServer

from footfall import Product, Telemetry
from footfall.mcp import instrument

server: MCPServer[Any] = MCPServer("test-host", log_level="CRITICAL")


@server.tool()
async def loop() -> str:
    """The event loop's name."""
    await anyio.sleep(0.05)
    return sniffio.current_async_library()


@server.tool()
async def fail() -> str:
    """Raises an error."""
    await anyio.lowlevel.checkpoint()
    raise ValueError("the tool's own")


@server.tool()
async def endless() -> str:
    """Waits until it is cancelled."""
    await anyio.sleep_forever()
    return ""


instrument(server, Telemetry(Product("test-host", version="1.2.3", write_key="phc_test")))
anyio.run(server.run_stdio_async, backend="trio")

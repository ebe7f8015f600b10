"""`MCPServer` of mcp 2.x over stdio."""

from typing import Any

from mcp.server.mcpserver import MCPServer

from footfall import Product, Telemetry
from footfall.mcp import instrument

server: MCPServer[Any] = MCPServer("hello")


@server.tool()
def greet(name: str) -> str:
    """Say hello."""
    return f"Hello, {name}!"


instrument(server, Telemetry(Product("hello", version="1.0.0")))

if __name__ == "__main__":
    server.run()

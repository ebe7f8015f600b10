"""`FastMCP` of the fastmcp package, 3 and 4, over stdio."""

from typing import Any

from fastmcp import FastMCP

from footfall import Product, Telemetry
from footfall.mcp import instrument

server: FastMCP[Any] = FastMCP("hello")


@server.tool
def greet(name: str) -> str:
    """Say hello."""
    return f"Hello, {name}!"


instrument(server, Telemetry(Product("hello", version="1.0.0")))

if __name__ == "__main__":
    server.run()

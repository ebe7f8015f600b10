"""One line instruments an MCP server: `instrument(server, telemetry)`.

Which SDK it is, the server object tells by itself. Tool schemas, arguments and results are never touched.
"""

from typing import Any

__all__ = ["instrument"]

SUPPORTED = "mcp.server.MCPServer (mcp 2.x), mcp.server.fastmcp.FastMCP (mcp 1.x), mcp.server.lowlevel.Server"


def instrument(server: Any, telemetry: Any) -> None:
    """Record a server's tool calls, errors, clients, start and stop.

    Does nothing when telemetry is off, or when the server is instrumented already.

    Raises:
        TypeError: the object is not a server of a supported SDK. The message names what is supported.
    """
    if not telemetry.active or getattr(server, "_footfall_instrumented", False):
        return
    adapter = _adapter(server)
    if adapter is None:
        kind = type(server)
        raise TypeError(
            f"footfall can't instrument a {kind.__module__}.{kind.__qualname__}; it supports {SUPPORTED}. "
            "For anything else use telemetry.tool(name)."
        )
    adapter.install(server, telemetry)
    server._footfall_instrumented = True


def _adapter(server: Any) -> Any:
    # By the classes' modules, so that nothing is imported that the server itself has not.
    modules = {(cls.__module__.split(".")[0], cls.__name__) for cls in type(server).__mro__}
    if ("mcp", "MCPServer") in modules or (("mcp", "Server") in modules and hasattr(server, "middleware")):
        from . import sdk_v2

        return sdk_v2
    return None

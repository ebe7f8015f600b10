"""The fastmcp package, 3.x (over mcp 1.x) and 4.x (over mcp 2.x): the adapter of the SDK below it, and its own ends."""

from typing import Any

from .calls import Calls, keep_exceptions
from .sessions import Sessions


def install(server: Any, telemetry: Any) -> None:
    """Instrument a `fastmcp.FastMCP`."""
    calls = Calls(telemetry)
    sessions = Sessions(calls, lambda: _registered(server))
    # Called by the SDK's handler through the instance, once per call and once more inside its own middleware.
    server.call_tool = keep_exceptions(server.call_tool)
    lowlevel = server._mcp_server
    if hasattr(lowlevel, "middleware"):
        from . import sdk_v2

        sdk_v2.hook(lowlevel, calls, sessions)
    else:
        from . import sdk_v1

        sdk_v1.hook(lowlevel, calls, sessions)
    _watch_apps(server, sessions)


async def _registered(server: Any) -> list[str]:
    """Tools that were registered in this process; those of mounted and proxied servers are asked for by nobody here."""
    return [tool.name for tool in await server.local_provider.list_tools()]


def _watch_apps(server: Any, sessions: Sessions) -> None:
    make_app = server.http_app

    def http_app(*args: Any, **kwargs: Any) -> Any:
        app = make_app(*args, **kwargs)
        sessions.watch_app(app)
        return app

    server.http_app = http_app

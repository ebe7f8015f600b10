"""Adapter for the fastmcp package, 3.x (on mcp 1.x) and 4.x (on mcp 2.x): it hooks the SDK's low-level server."""

from typing import Any

from .background_tasks import ToolAndClient, watch_queue
from .calls import CallRecorder, capture_exceptions
from .registered_tools import of_fastmcp
from .sessions import Sessions


def install(server: Any, telemetry: Any, source: Any = None) -> None:
    """Instrument a `fastmcp.FastMCP`."""
    calls = CallRecorder(telemetry, lambda: of_fastmcp(server), source)
    sessions = Sessions(calls)
    # The SDK's handler calls it through the instance: once per call, and once more inside its own middleware.
    server.call_tool = capture_exceptions(server.call_tool, telemetry)
    lowlevel = server._mcp_server
    if hasattr(lowlevel, "middleware"):
        from . import sdk_v2

        sdk_v2.hook(lowlevel, calls, sessions)
        tool_and_client: ToolAndClient = sdk_v2.tool_and_client
    else:
        from . import sdk_v1

        tool_and_client = sdk_v1.hook(lowlevel, calls, sessions)
    watch_queue(server, calls, tool_and_client)
    _watch_apps(server, sessions)


def _watch_apps(server: Any, sessions: Sessions) -> None:
    make_app = server.http_app

    def http_app(*args: Any, **kwargs: Any) -> Any:
        app = make_app(*args, **kwargs)
        sessions.watch_app(app)
        return app

    server.http_app = http_app

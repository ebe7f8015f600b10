"""Adapter for the fastmcp package, 3.x (on mcp 1.x) and 4.x (on mcp 2.x): it hooks the SDK's low-level server."""

from typing import Any

from .calls import CallRecorder, capture_exceptions
from .sessions import Sessions


def install(server: Any, telemetry: Any) -> None:
    """Instrument a `fastmcp.FastMCP`."""
    calls = CallRecorder(telemetry)
    sessions = Sessions(calls, lambda: _registered_tools(server))
    # The SDK's handler calls it through the instance: once per call, and once more inside its own middleware.
    server.call_tool = capture_exceptions(server.call_tool)
    lowlevel = server._mcp_server
    if hasattr(lowlevel, "middleware"):
        from . import sdk_v2

        sdk_v2.hook(lowlevel, calls, sessions)
    else:
        from . import sdk_v1

        sdk_v1.hook(lowlevel, calls, sessions)
    _watch_apps(server, sessions)


async def _registered_tools(server: Any) -> list[str]:
    """The tools of this process, mounted servers included. A proxied server's tools are left out: they need a fetch."""
    if all(_is_local(provider) for provider in server.providers):
        return [tool.name for tool in await server.list_tools(run_middleware=False)]
    return [tool.name for tool in await server.local_provider.list_tools()]


def _is_local(provider: Any) -> bool:
    if any(cls.__name__ == "ProxyProvider" for cls in type(provider).__mro__):
        return False
    inner = getattr(provider, "_inner", None)  # the provider inside a namespace or another transformation
    mounted = getattr(provider, "server", None)
    return (inner is None or _is_local(inner)) and all(_is_local(p) for p in getattr(mounted, "providers", ()))


def _watch_apps(server: Any, sessions: Sessions) -> None:
    make_app = server.http_app

    def http_app(*args: Any, **kwargs: Any) -> Any:
        app = make_app(*args, **kwargs)
        sessions.watch_app(app)
        return app

    server.http_app = http_app

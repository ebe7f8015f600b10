"""The official SDK from 2.0 on: `MCPServer` and the low-level `Server`.

Everything is seen from `server.middleware`, which is public and wraps every message of every transport. The one thing
it can't see is the exception behind an error result of `MCPServer`, so the public `call_tool` is wrapped as well.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from .calls import CLIENT_INFO, Calls, ErrorResultError, client_of

_raised: ContextVar[list[BaseException] | None] = ContextVar("footfall_raised", default=None)

CallNext = Callable[[Any], Awaitable[Any]]


def install(server: Any, telemetry: Any) -> None:
    """Add the middleware, and see to it that start, tools and the end of a stdio session are noticed."""
    calls = Calls(telemetry)
    if hasattr(server, "call_tool"):
        _keep_exceptions(server)
        _watch_tools(server, telemetry)
    lowlevel = getattr(server, "_lowlevel_server", server)
    server.middleware.append(_middleware(calls))
    _watch_serving(server, lowlevel, telemetry)


def _keep_exceptions(server: Any) -> None:
    """Let the middleware know what a tool raised before the SDK makes an error result of it."""
    inner = server.call_tool

    async def call_tool(*args: Any, **kwargs: Any) -> Any:
        try:
            return await inner(*args, **kwargs)
        except BaseException as error:
            raised = _raised.get()
            if raised is not None:
                raised.append(error)
            raise

    server.call_tool = call_tool

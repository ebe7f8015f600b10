"""Adapter for the official SDK from 2.0 on: `MCPServer` and the low-level `Server`.

The public `server.middleware` wraps every message of every transport. It does not see the exception behind an error
result of `MCPServer`, so the public `call_tool` is wrapped as well.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from .calls import (
    FIRST_SESSIONLESS,
    CallRecorder,
    CallState,
    ErrorResultError,
    capture_exceptions,
    current_call,
    read_client_info,
)
from .sessions import Sessions

CallNext = Callable[[Any], Awaitable[Any]]
INTERIM = "input_required"
"""`resultType` of a result that asks the client for input: the call continues with the client's next request."""


def install(server: Any, telemetry: Any) -> None:
    """Instrument an `MCPServer` or a low-level `Server`."""
    calls = CallRecorder(telemetry)
    if hasattr(server, "call_tool"):
        server.call_tool = capture_exceptions(server.call_tool)
        sessions = Sessions(calls, lambda: _registered_tools(server))
        lowlevel = server._lowlevel_server
    else:
        sessions, lowlevel = Sessions(calls), server
    hook(lowlevel, calls, sessions)
    if hasattr(server, "sse_app"):
        _watch_sse(server, sessions)


async def _registered_tools(server: Any) -> list[str]:
    return [tool.name for tool in await server.list_tools()]


def hook(lowlevel: Any, calls: CallRecorder, sessions: Sessions) -> None:
    """Add the middleware to a low-level server, and watch its start and the end of its sessions."""
    # Outermost, so that a call refused by another middleware counts as failed.
    lowlevel.middleware.insert(0, _Middleware(calls, sessions))
    sessions.watch(lowlevel)
    _watch_http(lowlevel, sessions)


def _watch_http(lowlevel: Any, sessions: Sessions) -> None:
    make_app = lowlevel.streamable_http_app

    def streamable_http_app(*args: Any, **kwargs: Any) -> Any:
        app = make_app(*args, **kwargs)
        sessions.watch_manager(lowlevel.session_manager)
        return app

    lowlevel.streamable_http_app = streamable_http_app


def _watch_sse(server: Any, sessions: Sessions) -> None:
    make_app = server.sse_app

    def sse_app(*args: Any, **kwargs: Any) -> Any:
        app = make_app(*args, **kwargs)
        sessions.watch_app(app)
        return app

    server.sse_app = sse_app


class _Middleware:
    """Sees every message of every session. It holds no state of any session."""

    def __init__(self, calls: CallRecorder, sessions: Sessions) -> None:
        self._calls = calls
        self._succeeded = calls.succeeded
        self._sessions = sessions

    def __call__(self, ctx: Any, call_next: CallNext) -> Awaitable[Any]:
        if not self._sessions.started:
            return self._first_message(ctx, call_next)
        method = ctx.method
        if ctx.protocol_version >= FIRST_SESSIONLESS and ctx.request_id is not None:
            client, version = _client_of(ctx)
            sessions, request = self._sessions, ctx.request
            self._calls.client_seen(
                client, version, sessions.local_transport if request is None else sessions.transport(request)
            )
            if method == "tools/call":
                return self._call(ctx, call_next, client)
        elif method == "tools/call":
            return self._call(ctx, call_next, _client_of(ctx)[0])
        elif method == "initialize":
            return self._initialize(ctx, call_next)
        if method == "tools/list" and self._sessions.listed_tools is not None:
            return self._list(ctx, call_next)
        return call_next(ctx)

    async def _first_message(self, ctx: Any, call_next: CallNext) -> Any:
        await self._sessions.start()
        return await self(ctx, call_next)

    async def _call(self, ctx: Any, call_next: CallNext, client: str) -> Any:
        name = ctx.params.get("name") if ctx.params else None
        if type(name) is not str:  # malformed: the SDK calls no tool
            return await call_next(ctx)
        current = CallState()
        token = current_call.set(current)
        began = perf_counter()
        try:
            result = await call_next(ctx)
        except BaseException as error:
            self._calls.failed(name, client, perf_counter() - began, error)
            raise
        finally:
            current_call.reset(token)
        seconds = perf_counter() - began
        if type(result) is dict:
            failed, kind = result.get("isError"), result.get("resultType")
        else:
            failed, kind = getattr(result, "is_error", None), getattr(result, "result_type", None)
        if failed is True:
            self._calls.failed(name, client, seconds, current.error or ErrorResultError())
        elif kind != INTERIM:
            self._succeeded(name, client, seconds)
        return result

    async def _initialize(self, ctx: Any, call_next: CallNext) -> Any:
        result = await call_next(ctx)
        client, version = read_client_info((ctx.params or {}).get("clientInfo"))
        self._calls.connected(client, version, self._sessions.transport(ctx.request))
        return result

    async def _list(self, ctx: Any, call_next: CallNext) -> Any:
        result = await call_next(ctx)
        if type(result) is dict and self._sessions.listed_tools is not None:
            self._sessions.listed_tools.learn(result.get("tools"), not result.get("nextCursor"))
        return result


def _client_of(ctx: Any) -> tuple[str, str]:
    params = ctx.session.client_params
    return read_client_info(params.client_info if params is not None else None)

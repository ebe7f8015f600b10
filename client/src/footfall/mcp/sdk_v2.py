"""Adapter for the official SDK from 2.0 on: `MCPServer` and the low-level `Server`.

The public `server.middleware` wraps every message of every transport. It does not see the exception behind an error
result of `MCPServer`, so the public `call_tool` is wrapped as well.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter, time
from typing import Any

from ..catalogue import UNKNOWN
from .calls import (
    FIRST_SESSIONLESS,
    CallRecorder,
    CallState,
    ErrorResultError,
    capture_exceptions,
    current_call,
    read_client_info,
)
from .registered_tools import of_mcp
from .sessions import Sessions

CallNext = Callable[[Any], Awaitable[Any]]
_CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
_UNFINISHED = ("input_required", "task")
"""`resultType` of a result of a call that has not ended: it continues with the client's next request, or in a task."""


def install(server: Any, telemetry: Any, source: Any = None) -> None:
    """Instrument an `MCPServer` or a low-level `Server`."""
    if hasattr(server, "call_tool"):
        calls, lowlevel = CallRecorder(telemetry, lambda: of_mcp(server), source), server._lowlevel_server
        server.call_tool = capture_exceptions(server.call_tool, telemetry)
    else:
        calls, lowlevel = CallRecorder(telemetry, source=source), server
    sessions = Sessions(calls)
    hook(lowlevel, calls, sessions)
    if hasattr(server, "sse_app"):
        _watch_sse(server, sessions)


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
    """Sees every message of every session. It holds no state of a session but the name that its client gave."""

    def __init__(self, calls: CallRecorder, sessions: Sessions) -> None:
        self._calls = calls
        self._tools = calls.tools
        self._succeeded = calls.succeeded
        self._sessions = sessions
        self._last_session: tuple[Any, str] = None, UNKNOWN

    def __call__(self, ctx: Any, call_next: CallNext) -> Awaitable[Any]:
        if not self._sessions.started:
            return self._first_message(ctx, call_next)
        method = ctx.method
        if ctx.protocol_version >= FIRST_SESSIONLESS and ctx.request_id is not None:
            client = self._client_of_request(ctx)
            if method == "tools/call":
                return self._call(ctx, call_next, client)
        elif method == "tools/call":
            params, (known, client) = ctx.session.client_params, self._last_session
            # The names are read once for a session: to compare the object costs less.
            if params is not known:
                client = read_client_info(params.client_info if params is not None else None)[0]
                self._last_session = params, client
            return self._call(ctx, call_next, client)
        elif method == "initialize":
            return self._initialize(ctx, call_next)
        return call_next(ctx)

    def _client_of_request(self, ctx: Any) -> str:
        """The client of a session-less request, which is recorded once a day."""
        try:
            info = ctx.params["_meta"][_CLIENT_INFO]
            client, version = info["name"], info["version"]
        except (KeyError, TypeError):
            client = version = None
        if type(client) is not str or type(version) is not str or not client:
            client, version = _client_of(ctx)
        calls, request = self._calls, ctx.request
        transport = self._sessions.local_transport if request is None else self._sessions.transport(request)
        if (client, version, transport) not in calls.seen_today or time() >= calls.day_ends:
            calls.client_seen(client, version, transport)
        return client

    async def _first_message(self, ctx: Any, call_next: CallNext) -> Any:
        await self._sessions.start()
        return await self(ctx, call_next)

    async def _call(self, ctx: Any, call_next: CallNext, client: str) -> Any:
        name = ctx.params.get("name") if ctx.params else None
        if type(name) is not str:  # malformed: the SDK calls no tool
            return await call_next(ctx)
        if name not in self._tools.known:
            self._tools.update()
        current = CallState(ctx)
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
        elif kind not in _UNFINISHED:
            self._succeeded(name, client, seconds)
        elif kind == "task" and not current.in_background:
            self._calls.telemetry.note("uncounted_call")
        return result

    async def _initialize(self, ctx: Any, call_next: CallNext) -> Any:
        result = await call_next(ctx)
        client, version = read_client_info((ctx.params or {}).get("clientInfo"))
        self._calls.connected(client, version, self._sessions.transport(ctx.request))
        return result


def tool_and_client(ctx: Any) -> tuple[str, str]:
    """The tool's name in a `tools/call`, and the client that calls it."""
    return ctx.params["name"], _client_of(ctx)[0]


def _client_of(ctx: Any) -> tuple[str, str]:
    params = ctx.session.client_params
    return read_client_info(params.client_info if params is not None else None)

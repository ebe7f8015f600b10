"""The official SDK from 2.0 on: `MCPServer` and the low-level `Server`.

Everything is seen from `server.middleware`, which is public and wraps every message of every transport. The one thing
it can't see is the exception behind an error result of `MCPServer`, so the public `call_tool` is wrapped as well.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from .calls import FIRST_SESSIONLESS, Calls, ErrorResultError, client_of
from .sessions import Sessions

log = logging.getLogger("footfall")
_raised: ContextVar[list[BaseException] | None] = ContextVar("footfall_raised", default=None)

CallNext = Callable[[Any], Awaitable[Any]]
INTERIM = "input_required"
"""`resultType` of an answer that asks the client for input: the call goes on with the client's next request."""


def install(server: Any, telemetry: Any) -> None:
    """Add the middleware, and see to it that start, tools and the end of a stdio session are noticed."""
    calls = Calls(telemetry)
    announced = _Announced(telemetry)
    if hasattr(server, "call_tool"):
        _keep_exceptions(server)
        sessions = Sessions(calls, lambda: _registered(server))
    else:
        sessions = Sessions(calls, announced.begin)
    # Outermost: what another middleware refuses is a failed call too.
    server.middleware.insert(0, _Middleware(calls, sessions, announced))
    lowlevel = getattr(server, "_lowlevel_server", None) if hasattr(server, "call_tool") else server
    if lowlevel is None:
        log.warning("footfall: this mcp release hides its low-level server; transports are reported as stdio")
        return
    sessions.watch(lowlevel)
    _watch_http(lowlevel, sessions)
    telemetry.rearm_signals()


async def _registered(server: Any) -> list[str]:
    return [tool.name for tool in await server.list_tools()]


class _Announced:
    """The tools of a low-level server, which registers none: those of its first complete answer to `tools/list`."""

    def __init__(self, telemetry: Any) -> None:
        self._telemetry = telemetry
        self._listening = False

    async def begin(self) -> list[str]:
        """The server begins to serve: wait for its first list."""
        self._listening = True
        return []

    def heard(self, result: Any) -> None:
        """An answer to `tools/list`; the last page ends the listening."""
        if not self._listening or type(result) is not dict:
            return
        names = [tool.get("name") for tool in result.get("tools", ()) if type(tool) is dict]
        self._telemetry.register_tools(*[name for name in names if type(name) is str])
        self._listening = bool(result.get("nextCursor"))


def _keep_exceptions(server: Any) -> None:
    """Let the middleware know what a tool raised before the SDK makes an error result of it."""
    inner = server.call_tool

    async def call_tool(*args: Any, **kwargs: Any) -> Any:
        raised = _raised.get()
        try:
            result = await inner(*args, **kwargs)
        except BaseException as error:
            if raised is not None:
                raised.append(error)
            raise
        if raised:
            raised.clear()  # of a tool that this one called and whose failure it got over
        return result

    server.call_tool = call_tool


def _watch_http(lowlevel: Any, sessions: Sessions) -> None:
    """Streamable HTTP is served while its session manager runs, within whatever web application."""
    make_app = lowlevel.streamable_http_app

    def streamable_http_app(*args: Any, **kwargs: Any) -> Any:
        app = make_app(*args, **kwargs)
        manager = lowlevel.session_manager
        inner = manager.run

        @asynccontextmanager
        async def run() -> AsyncIterator[None]:
            async with inner():
                await sessions.start()
                yield

        manager.run = run
        return app

    lowlevel.streamable_http_app = streamable_http_app


class _Middleware:
    """Sees every message of every session. Holds nothing about any of them."""

    def __init__(self, calls: Calls, sessions: Sessions, announced: _Announced) -> None:
        self._calls = calls
        self._sessions = sessions
        self._announced = announced

    def __call__(self, ctx: Any, call_next: CallNext) -> Awaitable[Any]:
        if not self._sessions.started:
            return self._first(ctx, call_next)
        return self._message(ctx, call_next)

    async def _first(self, ctx: Any, call_next: CallNext) -> Any:
        await self._sessions.start()
        return await self._message(ctx, call_next)

    def _message(self, ctx: Any, call_next: CallNext) -> Awaitable[Any]:
        if ctx.protocol_version >= FIRST_SESSIONLESS and ctx.request_id is not None:
            params = ctx.session.client_params
            client, version = client_of(params.client_info if params is not None else None)
            self._calls.seen(client, version, self._sessions.transport(ctx.request))
        if ctx.method == "tools/call":
            return self._call(ctx, call_next)
        if ctx.method == "initialize":
            return self._initialize(ctx, call_next)
        if ctx.method == "tools/list":
            return self._list(ctx, call_next)
        return call_next(ctx)

    async def _call(self, ctx: Any, call_next: CallNext) -> Any:
        raised: list[BaseException] = []
        token = _raised.set(raised)
        began = perf_counter()
        try:
            result = await call_next(ctx)
        except BaseException as error:
            self._finished(ctx, began, error)
            raise
        finally:
            _raised.reset(token)
        if not _is_interim(result):
            failed = _is_error(result)
            self._finished(ctx, began, (raised[-1] if raised else ErrorResultError()) if failed else None)
        return result

    def _finished(self, ctx: Any, began: float, error: BaseException | None) -> None:
        seconds = perf_counter() - began
        params = ctx.session.client_params
        client, _ = client_of(params.client_info if params is not None else None)
        name = ctx.params.get("name") if ctx.params else None
        self._calls.finished(name, client, seconds, error)

    async def _initialize(self, ctx: Any, call_next: CallNext) -> Any:
        result = await call_next(ctx)
        client, version = client_of((ctx.params or {}).get("clientInfo"))
        self._calls.connected(client, version, self._sessions.transport(ctx.request))
        return result

    async def _list(self, ctx: Any, call_next: CallNext) -> Any:
        result = await call_next(ctx)
        self._announced.heard(result)
        return result


def _is_error(result: Any) -> bool:
    value = result.get("isError") if type(result) is dict else getattr(result, "is_error", None)
    return value is True


def _is_interim(result: Any) -> bool:
    kind = result.get("resultType") if type(result) is dict else getattr(result, "result_type", None)
    return kind == INTERIM

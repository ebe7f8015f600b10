"""Where a session comes from, and its beginning and end: the same for every SDK of the `mcp` family.

The SDKs give every session of stdio, SSE and in-memory transports to one public method, `Server.run(read_stream, …)`.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from .calls import Announced, Calls

STDIO, SSE, HTTP, MEMORY = "stdio", "sse", "streamable-http", "memory"
WEB = "web"
"""A session over HTTP, of which kind its messages tell."""
STDIO_EXIT_SECONDS = 0.5
"""For sending at the end of a stdio session: clients kill the process two seconds after they closed its stdin."""

_WEB_MODULES = ("starlette.", "uvicorn.", "hypercorn.", "sse_starlette.", "mcp.server.streamable_http")
_MOST_FRAMES = 100
Run = Callable[..., Awaitable[Any]]
OnMessage = Callable[[Any, str], bool]


class Sessions:
    """The sessions of one server object: how many are open, and over which transport.

    Args:
        calls: records what they do.
        tools: gives the names of the tools that are registered now; None where the server knows none of its own.

    Attributes:
        started: whether the server serves already.
        local: the transport of messages that no HTTP request carries.
    """

    def __init__(self, calls: Calls, tools: Callable[[], Awaitable[list[str]]] | None = None) -> None:
        self._calls = calls
        self._tools = tools
        self.announced = Announced(calls.telemetry) if tools is None else None
        self._open_stdio = 0
        self._over_http = False
        self.started = False
        self.local = STDIO

    def watch(self, server: Any, on_message: OnMessage | None = None) -> None:
        """Wrap the public `run` of a low-level server: it is called once per session.

        `on_message` is told the messages of a session and the session's kind, before the SDK sees them, until it
        returns True.
        """
        inner: Run = server.run
        self.local = MEMORY  # not every in-memory client goes through `run`, but stdio does

        async def run(read_stream: Any, *args: Any, **kwargs: Any) -> Any:
            kind = _kind(read_stream)
            await self.start()
            self._stdio(kind, 1)
            try:
                watched = kind == STDIO or on_message is not None
                stream = _Watched(read_stream, self._calls.telemetry, kind, on_message) if watched else read_stream
                return await inner(stream, *args, **kwargs)
            finally:
                self._stdio(kind, -1)
                if kind == STDIO:
                    self._calls.telemetry.server_stopped(STDIO_EXIT_SECONDS)

        server.run = run

    def _stdio(self, kind: str, more: int) -> None:
        if kind == STDIO:
            self._open_stdio += more
            self.local = STDIO if self._open_stdio else MEMORY

    def watch_app(self, app: Any) -> None:
        """A web application of the server was made: its start is the server's."""
        inner = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(*args: Any) -> AsyncIterator[Any]:
            async with inner(*args) as state:
                await self.start()
                yield state

        app.router.lifespan_context = lifespan

    def watch_manager(self, manager: Any) -> None:
        """A session manager was made, which serves streamable HTTP inside whatever application while it runs."""
        inner = manager.run

        @asynccontextmanager
        async def run() -> AsyncIterator[None]:
            async with inner():
                await self.start()
                yield

        manager.run = run

    async def start(self) -> None:
        """The server begins to serve: from now on the tools' names are known and the process is watched."""
        if self.started:
            return
        self.started = True
        if self._tools is not None:
            self._calls.telemetry.register_tools(*await self._tools())
        self._calls.telemetry.server_started()

    def transport(self, request: Any) -> str:
        """The transport of a message; `request` is the HTTP request that carried it, None where there is none."""
        if request is None:
            return self.local
        if not self._over_http:
            # Web servers install their signal handlers when they begin to serve; ours have to come first again.
            self._over_http = True
            self._calls.telemetry.rearm_signals()
        return SSE if b"session_id=" in request.scope.get("query_string", b"") else HTTP


def _kind(read_stream: Any) -> str:
    """What feeds a session: in-memory transports buffer a message, the others none; HTTP has a web framework around."""
    try:
        buffered = getattr(read_stream, "_inner", read_stream).statistics().max_buffer_size
    except AttributeError:
        buffered = 0
    if buffered:
        return MEMORY
    return WEB if _inside_web_framework() else STDIO


def _inside_web_framework() -> bool:
    frame = sys._getframe(1)
    for _ in range(_MOST_FRAMES):
        if str(frame.f_globals.get("__name__", "")).startswith(_WEB_MODULES):
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False


class _Watched:
    """A read stream that tells of each message, and telemetry of its end before anybody else hears of it."""

    def __init__(self, stream: Any, telemetry: Any, kind: str, on_message: OnMessage | None) -> None:
        self._stream = stream
        self._telemetry = telemetry
        self._kind = kind
        self._on_message = on_message

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aenter__(self) -> "_Watched":
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> Any:
        return await self._stream.__aexit__(*error)

    def __aiter__(self) -> "_Watched":
        return self

    async def __anext__(self) -> Any:
        try:
            message = await self._stream.__anext__()
        except StopAsyncIteration:
            if self._kind == STDIO:
                self._telemetry.server_stopping()
            raise
        if self._on_message is not None and self._on_message(message, self._kind):
            self._on_message = None
        return message

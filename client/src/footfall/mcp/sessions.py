"""The transport of a session, its start and its end, for every SDK of the `mcp` family.

The SDKs pass every session of the stdio, SSE and in-memory transports to one public method,
`Server.run(read_stream, …)`.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from .calls import CallRecorder

STDIO, SSE, HTTP, MEMORY = "stdio", "sse", "streamable-http", "memory"
WEB = "web"
"""A session over HTTP; its messages tell whether it is SSE or streamable HTTP."""
STDIO_EXIT_SECONDS = 0.4
"""Time to send at the end of a stdio session: clients kill the process two seconds after they close its stdin.

The end of the process takes another tenth of a second, if this time was too short. The process may also serve again.
"""

_WEB_MODULES = ("starlette.", "uvicorn.", "hypercorn.", "sse_starlette.", "mcp.server.streamable_http")
_MAX_FRAMES = 100
Run = Callable[..., Awaitable[Any]]
OnMessage = Callable[[Any, str], bool]


class Sessions:
    """The sessions of one server object: how many stdio sessions are open, and the transport of a message.

    Args:
        calls: records calls and connections.

    Attributes:
        started: whether the server has begun to serve.
        local_transport: the transport of messages that no HTTP request carries.
    """

    def __init__(self, calls: CallRecorder) -> None:
        self._calls = calls
        self._open_stdio = 0
        self._has_http = False
        self.started = False
        self.local_transport = STDIO
        recorder = getattr(calls.telemetry, "recorder", None)
        if recorder is not None:
            recorder.sessions.add(self)

    def begin_again(self) -> None:
        """The events go elsewhere from now on, to a test's capture or back: the start and the clients are new there."""
        self.started = False
        self._calls.forget_clients()

    def watch(self, server: Any, on_message: OnMessage | None = None) -> None:
        """Wrap the public `run` of a low-level server, which is called once per session.

        `on_message` gets each message of a session and the session's kind before the SDK does, until it returns True.
        """
        inner: Run = server.run
        self.local_transport = MEMORY  # stdio goes through `run`; some in-memory clients do not

        async def run(read_stream: Any, *args: Any, **kwargs: Any) -> Any:
            kind = _session_kind(read_stream)
            await self.start()
            self._count_stdio(kind, 1)
            try:
                watched = kind == STDIO or on_message is not None
                stream = (
                    _WatchedStream(read_stream, self._calls.telemetry, kind, on_message) if watched else read_stream
                )
                return await inner(stream, *args, **kwargs)
            finally:
                self._count_stdio(kind, -1)
                if kind == STDIO:
                    self._calls.telemetry.server_stopped(STDIO_EXIT_SECONDS)

        server.run = run

    def _count_stdio(self, kind: str, change: int) -> None:
        if kind == STDIO:
            self._open_stdio += change
            self.local_transport = STDIO if self._open_stdio else MEMORY

    def watch_app(self, app: Any) -> None:
        """Take the start of a web application of the server as the start of the server."""
        inner = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(*args: Any) -> AsyncIterator[Any]:
            async with inner(*args) as state:
                await self.start()
                yield state

        app.router.lifespan_context = lifespan

    def watch_manager(self, manager: Any) -> None:
        """The same for a session manager, which serves streamable HTTP inside any application while it runs."""
        inner = manager.run

        @asynccontextmanager
        async def run() -> AsyncIterator[None]:
            async with inner():
                await self.start()
                yield

        manager.run = run

    async def start(self) -> None:
        """Record the start of the server, once: its tools are registered and its process is watched."""
        if self.started:
            return
        self.started = True
        self._calls.tools.update()
        self._calls.telemetry.server_started()

    def transport(self, request: Any) -> str:
        """The transport of a message; `request` is the HTTP request that carries it, or None."""
        if request is None:
            return self.local_transport
        if not self._has_http:
            # Web servers install signal handlers when they begin to serve, so ours are installed again, to run first.
            self._has_http = True
            self._calls.telemetry.rearm_signals()
        return SSE if b"session_id=" in request.scope.get("query_string", b"") else HTTP


def _session_kind(read_stream: Any) -> str:
    """Memory, web or stdio: only in-memory transports buffer messages, and only web sessions run in a framework."""
    try:
        buffered = getattr(read_stream, "_inner", read_stream).statistics().max_buffer_size
    except AttributeError:
        buffered = 0
    if buffered:
        return MEMORY
    return WEB if _inside_web_framework() else STDIO


def _inside_web_framework() -> bool:
    frame = sys._getframe(1)
    for _ in range(_MAX_FRAMES):
        if str(frame.f_globals.get("__name__", "")).startswith(_WEB_MODULES):
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False


class _WatchedStream:
    """A read stream that passes messages to `on_message`, and reports its end to telemetry before the SDK sees it."""

    def __init__(self, stream: Any, telemetry: Any, kind: str, on_message: OnMessage | None) -> None:
        self._stream = stream
        self._telemetry = telemetry
        self._kind = kind
        self._on_message = on_message

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aenter__(self) -> "_WatchedStream":
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> Any:
        return await self._stream.__aexit__(*error)

    def __aiter__(self) -> "_WatchedStream":
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

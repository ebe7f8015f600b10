"""The official SDK before 2.0: `FastMCP` and the low-level `Server`.

It has no middleware. Calls are seen from the public `request_handlers`, their exceptions from the function that
`call_tool()` registers, clients from the `initialize` request in the stream that the public `run` reads.
"""

import logging
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from ..catalogue import UNKNOWN
from .calls import Attempt, Calls, ErrorResultError, attempt, client_of, keep_exceptions
from .sessions import WEB, Sessions

log = logging.getLogger("footfall")
Handler = Callable[[Any], Awaitable[Any]]


def install(server: Any, telemetry: Any) -> None:
    """Instrument a `FastMCP` or a low-level `Server`."""
    calls = Calls(telemetry)
    if hasattr(server, "_mcp_server"):
        sessions, lowlevel = Sessions(calls, lambda: _registered(server)), server._mcp_server
        # Assigning `server.call_tool` would do nothing: the SDK registered the method it had when it was made.
        lowlevel.call_tool(validate_input=False)(keep_exceptions(server.call_tool))
        _watch_apps(server, sessions)
    else:
        sessions, lowlevel = Sessions(calls), server
        _keep_exceptions(lowlevel)
    hook(lowlevel, calls, sessions)


async def _registered(server: Any) -> list[str]:
    return [tool.name for tool in await server.list_tools()]


def hook(lowlevel: Any, calls: Calls, sessions: Sessions) -> None:
    """Wrap the handlers of a low-level server, those that are registered later too, and watch its sessions."""
    watch = _Watch(lowlevel, calls, sessions)
    for kind, wrap in watch.wrappers().items():
        if kind in lowlevel.request_handlers:
            lowlevel.request_handlers[kind] = wrap(lowlevel.request_handlers[kind])
    _wrap_when_registered(lowlevel, "call_tool", watch)
    _wrap_when_registered(lowlevel, "list_tools", watch)
    sessions.watch(lowlevel, watch.message)


def _wrap_when_registered(lowlevel: Any, name: str, watch: "_Watch") -> None:
    """Let the decorator factory `name` wrap what it registers after `instrument`."""
    factory = getattr(lowlevel, name)

    def decorator_factory(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        decorate = factory(*args, **kwargs)

        def decorate_and_wrap(function: Any) -> Any:
            decorate(keep_exceptions(function) if name == "call_tool" else function)
            for kind, wrap in watch.wrappers().items():
                handler = lowlevel.request_handlers.get(kind)
                if handler is not None and not hasattr(handler, "footfall"):
                    lowlevel.request_handlers[kind] = wrap(handler)
            return function

        return decorate_and_wrap

    setattr(lowlevel, name, decorator_factory)


def _keep_exceptions(lowlevel: Any) -> None:
    """Reach the function that the SDK's handler of `tools/call` has closed over, where one is registered already."""
    from mcp.types import CallToolRequest

    handler = lowlevel.request_handlers.get(CallToolRequest)
    if handler is None:
        return
    cells = dict(zip(handler.__code__.co_freevars, handler.__closure__ or (), strict=True))
    if "func" in cells:
        cells["func"].cell_contents = keep_exceptions(cells["func"].cell_contents)
    else:
        log.info("footfall: in this mcp release the class of a tool's exception can't be seen")


def _watch_apps(server: Any, sessions: Sessions) -> None:
    make_http, make_sse = server.streamable_http_app, server.sse_app

    def streamable_http_app(*args: Any, **kwargs: Any) -> Any:
        app = make_http(*args, **kwargs)
        sessions.watch_manager(server.session_manager)
        return app

    def sse_app(*args: Any, **kwargs: Any) -> Any:
        app = make_sse(*args, **kwargs)
        sessions.watch_app(app)
        return app

    server.streamable_http_app, server.sse_app = streamable_http_app, sse_app


class _Watch:
    """Wraps request handlers; holds nothing about any session."""

    def __init__(self, lowlevel: Any, calls: Calls, sessions: Sessions) -> None:
        self._lowlevel = lowlevel
        self._calls = calls
        self._succeeded = calls.succeeded
        self._sessions = sessions

    def wrappers(self) -> dict[type, Callable[[Handler], Handler]]:
        """Type of request → what to do with its handler."""
        from mcp.types import CallToolRequest, ListToolsRequest

        return {CallToolRequest: self._calling, ListToolsRequest: self._listing}

    def _calling(self, inner: Handler) -> Handler:
        async def handler(request: Any) -> Any:
            current = Attempt()
            token = attempt.set(current)
            began = perf_counter()
            try:
                response = await inner(request)
            except BaseException as error:
                seconds = perf_counter() - began
                self._calls.failed(request.params.name, self._client(), seconds, error)
                raise
            finally:
                attempt.reset(token)
            seconds = perf_counter() - began
            if getattr(getattr(response, "root", response), "isError", None) is True:
                self._calls.failed(request.params.name, self._client(), seconds, _error_of(current))
            else:
                self._succeeded(request.params.name, self._client(), seconds)
            return response

        handler.footfall = True  # type: ignore[attr-defined] # a mark, so that no handler is wrapped twice
        return handler

    def _client(self) -> str:
        try:
            params = self._lowlevel.request_context.session.client_params
        except LookupError:
            return UNKNOWN  # called by the host itself, outside any request
        return client_of(params.clientInfo)[0] if params is not None else UNKNOWN

    def _listing(self, inner: Handler) -> Handler:
        async def handler(request: Any) -> Any:
            response = await inner(request)
            result = getattr(response, "root", response)
            if self._sessions.announced is not None:
                self._sessions.announced.heard(getattr(result, "tools", None), not getattr(result, "nextCursor", None))
            return response

        handler.footfall = True  # type: ignore[attr-defined] # as above
        return handler

    def message(self, message: Any, kind: str) -> bool:
        """A message of a session came: `initialize` says who connects. Whether it was that one."""
        request: Any = getattr(getattr(message, "message", None), "root", None)
        if getattr(request, "method", None) != "initialize" or getattr(request, "id", None) is None:
            return False
        params = request.params if type(request.params) is dict else {}
        metadata = getattr(message, "metadata", None)
        client, version = client_of(params.get("clientInfo"))
        carried_by = getattr(metadata, "request_context", None)
        transport = self._sessions.transport(carried_by) if kind == WEB else kind
        self._calls.connected(client, version, transport)
        return True


def _error_of(current: Attempt) -> BaseException:
    if current.error is not None:
        return current.error
    if current.reached:
        return ErrorResultError()
    # The SDK refused the arguments by the tool's JSON schema, with this class, and kept the exception to itself.
    from jsonschema import ValidationError

    return ValidationError("")

"""Adapter for the official SDK before 2.0: `FastMCP` and the low-level `Server`.

The SDK has no middleware. Calls are seen in the public `request_handlers`, their exceptions in the function that
`call_tool()` registers, and clients in the `initialize` request of the stream that the public `run` reads.
"""

import logging
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from ..catalogue import UNKNOWN
from .calls import CallRecorder, CallState, ErrorResultError, capture_exceptions, current_call, read_client_info
from .sessions import WEB, Sessions

log = logging.getLogger("footfall")
Handler = Callable[[Any], Awaitable[Any]]


def install(server: Any, telemetry: Any) -> None:
    """Instrument a `FastMCP` or a low-level `Server`."""
    calls = CallRecorder(telemetry)
    if hasattr(server, "_mcp_server"):
        sessions, lowlevel = Sessions(calls, lambda: _registered_tools(server)), server._mcp_server
        # Assigning `server.call_tool` has no effect: the SDK registered the bound method in its constructor.
        lowlevel.call_tool(validate_input=False)(capture_exceptions(server.call_tool))
        _watch_apps(server, sessions)
    else:
        sessions, lowlevel = Sessions(calls), server
        _capture_tool_exceptions(lowlevel)
    hook(lowlevel, calls, sessions)


async def _registered_tools(server: Any) -> list[str]:
    return [tool.name for tool in await server.list_tools()]


def hook(lowlevel: Any, calls: CallRecorder, sessions: Sessions) -> None:
    """Wrap the handlers of a low-level server, also those registered later, and watch its sessions."""
    wrapper = _HandlerWrapper(lowlevel, calls, sessions)
    for kind, wrap in wrapper.wrappers().items():
        if kind in lowlevel.request_handlers:
            lowlevel.request_handlers[kind] = wrap(lowlevel.request_handlers[kind])
    _wrap_when_registered(lowlevel, "call_tool", wrapper)
    _wrap_when_registered(lowlevel, "list_tools", wrapper)
    sessions.watch(lowlevel, wrapper.on_message)


def _wrap_when_registered(lowlevel: Any, name: str, wrapper: "_HandlerWrapper") -> None:
    """Make the decorator factory `name` wrap the handlers it registers after `instrument`."""
    factory = getattr(lowlevel, name)

    def decorator_factory(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        decorate = factory(*args, **kwargs)

        def decorate_and_wrap(function: Any) -> Any:
            decorate(capture_exceptions(function) if name == "call_tool" else function)
            for kind, wrap in wrapper.wrappers().items():
                handler = lowlevel.request_handlers.get(kind)
                if handler is not None and not hasattr(handler, "footfall"):
                    lowlevel.request_handlers[kind] = wrap(handler)
            return function

        return decorate_and_wrap

    setattr(lowlevel, name, decorator_factory)


def _capture_tool_exceptions(lowlevel: Any) -> None:
    """Wrap the tool function inside the closure of the SDK's `tools/call` handler, if one is registered already."""
    from mcp.types import CallToolRequest

    handler = lowlevel.request_handlers.get(CallToolRequest)
    if handler is None:
        return
    cells = dict(zip(handler.__code__.co_freevars, handler.__closure__ or (), strict=True))
    if "func" in cells:
        cells["func"].cell_contents = capture_exceptions(cells["func"].cell_contents)
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


class _HandlerWrapper:
    """Wraps request handlers. It holds no state of any session."""

    def __init__(self, lowlevel: Any, calls: CallRecorder, sessions: Sessions) -> None:
        self._lowlevel = lowlevel
        self._calls = calls
        self._succeeded = calls.succeeded
        self._sessions = sessions

    def wrappers(self) -> dict[type, Callable[[Handler], Handler]]:
        """Request type → the function that wraps its handler."""
        from mcp.types import CallToolRequest, ListToolsRequest

        return {CallToolRequest: self._wrap_call_tool, ListToolsRequest: self._wrap_list_tools}

    def _wrap_call_tool(self, inner: Handler) -> Handler:
        async def handler(request: Any) -> Any:
            current = CallState()
            token = current_call.set(current)
            began = perf_counter()
            try:
                response = await inner(request)
            except BaseException as error:
                seconds = perf_counter() - began
                self._calls.failed(request.params.name, self._client(), seconds, error)
                raise
            finally:
                current_call.reset(token)
            seconds = perf_counter() - began
            if getattr(getattr(response, "root", response), "isError", None) is True:
                self._calls.failed(request.params.name, self._client(), seconds, _error_behind_result(current))
            else:
                self._succeeded(request.params.name, self._client(), seconds)
            return response

        handler.footfall = True  # type: ignore[attr-defined] # marks it, so that no handler is wrapped twice
        return handler

    def _client(self) -> str:
        try:
            params = self._lowlevel.request_context.session.client_params
        except LookupError:
            return UNKNOWN  # the host called the handler outside a request
        return read_client_info(params.clientInfo)[0] if params is not None else UNKNOWN

    def _wrap_list_tools(self, inner: Handler) -> Handler:
        async def handler(request: Any) -> Any:
            response = await inner(request)
            result = getattr(response, "root", response)
            if self._sessions.listed_tools is not None:
                self._sessions.listed_tools.learn(
                    getattr(result, "tools", None), not getattr(result, "nextCursor", None)
                )
            return response

        handler.footfall = True  # type: ignore[attr-defined] # as above
        return handler

    def on_message(self, message: Any, kind: str) -> bool:
        """Record the client if the message is `initialize`; whether it is."""
        request: Any = getattr(getattr(message, "message", None), "root", None)
        if getattr(request, "method", None) != "initialize" or getattr(request, "id", None) is None:
            return False
        params = request.params if type(request.params) is dict else {}
        metadata = getattr(message, "metadata", None)
        client, version = read_client_info(params.get("clientInfo"))
        http_request = getattr(metadata, "request_context", None)
        transport = self._sessions.transport(http_request) if kind == WEB else kind
        self._calls.connected(client, version, transport)
        return True


def _error_behind_result(current: CallState) -> BaseException:
    if current.error is not None:
        return current.error
    if current.reached:
        return ErrorResultError()
    # The SDK rejected the arguments by the tool's JSON schema. It raises this class but does not pass it on.
    from jsonschema import ValidationError

    return ValidationError("")

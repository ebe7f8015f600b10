"""Adapter for the official SDK before 2.0: `FastMCP` and the low-level `Server`.

The SDK has no middleware. Calls are seen in the public `request_handlers`, their exceptions in the function that
`call_tool()` registers, and clients in the `initialize` request of the stream that the public `run` reads.
"""

import logging
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from ..catalogue import UNKNOWN
from .background_tasks import ToolAndClient, watch_run_task
from .calls import CallRecorder, CallState, ErrorResultError, capture_exceptions, current_call, read_client_info
from .registered_tools import of_mcp
from .sessions import WEB, Sessions

log = logging.getLogger("footfall")
Handler = Callable[[Any], Awaitable[Any]]


def install(server: Any, telemetry: Any, source: Any = None) -> None:
    """Instrument a `FastMCP` or a low-level `Server`."""
    if hasattr(server, "_mcp_server"):
        calls, lowlevel = CallRecorder(telemetry, lambda: of_mcp(server), source), server._mcp_server
        # Assigning `server.call_tool` has no effect: the SDK registered the bound method in its constructor.
        lowlevel.call_tool(validate_input=False)(capture_exceptions(server.call_tool))
    else:
        calls, lowlevel = CallRecorder(telemetry, source=source), server
        _capture_tool_exceptions(lowlevel)
    sessions = Sessions(calls)
    hook(lowlevel, calls, sessions)
    if lowlevel is not server:
        _watch_apps(server, sessions)


def hook(lowlevel: Any, calls: CallRecorder, sessions: Sessions) -> ToolAndClient:
    """Wrap the handlers of a low-level server, also those registered later, and watch its sessions.

    Returns the function that reads the tool's name and the client of a request.
    """
    wrapper = _HandlerWrapper(lowlevel, calls, sessions)
    wrapper.wrap_handler()
    _wrap_when_registered(lowlevel, wrapper)
    sessions.watch(lowlevel, wrapper.on_message)
    return wrapper.tool_and_client


def _wrap_when_registered(lowlevel: Any, wrapper: "_HandlerWrapper") -> None:
    """Make the decorator factory `call_tool` wrap the handler that it registers after `instrument`."""
    factory = lowlevel.call_tool

    def decorator_factory(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        decorate = factory(*args, **kwargs)

        def decorate_and_wrap(function: Any) -> Any:
            decorate(capture_exceptions(function))
            wrapper.wrap_handler()
            return function

        return decorate_and_wrap

    lowlevel.call_tool = decorator_factory


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
        self._tools = calls.tools
        self._succeeded = calls.succeeded
        self._sessions = sessions

    def wrap_handler(self) -> None:
        """Wrap the handler of `tools/call`, if there is one that is not wrapped yet."""
        from mcp.types import CallToolRequest

        handler = self._lowlevel.request_handlers.get(CallToolRequest)
        if handler is not None and not hasattr(handler, "footfall"):
            self._lowlevel.request_handlers[CallToolRequest] = self._wrap_call_tool(handler)

    def _wrap_call_tool(self, inner: Handler) -> Handler:
        async def handler(request: Any) -> Any:
            if request.params.name not in self._tools.known:
                self._tools.update()
            current = CallState(request)
            if getattr(request.params, "task", None) is not None:
                watch_run_task(self._lowlevel.request_context, current, self._calls, self.tool_and_client(request))
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
            result = getattr(response, "root", response)
            failed = getattr(result, "isError", None)
            if failed is True:
                self._calls.failed(request.params.name, self._client(), seconds, _error_behind_result(current))
            elif failed is False or type(result).__name__ != "CreateTaskResult":
                self._succeeded(request.params.name, self._client(), seconds)
            elif not current.in_background:
                self._calls.telemetry.note("uncounted_call")
            return response

        handler.footfall = True  # type: ignore[attr-defined] # marks it, so that no handler is wrapped twice
        return handler

    def tool_and_client(self, request: Any) -> tuple[str, str]:
        """The tool's name in a `tools/call`, and the client that calls it."""
        return request.params.name, self._client()

    def _client(self) -> str:
        try:
            params = self._lowlevel.request_context.session.client_params
        except LookupError:
            return UNKNOWN  # the host called the handler outside a request
        return read_client_info(params.clientInfo)[0] if params is not None else UNKNOWN

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

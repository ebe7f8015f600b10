"""Calls that go on in the background after their request was answered: each counts when its task ends.

`watch_queue` is for fastmcp's tasks (`@tool(task=True)`), which a worker takes from a queue, Docket. The worker may be
another process: there the client is `unknown`. `watch_run_task` is for the experimental tasks of mcp 1.x.
"""

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from time import perf_counter
from typing import Any

from ..catalogue import UNKNOWN
from .calls import CallRecorder, CallState, ErrorResultError, current_call

ToolAndClient = Callable[[Any], tuple[str, str]]
"""Reads the tool's name and the client of a request."""

_TOOL_PREFIX = "tool:"
_LEG = "#"
"""What follows it in a task's key is the number of the request after which the task continued."""
_MAX_WAITING = 1024
_ASKING = ("InputRequiredResult", "InputRequiredToolResult")


def watch_queue(server: Any, calls: CallRecorder, tool_and_client: ToolAndClient) -> None:
    """Count the background tasks of a `fastmcp.FastMCP`, whose queue exists while the server runs."""
    inner = server._lifespan_manager

    @asynccontextmanager
    async def lifespan_manager() -> AsyncIterator[None]:
        async with inner():
            docket = getattr(server, "_docket", None)
            if docket is not None and not hasattr(docket, "_footfall_tasks"):
                docket._footfall_tasks = _Tasks(docket, calls, tool_and_client)
            yield

    server._lifespan_manager = lifespan_manager


class _Tasks:
    """The tasks of one queue: wraps the queue's `add` and the functions that its worker runs."""

    def __init__(self, docket: Any, calls: CallRecorder, tool_and_client: ToolAndClient) -> None:
        self._calls = calls
        self._tool_and_client = tool_and_client
        self._add = docket.add
        # The tasks that wait or run, by the key of the first leg: tool and client. The oldest goes first.
        self._submitted: dict[str, tuple[str, str]] = {}
        docket.add = self.add
        for key, function in list(docket.tasks.items()):
            if key.startswith(_TOOL_PREFIX):
                docket.tasks[key] = self._counted(key, function)

    def add(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """As the queue's: remember who submits the task."""
        current, key = current_call.get(), kwargs.get("key")
        if current is not None and current.request is not None and type(function) is str and type(key) is str:
            if len(self._submitted) >= _MAX_WAITING:
                del self._submitted[next(iter(self._submitted))]
            self._submitted[key.split(_LEG)[0]] = self._tool_and_client(current.request)
            current.in_background = True
        return self._add(function, *args, **kwargs)

    def _counted(self, component: str, function: Any) -> Any:
        _show_exceptions(function)

        @functools.wraps(function)
        async def run(*args: Any, **kwargs: Any) -> Any:
            task = import_module("docket.dependencies").current_execution.get().key.split(_LEG)[0]
            tool, client = self._submitted.get(task) or (_name_in(component), UNKNOWN)
            current = CallState()
            current.reached = True
            token = current_call.set(current)
            began = perf_counter()
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                self._end(task, tool, client, began, error)
                raise
            finally:
                current_call.reset(token)
            if current.asks_for_input and result is None:
                return result  # it continues with the client's answer
            failed = getattr(result, "is_error", None) is True
            self._end(task, tool, client, began, (current.error or ErrorResultError()) if failed else None)
            return result

        return run

    def _end(self, task: str, tool: str, client: str, began: float, error: BaseException | None) -> None:
        seconds = perf_counter() - began
        self._submitted.pop(task, None)
        if tool not in self._calls.tools.known:
            self._calls.tools.update()
        if error is None:
            self._calls.succeeded(tool, client, seconds)
        else:
            self._calls.failed(tool, client, seconds, error)


def _name_in(component: str) -> str:
    """The tool's name in a component's key, such as `tool:greet@1.0`."""
    return component.removeprefix(_TOOL_PREFIX).rpartition("@")[0] or component.removeprefix(_TOOL_PREFIX)


def _show_exceptions(function: Any) -> None:
    """In fastmcp 4 the queue's function turns the tool's exceptions into results: watch the tool inside it."""
    if function.__globals__.get("__name__") != "fastmcp_tasks.input_loop":
        return
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    if "fn" in cells:
        cells["fn"].cell_contents = _watched(cells["fn"].cell_contents)


def _watched(tool: Any) -> Any:
    """The tool, whose exception and request for input are stored in the state of the running call."""

    @functools.wraps(tool)
    async def call(*args: Any, **kwargs: Any) -> Any:
        current = current_call.get()
        try:
            result = await tool(*args, **kwargs)
        except BaseException as error:
            if current is not None:
                current.error = error
            raise
        if current is not None and type(result).__name__ in _ASKING:
            current.asks_for_input = True
        return result

    return call


def watch_run_task(context: Any, current: CallState, calls: CallRecorder, tool_and_client: tuple[str, str]) -> None:
    """Count the work that a tool of mcp 1.x starts with `experimental.run_task` during one request."""
    experimental: Any = getattr(context, "experimental", None)
    inner = getattr(experimental, "run_task", None)
    if inner is None:
        return

    async def run_task(work: Any, *args: Any, **kwargs: Any) -> Any:
        current.in_background = True

        @functools.wraps(work)
        async def counted(task: Any) -> Any:
            began = perf_counter()
            try:
                result = await work(task)
            except BaseException as error:
                calls.failed(*tool_and_client, perf_counter() - began, error)
                raise
            status = getattr(getattr(task, "task", None), "status", None)
            if status in ("failed", "cancelled") or getattr(result, "isError", None) is True:
                calls.failed(*tool_and_client, perf_counter() - began, ErrorResultError())
            else:
                calls.succeeded(*tool_and_client, perf_counter() - began)
            return result

        return await inner(counted, *args, **kwargs)

    experimental.run_task = run_task

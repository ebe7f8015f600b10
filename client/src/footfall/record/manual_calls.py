"""`telemetry.tool(name)`: counts calls of what is not an MCP tool (a REST route, a command) as tool calls.

@telemetry.tool("recommend", client="http")
async def recommend(request): …

with telemetry.tool("recommend", client="http"):
    …
"""

import functools
import inspect
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class ToolCall:
    """One or many calls of one tool: a context manager (sync and async) and a decorator (sync and async functions).

    As a decorator it makes a fresh context per call, so concurrent calls are timed apart.
    """

    def __init__(self, telemetry: Any, name: str, client: str) -> None:
        self._telemetry = telemetry
        self._name = name
        self._client = client
        self._began = 0.0

    def __enter__(self) -> "ToolCall":
        self._began = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._telemetry.active:
            self._telemetry.record_call(self._name, self._client, perf_counter() - self._began, error)

    async def __aenter__(self) -> "ToolCall":
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: F) -> F:
        """Decorate a function, sync or async: each of its calls is counted."""
        if not self._telemetry.active:
            return function
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_async(*args: Any, **kwargs: Any) -> Any:
                with ToolCall(self._telemetry, self._name, self._client):
                    return await function(*args, **kwargs)

            return call_async  # type: ignore[return-value] # same signature, by functools.wraps

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with ToolCall(self._telemetry, self._name, self._client):
                return function(*args, **kwargs)

        return call  # type: ignore[return-value] # same signature, by functools.wraps


class ToolCalls:
    """Gives a telemetry object its `tool` method."""

    active: bool

    def register_tools(self, *names: str) -> None:
        """Allow these names as values of `tool`."""
        raise TypeError(f"{type(self).__name__} does not implement register_tools")

    def tool(self, name: str, client: str = "http") -> ToolCall:
        """Count calls of `name`, made by `client`, as tool calls: duration, success, and the class of an exception.

        The name is code, not data: it is registered here.
        """
        self.register_tools(name)
        return ToolCall(self, name, client)

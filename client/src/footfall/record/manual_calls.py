"""`telemetry.tool(name)`: counts calls of a function that is not an MCP tool (a REST route, a command) as tool calls.

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

Function = TypeVar("Function", bound=Callable[..., Any])


class ManualCall:
    """Calls of one tool: a context manager (sync and async) and a decorator (of sync and async functions).

    As a decorator it makes a fresh context per call, so that concurrent calls are timed separately.
    """

    def __init__(self, telemetry: Any, name: str, client: str) -> None:
        self._telemetry = telemetry
        self._name = name
        self._client = client
        self._start = 0.0

    def __enter__(self) -> "ManualCall":
        self._start = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._telemetry.active:
            self._telemetry.record_call(self._name, self._client, perf_counter() - self._start, error)

    async def __aenter__(self) -> "ManualCall":
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Function) -> Function:
        """Decorate a function, sync or async: each of its calls is counted."""
        if not self._telemetry.active:
            return function
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_async(*args: Any, **kwargs: Any) -> Any:
                with ManualCall(self._telemetry, self._name, self._client):
                    return await function(*args, **kwargs)

            return call_async  # type: ignore[return-value] # same signature, by functools.wraps

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with ManualCall(self._telemetry, self._name, self._client):
                return function(*args, **kwargs)

        return call  # type: ignore[return-value] # same signature, by functools.wraps


class ManualCalls:
    """The base of a telemetry object: its `tool` method."""

    active: bool

    def register_tools(self, *names: str) -> None:
        """Allow these names as values of `tool`."""
        raise TypeError(f"{type(self).__name__} does not implement register_tools")

    def tool(self, name: str, client: str = "http") -> ManualCall:
        """Count calls of `name` by `client` as tool calls: their duration, success, and the class of an exception.

        The name is registered, because it comes from code and not from data.
        """
        self.register_tools(name)
        return ManualCall(self, name, client)

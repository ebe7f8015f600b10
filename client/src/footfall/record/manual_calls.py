"""`telemetry.tool(name)`: counts calls of a function that is not an MCP tool (a REST route, a command) as tool calls.

@telemetry.tool("recommend", client="http")
async def recommend(request): …

with telemetry.tool("recommend", client="http"):
    …
"""

from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Any, TypeVar

Function = TypeVar("Function")
"""Any callable, or a static or class method inside a class body."""


class ManualCall:
    """Calls of one tool: a context manager (sync and async) and a decorator (of a callable of any kind)."""

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
            # A generator with a block like this one may be closed by its consumer: that is no error.
            self._count(perf_counter() - self._start, None if kind is GeneratorExit else error)

    async def __aenter__(self) -> "ManualCall":
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Function) -> Function:
        """Decorate a callable of any kind: each of its calls is counted when its work ends. The kind stays the same."""
        if not (self._telemetry.active or self._telemetry.in_test):
            return function
        # Imported late: a host whose telemetry is off needs none of it.
        from .counted_callables import counted

        decorated: Function = counted(function, self._count)
        return decorated

    def _count(self, seconds: float, error: BaseException | None) -> None:
        self._telemetry.record_call(self._name, self._client, seconds, error, self._telemetry.property_source)


class ManualCalls:
    """The base of a telemetry object: its `tool` method."""

    active: bool
    in_test = False
    property_source: Any = None
    """What fills the extra properties of calls that `tool` counts; None for nothing."""

    def register_tools(self, *names: str) -> None:
        """Allow these names as values of `tool`."""
        raise TypeError(f"{type(self).__name__} does not implement register_tools")

    def fill_properties(self, function: Callable[[str | None], object]) -> None:
        """Fill the extra properties of calls that `tool` counts by a function: see `footfall.mcp.instrument`.

        A host that passes it to `instrument` needs no more: the function of the first server fills these calls, too.
        """
        if self.active or self.in_test:
            # Imported late, as above.
            from .extra_values import property_source

            self.property_source = property_source(function)

    def tool(self, name: str, client: str = "http") -> ManualCall:
        """Count calls of `name` by `client` as tool calls: their duration, success, and the class of an exception.

        The name is registered, because it comes from code and not from data.
        """
        self.register_tools(name)
        return ManualCall(self, name, client)

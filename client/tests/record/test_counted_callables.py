"""`telemetry.tool(name)` counts a call when its work ends, for every kind of callable, and the kind stays the same."""

import asyncio
import functools
import inspect
import itertools
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from footfall.testing import CapturingTelemetry, capture

SECONDS = 0.05
Ending = Callable[[], None]


def succeed() -> None:
    pass


def fail() -> None:
    raise LookupError("a user's words")


async def work(ending: Ending) -> str:
    await asyncio.sleep(SECONDS)
    ending()
    return "done"


class Callables:
    """A callable of each kind. Each takes `ending`, works for `SECONDS`, calls it, and returns or yields `done`."""

    async def method(self, ending: Ending) -> str:
        return await work(ending)

    async def __call__(self, ending: Ending) -> str:
        return await work(ending)


class Eventually:
    """An awaitable object that is neither a coroutine nor a future."""

    def __init__(self, ending: Ending) -> None:
        self._ending = ending

    def __await__(self) -> Generator[Any, None, str]:
        return work(self._ending).__await__()


class Streaming:
    async def __call__(self, ending: Ending) -> AsyncIterator[str]:
        yield await work(ending)


@functools.wraps(work)
def wrapped(*args: Any) -> Awaitable[str]:
    return work(*args)


def returning_task(ending: Ending) -> "asyncio.Task[str]":
    return asyncio.create_task(work(ending))


def returning_object(ending: Ending) -> Eventually:
    return Eventually(ending)


async def streaming(ending: Ending) -> AsyncIterator[str]:
    yield await work(ending)


def returning_stream(ending: Ending) -> AsyncIterator[str]:
    return streaming(ending)


@types.coroutine
def generator_based(ending: Ending) -> Generator[Any, None, str]:
    return (yield from work(ending).__await__())


KINDS: dict[str, Callable[..., Any]] = {
    "async function": work,
    "bound method": Callables().method,
    "object": Callables(),
    "streaming object": Streaming(),
    "partial": functools.partial(work),
    "wrapped coroutine": wrapped,
    "returns a task": returning_task,
    "returns an awaitable": returning_object,
    "async generator": streaming,
    "returns an async generator": returning_stream,
    "generator-based coroutine": generator_based,
    "lambda": lambda ending: work(ending),
}
each_kind = pytest.mark.parametrize("function", KINDS.values(), ids=KINDS)


async def result_of(call: Any) -> Any:
    if inspect.isasyncgen(call):
        return "".join([str(part) async for part in call])
    return await call


@pytest.fixture
def telemetry() -> CapturingTelemetry:
    return capture()


@each_kind
def test_a_success_is_counted_when_the_work_ends(function: Callable[..., Any], telemetry: CapturingTelemetry) -> None:
    async def main() -> None:
        call = telemetry.tool("slow")(function)(succeed)
        assert telemetry.events == []
        assert await result_of(call) == "done"

    asyncio.run(main())
    [event] = telemetry.named("tool_executed")
    assert event["success"] is True
    assert SECONDS * 900 <= event["duration_ms"] < 60_000


@each_kind
def test_a_failure_is_counted_by_its_class(function: Callable[..., Any], telemetry: CapturingTelemetry) -> None:
    async def main() -> None:
        with pytest.raises(LookupError):
            await result_of(telemetry.tool("slow")(function)(fail))

    asyncio.run(main())
    assert [event["success"] for event in telemetry.named("tool_executed")] == [False]
    assert telemetry.named("tool_error") == [{"tool": "slow", "error_type": "LookupError"}]


@each_kind
def test_a_cancelled_call_has_failed(function: Callable[..., Any], telemetry: CapturingTelemetry) -> None:
    async def main() -> None:
        call = asyncio.ensure_future(result_of(telemetry.tool("slow")(function)(succeed)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(main())
    assert telemetry.named("tool_error") == [{"tool": "slow", "error_type": "CancelledError"}]


def endless(start: int = 3) -> Iterator[int]:
    yield from itertools.count(start)


def said(function: Any) -> dict[str, Any]:
    """What `inspect` says of a callable."""
    questions = (
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
        inspect.isawaitable,
        inspect.ismethod,
        asyncio.iscoroutinefunction,
        callable,
    )
    answers: dict[str, Any] = {question.__name__: question(function) for question in questions}
    answers["of __call__"] = inspect.iscoroutinefunction(function.__call__) if not inspect.isroutine(function) else None
    answers["stream of __call__"] = (
        None if inspect.isroutine(function) else inspect.isasyncgenfunction(function.__call__)
    )
    return {**answers, "signature": inspect.signature(function), "name": getattr(function, "__name__", None)}


@pytest.mark.parametrize(
    "function",
    [*KINDS.values(), endless, functools.partial(endless, 2), len, succeed],
    ids=[*KINDS, "generator", "partial of a generator", "builtin", "function"],
)
def test_inspect_says_the_same_of_a_decorated_callable(
    function: Callable[..., Any], telemetry: CapturingTelemetry
) -> None:
    assert said(telemetry.tool("slow")(function)) == said(function)


@pytest.mark.parametrize("outer", [staticmethod, classmethod])
def test_static_and_class_methods_stay_so_in_either_order(outer: Any, telemetry: CapturingTelemetry) -> None:
    async def method(*arguments: Any) -> int:
        await asyncio.sleep(0)
        return len(arguments)

    class Host:
        inside = outer(telemetry.tool("inside")(method))
        outside = telemetry.tool("outside")(outer(method))

    assert isinstance(inspect.getattr_static(Host, "outside"), outer)
    assert inspect.iscoroutinefunction(Host.outside)
    assert inspect.iscoroutinefunction(Host().inside)
    plain = 1 if outer is staticmethod else 2
    assert asyncio.run(Host.outside(0)) == asyncio.run(Host().inside(0)) == plain
    assert [event["tool"] for event in telemetry.named("tool_executed")] == ["outside", "inside"]


def test_a_future_of_a_thread_is_counted_when_it_is_done(telemetry: CapturingTelemetry) -> None:
    future: Future[str] = Future()
    assert telemetry.tool("slow")(lambda: future)() is future
    assert telemetry.events == []
    future.set_exception(LookupError())
    assert telemetry.named("tool_error") == [{"tool": "slow", "error_type": "LookupError"}]


def test_an_exception_of_a_task_that_nobody_reads_is_still_reported_by_asyncio(telemetry: CapturingTelemetry) -> None:
    async def main() -> str:
        report: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: report.set_result(context["message"]))
        telemetry.tool("slow")(returning_task)(fail)
        return await asyncio.wait_for(report, 10)

    assert asyncio.run(main()) == "Task exception was never retrieved"
    assert telemetry.named("tool_error") == [{"tool": "slow", "error_type": "LookupError"}]


def test_an_object_keeps_its_attributes(telemetry: CapturingTelemetry) -> None:
    class Tool:
        """A tool."""

        limit = 3

        def __call__(self, number: int) -> int:
            return number

    decorated = telemetry.tool("slow")(Tool())
    assert (decorated(2), decorated.limit, decorated.__doc__) == (2, 3, "A tool.")
    assert str(inspect.signature(decorated)) == "(number: int) -> int"
    assert len(telemetry.named("tool_executed")) == 1


class Pool:
    """Both awaitable and an async context manager, as `acquire()` of database pools."""

    def __await__(self) -> Generator[Any, None, str]:
        yield from asyncio.sleep(0).__await__()
        return "connection"

    async def __aenter__(self) -> str:
        return "entered"

    async def __aexit__(self, *error: object) -> None:
        pass


def test_an_awaitable_that_can_also_be_entered_passes_through(telemetry: CapturingTelemetry) -> None:
    acquire = telemetry.tool("acquire")(Pool)

    async def main() -> None:
        async with acquire() as entered:
            assert entered == "entered"
        assert await acquire() == "connection"

    asyncio.run(main())
    assert len(telemetry.named("tool_executed")) == 2

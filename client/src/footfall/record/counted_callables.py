"""Callables whose calls are counted when their work ends, which can be long after the call returned.

A counted callable keeps its kind, so `inspect` says the same of it: an async function stays one, and so do a
generator function, an async generator function, a bound, static or class method, a partial, and an object with
`__call__`. A plain callable that returns an awaitable, a future or a generator is counted when that ends.

- A generator or coroutine that never starts counts nothing: nothing ran.
- A generator that its consumer closes early has succeeded; so have the values that it yielded.
- A cancelled call has failed with `CancelledError`.

Imported only while telemetry is on.
"""

import functools
import inspect
import types
from asyncio import CancelledError
from collections.abc import Callable, Generator
from time import perf_counter
from typing import Any

Count = Callable[[float, BaseException | None], None]
"""Counts one call: seconds, and the exception that ended it or None."""


def counted(function: Any, count: Count) -> Any:
    """A callable of the same kind as `function`, whose calls are passed to `count` when they end."""
    if isinstance(function, staticmethod | classmethod):
        return type(function)(counted(function.__func__, count))
    if inspect.ismethod(function):
        return types.MethodType(counted(function.__func__, count), function.__self__)
    if type(function) is functools.partial:
        return functools.partial(counted(function.func, count), *function.args, **function.keywords)
    if inspect.isroutine(function) or inspect.isclass(function):
        return _counted_function(function, count)
    return _counted_object(function, count)


def _counted_function(function: Any, count: Count) -> Any:
    if inspect.iscoroutinefunction(function):
        call = _async_call(function, count)
    elif inspect.isgeneratorfunction(function):
        call = _generator_call(function, count)
    elif inspect.isasyncgenfunction(function):
        call = _async_generator_call(function, count)
    else:
        call = _plain_call(function, count)
    return functools.update_wrapper(call, function)


def _async_call(function: Any, count: Count) -> Any:
    async def call(*args: Any, **kwargs: Any) -> Any:
        began = perf_counter()
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            count(perf_counter() - began, error)
            raise
        count(perf_counter() - began, None)
        return result

    return call


def _generator_call(function: Any, count: Count) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        began = perf_counter()
        try:
            result = yield from function(*args, **kwargs)
        except BaseException as error:
            count(perf_counter() - began, _unless_closed(error))
            raise
        count(perf_counter() - began, None)
        return result

    flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
    return types.coroutine(call) if flags & inspect.CO_ITERABLE_COROUTINE else call


def _async_generator_call(function: Any, count: Count) -> Any:
    # Delegates by hand: there is no `yield from` for async generators.
    async def call(*args: Any, **kwargs: Any) -> Any:
        began = perf_counter()
        generator = function(*args, **kwargs)
        try:
            value = await generator.asend(None)
            while True:
                try:
                    sent = yield value
                except GeneratorExit:
                    await generator.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - the generator decides what becomes of it
                    value = await generator.athrow(error)
                else:
                    value = await generator.asend(sent)
        except StopAsyncIteration:
            count(perf_counter() - began, None)
        except BaseException as error:
            count(perf_counter() - began, _unless_closed(error))
            raise

    return call


def _plain_call(function: Any, count: Count) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        began = perf_counter()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            count(perf_counter() - began, error)
            raise
        return _counted_result(result, count, began)

    return call


def _counted_object(callable_object: Any, count: Count) -> Any:
    # Frameworks ask for the kind of `__call__`, which Python looks up on the class.
    call = _counted_function(callable_object.__call__, count)
    names = {"__call__": staticmethod(call), "__doc__": callable_object.__doc__}
    return type(type(callable_object).__name__, (_CountedObject,), names)(callable_object)


class _CountedObject:
    """Stands for an object with `__call__`; every other attribute is the object's own."""

    def __init__(self, wrapped: Any) -> None:
        self.__wrapped__ = wrapped
        try:
            self.__signature__ = inspect.signature(wrapped)
        except (TypeError, ValueError):
            pass  # written in C, without a signature

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)


# Results whose work goes on -----------------------------------------------------------------------------------


def _counted_result(result: Any, count: Count, began: float) -> Any:
    """The result of a plain call: counted now, or when the work that it stands for ends."""
    if inspect.iscoroutine(result):
        return _named_like(_async_call(lambda: result, count)(), result)
    if inspect.isgenerator(result):
        is_coroutine = result.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE
        return _named_like((_async_call if is_coroutine else _generator_call)(lambda: result, count)(), result)
    if inspect.isasyncgen(result):
        return _named_like(_async_generator_call(lambda: result, count)(), result)
    if callable(getattr(result, "add_done_callback", None)) and callable(getattr(result, "cancelled", None)):
        result.add_done_callback(lambda future: count(perf_counter() - began, _error_of(future)))
    elif inspect.isawaitable(result) and not _has_another_use(result):
        return _CountedAwaitable(result, count)
    else:
        count(perf_counter() - began, None)
    return result


def _unless_closed(error: BaseException) -> BaseException | None:
    return None if isinstance(error, GeneratorExit) else error


def _named_like(counting: Any, result: Any) -> Any:
    """The counting coroutine or generator under the name of the host's, which warnings and debuggers show."""
    counting.__name__, counting.__qualname__ = result.__name__, result.__qualname__
    return counting


def _error_of(future: Any) -> BaseException | None:
    if future.cancelled():
        return CancelledError()
    # `exception()` would mark the exception as retrieved, and silence asyncio's warning about one that nobody reads.
    error = future._exception if hasattr(future, "_exception") else future.exception()
    return error if isinstance(error, BaseException) else None


def _has_another_use(awaitable: Any) -> bool:
    """Whether it can also be entered or iterated, as a pool's `acquire()`: a stand-in would lose that."""
    names = ("__aenter__", "__enter__", "__aiter__", "__iter__")
    return any(hasattr(type(awaitable), name) for name in names)


class _CountedAwaitable:
    """Stands for an awaitable object; every other attribute is the object's own."""

    def __init__(self, awaitable: Any, count: Count) -> None:
        self.__wrapped__ = awaitable
        self._footfall_call = _async_call(lambda: awaitable, count)

    def __await__(self) -> Generator[Any, Any, Any]:
        awaiting: Generator[Any, Any, Any] = self._footfall_call().__await__()
        return awaiting

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

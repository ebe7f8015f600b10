"""Callables whose calls are counted when their work ends, which can be long after the call returned.

A counted callable keeps its kind, so `inspect` says the same of it: an async function stays one, and so do a
generator function, an async generator function, a bound, static or class method, a method that is bound when it is
looked up (`partialmethod`), a partial, and an object with `__call__`. A class becomes a function that makes its
instances. A plain callable that returns an awaitable, a future or a generator is counted when that ends.

What a call returns is the host's, perhaps a proxy whose every attribute raises: only its class is looked at.

- A generator or coroutine that never starts counts nothing: nothing ran.
- A generator that its consumer closes early has succeeded; so have the values that it yielded.
- A cancelled call has failed with `CancelledError`.

Imported only while telemetry is on.
"""

import contextlib
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
    kind = type(function)  # not `isinstance`, which asks the object
    if issubclass(kind, staticmethod | classmethod):
        return kind(counted(function.__func__, count))
    if kind is types.MethodType:
        return types.MethodType(counted(function.__func__, count), function.__self__)
    if issubclass(kind, functools.partial) and kind.__call__ is functools.partial.__call__:
        return _counted_partial(function, count)
    if not callable(function):
        return _CountedDescriptor(function, count) if _is_method_descriptor(kind) else function
    if issubclass(kind, type | types.BuiltinFunctionType) or _is_method_descriptor(kind):
        return _counted_function(function, count)
    return _counted_object(function, count)


def _counted_partial(partial: Any, count: Count) -> Any:
    function = counted(partial.func, count)
    same: Any = functools.partial.__new__(type(partial), function, *partial.args, **partial.keywords)
    same.__dict__.update(partial.__dict__)  # such as a name, which a partial does not have by itself
    return same


def _is_method_descriptor(kind: type) -> bool:
    """Whether a class's attribute of this kind, such as a function or a `partialmethod`, becomes a bound callable."""
    return _has(kind, "__get__") and not _has(kind, "__set__")


class _CountedDescriptor:
    """Stands for such an attribute; every other attribute is its own."""

    def __init__(self, wrapped: Any, count: Count) -> None:
        self.__wrapped__, self._footfall_count = wrapped, count

    def __set_name__(self, owner: type, name: str) -> None:
        if _has(type(self.__wrapped__), "__set_name__"):
            self.__wrapped__.__set_name__(owner, name)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return counted(self.__wrapped__.__get__(instance, owner), self._footfall_count)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)


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
    names = {"__call__": staticmethod(call), "__doc__": type(callable_object).__doc__}
    return type(type(callable_object).__name__, (_CountedObject,), names)(callable_object)


class _CountedObject:
    """Stands for an object with `__call__`; every other attribute is the object's own."""

    def __init__(self, wrapped: Any) -> None:
        self.__wrapped__ = wrapped
        # Without one where it is written in C, and where looking for it raises anything, as with a proxy.
        with contextlib.suppress(Exception):
            self.__signature__ = inspect.signature(wrapped)

    @property  # type: ignore[misc] # what `isinstance` asks
    def __class__(self) -> type:
        return type(self.__wrapped__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)


# Results whose work goes on -----------------------------------------------------------------------------------


def _counted_result(result: Any, count: Count, began: float) -> Any:
    """The result of a plain call: counted now, or when the work that it stands for ends."""
    kind = type(result)
    if kind is types.CoroutineType:
        return _named_like(_async_call(lambda: result, count)(), result)
    if kind is types.GeneratorType:
        is_coroutine = result.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE
        return _named_like((_async_call if is_coroutine else _generator_call)(lambda: result, count)(), result)
    if kind is types.AsyncGeneratorType:
        return _named_like(_async_generator_call(lambda: result, count)(), result)
    if _may_go_on(kind):
        if _has(kind, "add_done_callback") and _has(kind, "cancelled") and _counted_future(result, count, began):
            return result
        if _has(kind, "__await__") and not _has_another_use(kind):
            return _CountedAwaitable(result, count)
    count(perf_counter() - began, None)
    return result


def _may_go_on(kind: type) -> bool:
    """Whether results of a class may stand for work that goes on. Quick, because most do not."""
    for base in kind.__mro__:
        names = base.__dict__
        if "__await__" in names or "add_done_callback" in names:
            return True
    return False


def _counted_future(future: Any, count: Count, began: float) -> bool:
    """Count a future when it is done; False where it takes no callback."""
    try:
        future.add_done_callback(lambda done: count(perf_counter() - began, _error_of(done)))
    except Exception:  # noqa: BLE001 - a future of the host's own kind
        return False
    return True


def _has(kind: type, name: str) -> bool:
    """Whether a class or one of its bases defines an attribute. Runs no code of the host's."""
    return any(name in base.__dict__ for base in kind.__mro__)


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


def _has_another_use(kind: type) -> bool:
    """Whether it can also be entered or iterated, as a pool's `acquire()`: a stand-in would lose that."""
    names = ("__aenter__", "__enter__", "__aiter__", "__iter__")
    return any(_has(kind, name) for name in names)


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

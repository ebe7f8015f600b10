"""The extra properties of standard events: the host's function that fills them, in a box of time, and their check.

The function runs on the host's call path, where nothing can interrupt it. So its time is measured, and one that is slow
again and again is not called any more. What it returns or raises is untrusted: only checked values leave this module.
Imported where a host passes such a function.
"""

import inspect
import logging
import signal
from collections.abc import Callable, Container
from contextvars import ContextVar
from time import perf_counter
from types import CoroutineType, TracebackType
from typing import Any

import msgspec

from ..catalogue import OTHER, Catalogue, Checker, Properties
from .precomputed import class_name

log = logging.getLogger("footfall")
BOX_SECONDS = 0.01
"""The time that one call may take."""
MAX_OVERRUNS, FORGIVING_CALLS = 3, 10
"""A function is switched off at so many overruns; as many calls in time take one of them back.

So a function that is slow again and again goes, and one whose process had to wait for a processor now and then stays.
"""

Note = Callable[[str, bool, str], object]
_TOOL_EXECUTED = "tool_executed"
_running: ContextVar[bool] = ContextVar("footfall_extra_properties", default=False)


class PropertySource:
    """A host's function that fills extra properties: it gets a tool's name, or None where a client connects.

    Attributes:
        is_off: whether it has been too slow; then it is not called any more.
    """

    def __init__(self, function: Callable[[str | None], object]) -> None:
        self.function = function
        self.is_off = False
        self._overruns = self._in_time = 0

    def count(self, seconds: float) -> bool:
        """Count a call that took `seconds`; whether it was longer than its box."""
        if seconds > BOX_SECONDS:
            self._overruns += 1
            self.is_off = self._overruns >= MAX_OVERRUNS
            return True
        if self._overruns:
            self._in_time += 1
            if self._in_time >= FORGIVING_CALLS:
                self._in_time, self._overruns = 0, self._overruns - 1
        return False


def property_source(function: Any) -> PropertySource | None:
    """The source for a host's function; None, and one log line, for what is no plain function."""
    if callable(function) and not inspect.iscoroutinefunction(function):
        return PropertySource(function)
    what = "an async function" if callable(function) else f"a {class_name(type(function))}"
    log.warning("footfall fills no extra properties: `properties` is %s, not a plain function", what)
    return None


class ExtraValues:
    """Calls property sources, and admits what they return.

    Args:
        catalogue: has the extra properties.
        tools: the registered names of tools; the function gets no other name.
        note: called with a key of NOTES, whether to log it, and a detail for the log.
    """

    def __init__(self, catalogue: Catalogue, tools: Container[str], note: Note) -> None:
        rules = {
            event: {name: p.kind.checker(tools) for name, p in properties.items() if p.retired is None}
            for event, properties in catalogue.extra.items()
        }
        # Without any declaration the function is called for tool calls: its properties are unknown, and counted so.
        self._rules: dict[str, dict[str, Checker]] = rules or {_TOOL_EXECUTED: {}}
        self._tools, self._note = tools, note

    def encoded_for_call(self, source: PropertySource, tool: str) -> bytes:
        """The extra properties of a call as the end of a JSON object that has other members: `,"plan":"free"`."""
        values = self.values(source, _TOOL_EXECUTED, tool if tool in self._tools else OTHER)
        return b"," + msgspec.json.encode(values)[1:-1] if values else b""

    def values(self, source: PropertySource, event: str, tool: str | None) -> Properties:
        """The admitted extra properties of an event. Raises only what a signal handler of the host raises."""
        rules = self._rules.get(event)
        # A function that makes a call that is counted would be called for that one, too, without end.
        if rules is None or source.is_off or _running.get():
            return {}
        returned, failure = self._called(source, tool)
        if failure is not None:
            self._note("failed_properties", True, f" ({class_name(failure)})")
            return {}
        return self._admitted(event, rules, returned)

    def _called(self, source: PropertySource, tool: str | None) -> tuple[dict[str, object], type | None]:
        """What the function returns, and the class of its error, or of what it returns where that is no dict."""
        values: dict[str, object] | None = {}
        failure: type | None = None
        token = _running.set(True)
        began = perf_counter()
        try:
            returned = source.function(tool)
            values = _names_and_values(returned)
            seconds = perf_counter() - began
            failure = type(returned) if values is None else None
        except BaseException as error:
            # No error of the function must reach the host.
            seconds = perf_counter() - began
            if _is_of_a_signal(error):
                raise
            failure = type(error)
        finally:
            _running.reset(token)
        if source.count(seconds):
            self._note("slow_properties", source.is_off, "")
        return values or {}, failure

    def _admitted(self, event: str, rules: dict[str, Checker], values: dict[str, object]) -> Properties:
        if not values.keys() <= rules.keys():
            self._note("unknown_property", True, "")
        admitted: Properties = {}
        for name, check in rules.items():
            value = check(values.get(name))
            if value is not None:
                admitted[name] = value
            elif values.get(name) is not None:
                self._note("inadmissible_property", True, f" ({event}.{name})")
        return admitted


def _names_and_values(returned: object) -> dict[str, object] | None:
    """What a function returned, as a dict with plain texts as keys; None where it is no dict.

    No code of a subclass, of a key or of a value runs. A key that is no text counts as the empty name, which no
    property has.
    """
    if returned is None:
        return {}
    if type(returned) is CoroutineType:
        returned.close()  # or Python would warn that nobody awaits it
    if not issubclass(type(returned), dict):
        return None
    # Read in one step: the host may change its dict on another thread.
    members: list[tuple[object, object]] = list(dict.items(returned))  # type: ignore[arg-type] # a dict by its type
    return {(name if type(name) is str else ""): value for name, value in members}


def _is_of_a_signal(error: BaseException) -> bool:
    """Whether a handler of a signal raised it: the host is to end, and the function is not its cause."""
    if isinstance(error, KeyboardInterrupt):
        return True
    if not isinstance(error, SystemExit):
        return False
    handlers = {_code_of(signal.getsignal(number)) for number in signal.valid_signals()} - {None}
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False


def _code_of(handler: Any) -> Any:
    """The code of a Python function, a method, or an object with `__call__`; None for any other handler."""
    code = getattr(handler, "__code__", None)
    return code if code is not None else getattr(vars(type(handler)).get("__call__"), "__code__", None)

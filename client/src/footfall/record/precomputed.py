"""Finished tool calls: their checked properties as ready-made JSON, and an exception as the name of its class."""

import sys
from collections.abc import Callable

import msgspec

from ..catalogue import MAX_TOOL_NAME, EventCheck, ToolExecuted, Value, properties_of

_MAX_CLASS_NAME = 64
_MAX_ENTRIES = 1024
_DURATION = "duration_ms"


class PrecomputedCalls:
    """The properties of `tool_executed` as JSON, complete but for the duration, which comes last.

    The same clients call the same tools, so check and encoding are done once for each pair and not once per call. An
    entry holds the values that the check admitted, never the values as they were passed.

    Args:
        check: the check of `tool_executed`.

    Attributes:
        entries: tool, client and success as passed → the JSON up to the duration's value.
    """

    def __init__(self, check: EventCheck) -> None:
        self._check = check
        self.entries: dict[tuple[str, str, bool], bytes] = {}

    def add(self, tool: str, client: str, success: bool) -> bytes | None:
        """Compute an entry that is missing; None where the check refuses the event."""
        entries = self.entries
        admitted = self._check(ToolExecuted(tool=tool, success=success, duration_ms=0, mcp_client=client))
        if admitted is None:
            return None
        del admitted[_DURATION]
        encoded = b'%s,"%s":' % (msgspec.json.encode(admitted)[:-1], _DURATION.encode())
        # A client can send any text as either name: neither their number nor their length may fill the memory.
        if len(tool) <= MAX_TOOL_NAME and len(client) <= MAX_TOOL_NAME:
            if len(entries) >= _MAX_ENTRIES:
                entries.clear()
            entries[tool, client, success] = encoded
        return encoded

    def clear(self) -> None:
        """Forget all entries: after a change of the registered tools the check admits other values."""
        # A new dict: an entry that another thread checked before this and stores after it has no effect.
        self.entries = {}


def duration_check() -> Callable[[object], Value | None]:
    """The check of a call's duration in milliseconds."""
    return properties_of(ToolExecuted)[_DURATION].kind.checker()


def class_name(cls: type) -> str:
    """The name of a class, such as an exception's, or of its nearest base that its module defines under its own name.

    The name of a class that was made at run time could carry data; then the nearest base that is in the source code is
    reported. In the worst case that is `object`, or `BaseException` for an exception.
    """
    for candidate in cls.__mro__:
        name = candidate.__name__
        if (
            len(name) <= _MAX_CLASS_NAME
            and name.isascii()
            and name.isidentifier()
            and _is_defined_in_module(candidate, name)
        ):
            return name
    return "BaseException"


def _is_defined_in_module(cls: type, name: str) -> bool:
    module = sys.modules.get(cls.__module__) if isinstance(cls.__module__, str) else None
    return module is not None and vars(module).get(name) is cls

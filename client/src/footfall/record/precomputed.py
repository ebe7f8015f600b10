"""What a finished call says about itself: its outcome as properties, an exception as the name of its class."""

import sys
from collections.abc import Callable

import msgspec

from ..catalogue import EventCheck, ToolExecuted, Value, properties_of

_MAX_NAME = 64
_MOST_KEPT = 1024
_DURATION = "duration_ms"


class ReadyCalls:
    """The properties of `tool_executed` as JSON, ready but for the duration, which comes last.

    The same clients call the same tools, so the check and the encoding are done once for each and not per call. What
    is kept is what the check admitted, never what was given.

    Args:
        check: the one of `tool_executed`.

    Attributes:
        kept: tool, client and success as given → everything up to the duration's value.
    """

    def __init__(self, check: EventCheck) -> None:
        self._check = check
        self.kept: dict[tuple[str, str, bool], bytes] = {}

    def make(self, tool: str, client: str, success: bool) -> bytes | None:
        """What `kept` lacks; None where the check refuses the event."""
        kept = self.kept
        admitted = self._check(ToolExecuted(tool=tool, success=success, duration_ms=0, mcp_client=client))
        if admitted is None:
            return None
        del admitted[_DURATION]
        made = b'%s,"%s":' % (msgspec.json.encode(admitted)[:-1], _DURATION.encode())
        # Both may be any text that a client sends: neither many nor long ones may fill the memory.
        if len(tool) <= _MAX_NAME and len(client) <= _MAX_NAME:
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            kept[tool, client, success] = made
        return made

    def forget(self) -> None:
        """Check anew from now on: other tools are registered than before."""
        # A new one: what another thread checked before this and stores after it goes nowhere.
        self.kept = {}


def duration_check() -> Callable[[object], Value | None]:
    """The check of a call's duration in milliseconds."""
    return properties_of(ToolExecuted)[_DURATION].kind.checker()


def class_name(cls: type) -> str:
    """The name of a class, such as an exception's, or of its nearest base that stands in its module under its own name.

    A class made at run time could carry data in its name; such a one is reported as its nearest base that was
    written by somebody. At worst that is `object`, or `BaseException` for an exception.
    """
    for candidate in cls.__mro__:
        name = candidate.__name__
        if len(name) <= _MAX_NAME and name.isascii() and name.isidentifier() and _stands_in_module(candidate, name):
            return name
    return "BaseException"


def _stands_in_module(cls: type, name: str) -> bool:
    module = sys.modules.get(cls.__module__) if isinstance(cls.__module__, str) else None
    return module is not None and vars(module).get(name) is cls

"""Finished tool calls: their checked properties as ready-made JSON, and an exception as the name of its class."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..catalogue import MAX_TOOL_NAME, OTHER, EventCheck, ToolExecuted, Value, properties_of

_MAX_NAME = 64
_MAX_ENTRIES = 1024
_DURATION = "duration_ms"


CallKey = tuple[str, str, bool]
"""Tool, client and success, as they were passed."""


class PrecomputedCalls:
    """The properties of `tool_executed` as JSON, complete but for the duration, which comes last.

    The same clients call the same tools, so check and encoding are done once for each pair and not once per call. An
    entry holds the values that the check admitted, never the values as they were passed.

    Args:
        check: the check of `tool_executed`.
        note: called with a key of NOTES for each call of an adapter of which a name became `other`.

    Attributes:
        entries: tool, client and success as passed → the JSON up to the duration's value. A pair of which a name became
            `other` has none: `add` notes each of its calls.
    """

    def __init__(self, check: EventCheck, note: Callable[[str, bool], object]) -> None:
        self._check = check
        self._note = note
        self.entries: dict[CallKey, bytes] = {}
        self._others: dict[CallKey, tuple[bytes, list[str]]] = {}

    def add(self, tool: str, client: str, success: bool) -> bytes | None:
        """Compute an entry that is missing, and note the call; None where the check refuses the event."""
        entry, notes = self._others.get((tool, client, success)) or self._compute(tool, client, success)
        for note in notes:
            self._note(note, success)
        return entry

    def of_event(self, call: ToolExecuted) -> bytes | None:
        """All properties of a call that the host records itself, as JSON; None where the check has to see the event."""
        tool, client, success, duration = call.tool, call.mcp_client, call.success, call.duration_ms
        # Exactly these classes: what is equal to an admitted value, as 1 is to True, need not be one.
        if type(tool) is not str or type(client) is not str or type(success) is not bool or type(duration) is not float:
            return None
        key = tool, client, success
        entry = self.entries.get(key) or (self._others.get(key) or self._compute(tool, client, success))[0]
        number = encoded_duration(duration)
        return b"%b%b}" % (entry, number) if entry is not None and number is not None else None

    def _compute(self, tool: str, client: str, success: bool) -> tuple[bytes | None, list[str]]:
        """An entry and the notes on its calls, which are kept."""
        admitted = self._check(ToolExecuted(tool=tool, success=success, duration_ms=0, mcp_client=client))
        if admitted is None:
            return None, []
        notes = _notes(tool, client, admitted)
        del admitted[_DURATION]
        entry = b'%s,"%s":' % (msgspec.json.encode(admitted)[:-1], _DURATION.encode())
        # A client can send any text as either name: neither their number nor their length may fill the memory.
        if len(tool) <= MAX_TOOL_NAME and len(client) <= MAX_TOOL_NAME:
            if notes:
                _store(self._others, (tool, client, success), (entry, notes))
            else:
                _store(self.entries, (tool, client, success), entry)
        return entry, notes

    def clear(self) -> None:
        """Forget all entries: after a change of the registered tools the check admits other values."""
        # New dicts: an entry that another thread checked before this and stores after it has no effect.
        self.entries = {}
        self._others = {}


def _store(entries: dict[CallKey, Any], key: CallKey, entry: object) -> None:
    if len(entries) >= _MAX_ENTRIES:
        entries.clear()
    entries[key] = entry


def _notes(tool: str, client: str, admitted: Mapping[str, Value]) -> list[str]:
    """The notes on a call: which of its names became `other`."""
    notes = []
    if admitted["tool"] == OTHER != tool:
        notes.append("unnamed_tool")
    if admitted.get("mcp_client") == OTHER != client:
        notes.append("unlisted_client")
    return notes


_admit_duration = properties_of(ToolExecuted)[_DURATION].kind.checker()


def _encoded(milliseconds: float) -> bytes | None:
    duration = _admit_duration(milliseconds)
    return None if duration is None else b"%a" % duration


_HUNDREDTHS = tuple(_encoded(number / 100) for number in range(101))
_TENTHS = tuple(_encoded(number / 10) for number in range(101))
_WHOLE = tuple(_encoded(number) for number in range(101))


def encoded_duration(milliseconds: float) -> bytes | None:
    """The admitted duration as JSON; None for a value that is none.

    Most calls are shorter than a tenth of a second: for these a table saves rounding and formatting a number, which
    take as long as the rest of a line. A value close to the middle between two entries is rounded exactly.
    """
    if 0.0 <= milliseconds < 99.0:
        if milliseconds >= 10.0:
            return _WHOLE[round(milliseconds)]
        if milliseconds < 1.0:
            table, scaled = _HUNDREDTHS, milliseconds * 100.0
        else:
            table, scaled = _TENTHS, milliseconds * 10.0
        number = int(scaled)
        rest = scaled - number
        if rest < 0.4999:
            return table[number]
        if rest > 0.5001:
            return table[number + 1]
    return _encoded(milliseconds)


def class_name(cls: type) -> str:
    """The name of a class, such as an exception's, or of its nearest base that its module defines under its own name.

    The name of a class that was made at run time could carry data; then the nearest base that is in the source code is
    reported. In the worst case that is `object`, or `BaseException` for an exception.
    """
    for candidate in cls.__mro__:
        name = candidate.__name__
        if len(name) <= _MAX_NAME and name.isascii() and name.isidentifier() and _is_defined_in_module(candidate, name):
            return name
    return "BaseException"


def _is_defined_in_module(cls: type, name: str) -> bool:
    module = sys.modules.get(cls.__module__) if isinstance(cls.__module__, str) else None
    return module is not None and vars(module).get(name) is cls

"""From a catalogue to the fastest way to write its journal lines: one fragment of JSON per property, remembered.

The rules are the catalogue's own checkers. What a checker admits unchanged (a tool's name, a known client, a rounded
duration) is remembered together with its JSON, so that it costs one look-up the next time. What it changes or
refuses is never remembered: no refused content stays in memory.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass

import msgspec

from footfall.catalogue import Amount, Checker, Flag, Kind, Property

_REMEMBERED = 4096
_LONGEST = 200
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class PropertyRule:
    """How one property gets into a journal line.

    Attributes:
        wire: its name in the request.
        kind: the Python type whose values are remembered: True == 1, but a checker tells them apart. With int it is
            float too: a whole number is written as one, whichever it is.
        memory: value to fragment (`,"name":value`).
        fragment: the same for any value, None where it is not admitted.
        required: whether the event is refused without it.
    """

    wire: str
    kind: type
    memory: dict[object, str]
    fragment: Callable[[object], str | None]
    required: bool


@dataclass(frozen=True)
class EventRules:
    """Of one event: how its line begins, its properties (its own, those of all events, both), the names that may come.

    Numbers are among an event's own properties only.
    """

    head: str
    own: tuple[PropertyRule, ...]
    common: tuple[PropertyRule, ...]
    rows: tuple[PropertyRule, ...]
    known: frozenset[str]


def property_rules(
    properties: dict[str, Property], tools: Container[str] | None, names: dict[str, str]
) -> tuple[PropertyRule, ...]:
    """One row per property that is not retired; `names` maps wire names to the journal's where they differ."""
    return tuple(
        _row(wire, names.get(wire, wire), p.kind.checker(tools), _remembered_type(p.kind), p.required)
        for wire, p in properties.items()
        if p.retired is None
    )


def _remembered_type(kind: Kind) -> type:
    if isinstance(kind, Flag):
        return bool
    return int if isinstance(kind, Amount) else str


def _row(wire: str, name: str, checker: Checker, kind: type, required: bool) -> PropertyRule:
    memory: dict[object, str] = {}
    kinds = (int, float) if kind is int else (kind,)
    head = f',"{name}":'

    def fragment(value: object) -> str | None:
        admitted = checker(value)
        if admitted is None:
            return None
        text = head + _encode(admitted).decode()
        if type(value) in kinds and admitted == value and len(text) <= _LONGEST:
            if len(memory) >= _REMEMBERED:
                memory.clear()
            memory[value] = text
        return text

    return PropertyRule(wire, kind, memory, fragment, required)

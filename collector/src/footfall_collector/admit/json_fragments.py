"""JSON fragments of journal lines, one per property, cached by value.

The rules are the catalogue's own checkers. A value that a checker admits unchanged (a tool's name, a known client, a
rounded duration) is cached with its JSON, and costs one look-up the next time. A value that it changes or refuses is
never cached: no refused content stays in memory.
"""

import math
from collections.abc import Callable, Container
from dataclasses import dataclass

import msgspec

from footfall.catalogue import Amount, Checker, Flag, Kind, Property

_CACHE_SIZE = 4096
_MAX_CACHED_CHARACTERS = 200
_MAX_NUMBER = 32
"""The longest number: each digit more costs a parser more than the last, and floats of 17 digits have 24 bytes."""
_encode = msgspec.json.Encoder().encode
_decode_text = msgspec.json.Decoder(str).decode
_CONSTANTS = {b"null": None, b"true": True, b"false": False}

NOT_ADMISSIBLE = ()
"""Stands for a value that no rule admits."""


@dataclass(frozen=True)
class PropertyRule:
    """The rule that writes one property of a journal line.

    Attributes:
        wire: its name in the request.
        kind: the Python type of cached values: True == 1, but a checker distinguishes them. int includes float: both
            are written as a whole number where they are one.
        cache: value to fragment (`,"name":value`).
        raw_cache: the same by the value's JSON text.
        fragment: the same for any value; None where it is not admitted.
        required: the event is refused without it.
    """

    wire: str
    kind: type
    cache: dict[object, str]
    raw_cache: dict[bytes, str]
    fragment: Callable[[object], str | None]
    required: bool

    def raw_fragment(self, text: bytes) -> str | None:
        """The fragment of a value that is given as its JSON text; None where it is not admitted, or null."""
        cached = self.raw_cache.get(text)
        if cached is not None:
            return cached
        value = scalar_of(text)
        fragment = None if value is None else self.fragment(value)
        if fragment is not None and len(text) <= _MAX_CACHED_CHARACTERS and self.cache.get(value) is fragment:
            if len(self.raw_cache) >= _CACHE_SIZE:
                self.raw_cache.clear()
            self.raw_cache[text] = fragment
        return fragment


@dataclass(frozen=True)
class EventRules:
    """The rules of one event.

    Attributes:
        head: the beginning of its line.
        own: its own properties; only these include numbers.
        common: the properties of all events.
        properties: both.
        known_names: names in a request that are not counted as unknown.
        name: of the event.
        retired: names of properties that only earlier releases send.
        version: the name of the product's version.
    """

    head: str
    own: tuple[PropertyRule, ...]
    common: tuple[PropertyRule, ...]
    properties: tuple[PropertyRule, ...]
    known_names: frozenset[str]
    name: str
    retired: frozenset[str]
    version: str


def scalar_of(text: bytes) -> object:
    """The text, number, boolean or null of a JSON text that was parsed before; NOT_ADMISSIBLE for anything else.

    Numbers don't pass through msgspec's parser, which takes 50 times as long for those with a large exponent.
    """
    if text[:1] == b'"':
        try:
            return _decode_text(text)
        except (msgspec.DecodeError, ValueError):
            return NOT_ADMISSIBLE
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) > _MAX_NUMBER or text[:1] in (b"{", b"["):
        return NOT_ADMISSIBLE
    try:
        return int(text)
    except ValueError:
        number = float(text)
    return number if math.isfinite(number) else NOT_ADMISSIBLE


def property_rules(
    properties: dict[str, Property],
    tools: Container[str] | None,
    names: dict[str, str],
    required: Container[str] = (),
) -> tuple[PropertyRule, ...]:
    """One rule per property that is not retired; `names` maps wire names to the journal's where they differ.

    An event without one of the `required` properties is refused.
    """
    return tuple(
        _rule(wire, names.get(wire, wire), p.kind.checker(tools), _cached_type(p.kind), wire in required)
        for wire, p in properties.items()
        if p.retired is None
    )


def _cached_type(kind: Kind) -> type:
    if isinstance(kind, Flag):
        return bool
    return int if isinstance(kind, Amount) else str


def _rule(wire: str, name: str, checker: Checker, kind: type, required: bool) -> PropertyRule:
    cache: dict[object, str] = {}
    kinds = (int, float) if kind is int else (kind,)
    head = f',"{name}":'

    def fragment(value: object) -> str | None:
        admitted = checker(value)
        if admitted is None:
            return None
        text = head + _encode(admitted).decode()
        if type(value) in kinds and admitted == value and len(text) <= _MAX_CACHED_CHARACTERS:
            if len(cache) >= _CACHE_SIZE:
                cache.clear()
            cache[value] = text
        return text

    return PropertyRule(wire, kind, cache, {}, fragment, required)

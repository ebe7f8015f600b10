"""The quick way for an event that is exactly what Footfall's client sends; whatever differs is left to the slow one.

An event goes this way if it has the fields of the client and no other, and if every value is admitted as it is. Then
the decoder checks the types, and most of the line is remembered: one look-up for the event's own words, one for the
instance and the words that all its events carry. What the line says is the same on both ways.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Union

import msgspec
from isal.isal_zlib import crc32

from .batches import Batch
from .fragments import Row, Rules
from .instances import MAX_ID

_REMEMBERED = 16_384
_SHAPE = b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
_DIGITS = b"0123456789abcdef"
_ALIKE = bytes(ord("x") if n in _DIGITS else ord("?") if n == ord("x") else n for n in range(256))

Quick = Callable[[msgspec.Raw, Batch], bytes | None]
_Values = tuple[Any, ...]
_Learn = Callable[[_Values], str | None]


def uuid_fits(text: bytes) -> bool:
    """Whether a UUID is in its canonical form, in lower case. Faster than a regular expression."""
    return text.translate(_ALIKE) == _SHAPE


def sealed(body: bytes) -> bytes:
    """A whole line from all but its end: `journal.sealed`, with a faster checksum."""
    return b'%b,"c":"%08x"}\n' % (body, crc32(body))


def compile_quick(rules: Mapping[str, Rules], constants: Iterable[str], instance: Callable[[str], str]) -> Quick:
    """A function from a raw event to its journal line; None where it is not quite what the client sends.

    `constants` are the properties that mean nothing here, `instance` gives a `distinct_id`'s part of a line; what it
    raises for one that is not let in goes through.
    """
    decode, types = _decoder(rules, constants)
    shared = _sender(next(iter(rules.values())).common, instance)
    ways = {types[name]: _way(rule, shared) for name, rule in rules.items()}

    def line(raw: msgspec.Raw, batch: Batch) -> bytes | None:
        try:
            event = decode(raw)
        except (msgspec.DecodeError, ValueError, RecursionError):
            # Another sender's batch: the rest of it is hardly different.
            batch.quick = False
            return None
        stamp = event.timestamp
        when = batch.times.get(stamp)
        if when is None:
            when = batch.time_of(stamp, None)
            if stamp not in batch.times:
                return None
        return ways[type(event)](event, when)

    return line


def _way(rule: Rules, sender: Callable[[object], str | None]) -> Callable[[Any, str], bytes | None]:
    """A function from a decoded event of one kind and its times to its line."""
    head = rule.head
    own = _words([row for row in rule.own if row.kind is not int])
    amounts = _amounts([row for row in rule.own if row.kind is int])

    def line(event: Any, when: str) -> bytes | None:
        properties = event.properties
        said, numbers = own(properties), amounts(properties)
        if said is None or numbers is None or event.uuid.encode().translate(_ALIKE) != _SHAPE:
            return None
        # Last of all: an event that is refused for another reason makes no instance known.
        whose = sender(event)
        if whose is None:
            return None
        body = f"{head}{event.uuid}{when}{whose}{said}{numbers}".encode()
        return b'%b,"c":"%08x"}\n' % (body, crc32(body))

    return line


def _words(rows: Sequence[Row]) -> Callable[[object], str | None]:
    """From decoded properties the fragments of some, none of which is a number; None where they are not all as is."""
    if not rows:
        return lambda _: ""
    names = [_field(row.wire) for row in rows]
    # Of one name it would give a value, of two a tuple.
    return _remembering(attrgetter(*names, names[0]), lambda values: _joined(rows, values))


def _sender(rows: Sequence[Row], instance: Callable[[str], str]) -> Callable[[object], str | None]:
    """The same from a decoded event, for its instance and the properties that all events carry."""

    def learn(values: _Values) -> str | None:
        distinct_id = values[0]
        said = _joined(rows, values[1:])
        return instance(distinct_id[:MAX_ID]) + said if distinct_id and said is not None else None

    names = ("properties." + _field(row.wire) for row in rows)
    return _remembering(attrgetter("distinct_id", *names), learn)


def _remembering(values_of: Callable[[object], _Values], learn: _Learn) -> Callable[[object], str | None]:
    memory: dict[_Values, str] = {}
    known = memory.get

    def text(decoded: object) -> str | None:
        values = values_of(decoded)
        found = known(values)
        if found is None:
            found = learn(values)
            if found is not None:
                if len(memory) >= _REMEMBERED:
                    memory.clear()
                memory[values] = found
        return found

    return text


def _joined(rows: Sequence[Row], values: _Values) -> str | None:
    parts = []
    for row, value in zip(rows, values, strict=False):
        if value is not None:
            row.fragment(value)
            # A row remembers what its rule admits unchanged, and nothing else.
            if value not in row.memory:
                return None
            parts.append(row.memory[value])
        elif row.required:
            return None
    return "".join(parts)


def _amounts(rows: Sequence[Row]) -> Callable[[object], str | None]:
    """From decoded properties the fragments of numbers; None where one is missing or not admitted."""
    ways = [(attrgetter(_field(row.wire)), row.memory.get, row) for row in rows]

    def text(properties: object) -> str | None:
        found = ""
        for value_of, known, row in ways:
            value = value_of(properties)
            part = known(value) if type(value) is int else None
            if part is None and value is not None:
                part = row.fragment(value)
            if part is not None:
                found += part
            elif row.required or value is not None:
                return None
        return found

    return text if rows else lambda _: ""


def _decoder(
    rules: Mapping[str, Rules], constants: Iterable[str]
) -> tuple[Callable[[msgspec.Raw], Any], dict[str, type]]:
    """A decoder of events that have exactly the fields of the client's, and the type that it gives of each event."""
    beside: list[Any] = [(f"c_{name.strip('$')}", Any, msgspec.field(default=None, name=name)) for name in constants]
    types: dict[str, type] = {}
    for name, rule in rules.items():
        fields = [(_field(row.wire), _type(row), msgspec.field(default=None, name=row.wire)) for row in rule.rows]
        properties = msgspec.defstruct("Properties", [*fields, *beside], forbid_unknown_fields=True, gc=False)
        types[name] = msgspec.defstruct(
            "Incoming",
            [("uuid", str), ("timestamp", str), ("distinct_id", str), ("properties", properties)],
            tag_field="event",
            tag=name,
            forbid_unknown_fields=True,
            gc=False,
        )
    return msgspec.json.Decoder(Union[tuple(types.values())]).decode, types  # noqa: UP007 -- made at run time


def _type(row: Row) -> Any:
    return int | float | None if row.kind is int else row.kind | None


def _field(wire: str) -> str:
    """A field's name that can't be that of a constant or of anything else."""
    return f"p_{wire}"

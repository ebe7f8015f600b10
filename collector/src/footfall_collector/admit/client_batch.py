"""The quick way for a batch that is exactly what Footfall's client sends; whatever differs is left to the general one.

A batch goes this way if it has the fields of the client's and no other, in each of its events too, and if every value
is admitted as it is. Then one call decodes all of it and checks the types, and most of a line is remembered: one
look-up for the event's own words, one for the instance and the words that all its events carry, one for each number.
What the lines say is the same on both ways.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, Union

import msgspec
from isal.isal_zlib import crc32

from .instance_hash import MAX_ID
from .json_fragments import EventRules, PropertyRule
from .request_times import RequestTimes

_REMEMBERED = 16_384
_SHAPE = b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
_DIGITS = b"0123456789abcdef"
_ALIKE = bytes(ord("x") if n in _DIGITS else ord("?") if n == ord("x") else n for n in range(256))

_Values = tuple[Any, ...]
_ValuesOf = Callable[[object], _Values]
_Learn = Callable[[_Values], str | None]
_Remembered = tuple[_ValuesOf, dict[_Values, str], _Learn]
_Number = tuple[Callable[[object], Any], dict[object, str], PropertyRule]


class ClientBatch(msgspec.Struct):
    """A decoded batch. `sent_at` as the sender wrote it."""

    api_key: str
    batch: list[Any]
    sent_at: str | None = None


class ClientBatchPath(NamedTuple):
    """Both steps of the quick way.

    `read` decodes a body, None where it is not quite a batch of the client's; `lines` gives the lines of its events,
    all of them or None, and lets what is raised for an instance that is not let in go through.
    """

    read: Callable[[bytes], ClientBatch | None]
    lines: Callable[[ClientBatch, RequestTimes], list[bytes] | None]


class _Way(NamedTuple):
    head: str
    values_of: _ValuesOf
    known: dict[_Values, str]
    learn: _Learn
    numbers: Sequence[_Number]


def uuid_fits(text: bytes) -> bool:
    """Whether a UUID is in its canonical form, in lower case. Faster than a regular expression."""
    return text.translate(_ALIKE) == _SHAPE


def uuids_fit(texts: Sequence[str]) -> bool:
    """The same of many at once: as many commas as there are between so many UUIDs leave none within one."""
    return ",".join(texts).encode().translate(_ALIKE) == b",".join([_SHAPE] * len(texts))


def with_checksum(body: bytes) -> bytes:
    """A whole line from all but its end: `journal.with_checksum`, with a faster checksum."""
    return b'%b,"c":"%08x"}\n' % (body, crc32(body))


def compile_client_batch(
    rules: Mapping[str, EventRules], constants: Iterable[str], instance: Callable[[str], str]
) -> ClientBatchPath:
    """The quick way by a product's rules.

    `constants` are the properties that mean nothing here, `instance` gives a `distinct_id`'s part of a line.
    """
    decode, types = _decoder(rules, constants)
    ways = {types[name]: _way(rule) for name, rule in rules.items()}
    sender_of, senders, learn_sender = _sender(next(iter(rules.values())).common, instance)

    def read(body: bytes) -> ClientBatch | None:
        try:
            return decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None

    def lines(sent: ClientBatch, batch: RequestTimes) -> list[bytes] | None:
        if not uuids_fit([event.uuid for event in sent.batch]):
            return None
        found = []
        time_of = batch.times.get
        for event in sent.batch:
            head, values_of, known, learn, numbers = ways[type(event)]
            properties = event.properties
            values = values_of(properties)
            said = known.get(values) or learn(values)
            when = time_of(event.timestamp) or batch.known_time(event.timestamp)
            if said is None or when is None:
                return None
            for value_of, amounts, row in numbers:
                value = value_of(properties)
                part = amounts.get(value) or _amount(row, value)
                if part is None:
                    return None
                said += part
            # Last of all: an event that is refused for another reason makes no instance known.
            values = sender_of(event)
            whose = senders.get(values) or learn_sender(values)
            if whose is None:
                return None
            found.append(with_checksum(f"{head}{event.uuid}{when}{whose}{said}".encode()))
        return found

    return ClientBatchPath(read, lines)


def _amount(row: PropertyRule, value: object) -> str | None:
    """The fragment of a number that was not met yet, or of none; None where it is missing or not admitted."""
    if value is None:
        return None if row.required else ""
    return row.fragment(value)


def _way(rule: EventRules) -> _Way:
    numbers = [row for row in rule.own if row.kind is int]
    words = [row for row in rule.own if row.kind is not int]
    ways = [(attrgetter(_field(row.wire)), row.memory, row) for row in numbers]
    # Of one name it would give a value, of two a tuple: an event without words of its own is known by the instance's.
    names = [_field(row.wire) for row in words or rule.common]
    return _Way(rule.head, *_remembering([*names, names[0]], lambda values: _joined(words, values)), ways)


def _sender(rows: Sequence[PropertyRule], instance: Callable[[str], str]) -> _Remembered:
    """From a decoded event, what its instance and the properties that all events carry say."""

    def learn(values: _Values) -> str | None:
        # What is remembered is remembered whole: a longer one would stay in memory beyond what counts of it.
        distinct_id = values[0]
        said = _joined(rows, values[1:]) if 0 < len(distinct_id) <= MAX_ID else None
        return None if said is None else instance(distinct_id) + said

    return _remembering(["distinct_id", *("properties." + _field(row.wire) for row in rows)], learn)


def _remembering(names: Sequence[str], text_of: _Learn) -> _Remembered:
    memory: dict[_Values, str] = {}

    def learn(values: _Values) -> str | None:
        text = text_of(values)
        if text is not None:
            if len(memory) >= _REMEMBERED:
                memory.clear()
            memory[values] = text
        return text

    return attrgetter(*names), memory, learn


def _joined(rows: Sequence[PropertyRule], values: _Values) -> str | None:
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


def _decoder(
    rules: Mapping[str, EventRules], constants: Iterable[str]
) -> tuple[Callable[[bytes], ClientBatch], dict[str, type]]:
    """A decoder of batches that have exactly the client's fields, and the type that it gives of each event."""
    plain: Any = bool | str | int | float | None
    beside: list[Any] = [(f"c_{name.strip('$')}", plain, msgspec.field(default=None, name=name)) for name in constants]
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
    event: Any = Union[tuple(types.values())]  # noqa: UP007 -- made at run time
    batch: Any = msgspec.defstruct(
        "Batch",
        [("batch", list[event])],
        bases=(ClientBatch,),
        forbid_unknown_fields=True,
        gc=False,
        kw_only=True,
    )
    return msgspec.json.Decoder(batch).decode, types


def _type(row: PropertyRule) -> Any:
    return int | float | None if row.kind is int else row.kind | None


def _field(wire: str) -> str:
    """A field's name that can't be that of a constant or of anything else."""
    return f"p_{wire}"

"""The fast form of admission: a whole batch that is exactly in the form of Footfall's client.

A batch qualifies if it and each of its events have the client's fields and no others, and if every value is admitted
unchanged; any other batch is left to `any_event`. One call then decodes the whole batch and checks its types, and most
of a line comes from a cache: one look-up for the event's words, one for the instance and the words that all events
carry, one for each number. Both forms write the same lines.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple, Union

import msgspec
from isal.isal_zlib import crc32

from .instance_hash import MAX_ID, InstanceFragment
from .json_fragments import EventRules, PropertyRule
from .request_times import RequestTimes

_CACHE_SIZE = 16_384
_UUID_SHAPE = b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
_DIGITS = b"0123456789abcdef"
_DIGITS_TO_X = bytes(ord("x") if n in _DIGITS else ord("?") if n == ord("x") else n for n in range(256))

_Values = tuple[Any, ...]
_GetValues = Callable[[object], _Values]
_MakeText = Callable[[_Values], str | None]
_CachedText = tuple[_GetValues, dict[_Values, str], _MakeText]
_Number = tuple[Callable[[object], Any], dict[bytes, str], PropertyRule]


class ClientBatch(msgspec.Struct):
    """A decoded batch of Footfall's client. `sent_at` as the sender wrote it."""

    api_key: str
    batch: list[Any]
    sent_at: str | None = None


class ClientBatchWriter(NamedTuple):
    """Both steps of the fast form.

    `read` decodes a body; None where it is not in the client's form. `write_lines` returns the lines of all its events
    in one piece, or None where one is not admitted unchanged. It raises TooManyInstancesError.
    """

    read: Callable[[bytes], ClientBatch | None]
    write_lines: Callable[[ClientBatch, RequestTimes], bytes | None]


class _EventWriter(NamedTuple):
    head: str
    get_words: _GetValues
    cached_words: dict[_Values, str]
    make_words: _MakeText
    numbers: Sequence[_Number]


def is_canonical_uuid(text: bytes) -> bool:
    """Whether a UUID is in its canonical form, in lower case. Faster than a regular expression."""
    return text.translate(_DIGITS_TO_X) == _UUID_SHAPE


def are_canonical_uuids(texts: Sequence[str]) -> bool:
    """The same for many. A comma inside one text would be one comma too many for the joined shape."""
    return ",".join(texts).encode().translate(_DIGITS_TO_X) == b",".join([_UUID_SHAPE] * len(texts))


_LINE = '%s,"c":"%08x"}\n'


def with_checksums(bodies: Sequence[str]) -> bytes:
    """The lines of many bodies in one piece: one formatting of all takes half as long as one for each."""
    if len(bodies) == 1:
        return with_checksum(bodies[0].encode())
    checksums = [crc32(body.encode()) for body in bodies]
    return (_LINE * len(bodies) % tuple(chain.from_iterable(zip(bodies, checksums, strict=True)))).encode()


def with_checksum(body: bytes) -> bytes:
    """As `journal.with_checksum`, whose folder is above this one."""
    return b'%b,"c":"%08x"}\n' % (body, crc32(body))


def compile_client_batch(
    rules: Mapping[str, EventRules], constants: Iterable[str], instance_fragment: InstanceFragment
) -> ClientBatchWriter:
    """The fast form for a product's rules; `constants` are properties without a meaning here."""
    read, types = _reader(rules, constants)
    writers = {types[name]: _event_writer(rule) for name, rule in rules.items()}
    senders = _Senders(next(iter(rules.values())).common, instance_fragment)
    return ClientBatchWriter(read, _LineWriter(writers, senders).write_lines)


class _LineWriter:
    """Makes the journal lines of batches from the text of each event type and of each sender."""

    def __init__(self, writers: Mapping[type, _EventWriter], senders: "_Senders") -> None:
        self._writers, self._senders = writers, senders

    def write_lines(self, client_batch: ClientBatch, times: RequestTimes) -> bytes | None:
        if not are_canonical_uuids([event.uuid for event in client_batch.batch]):
            return None
        bodies, writers, senders = [], self._writers, self._senders
        cached_time, cached_mark = times.fragments.get, times.marks.get
        get_sender, cached_senders = senders.get_values, senders.of_peer(times.peer)
        # The events of a batch mostly have one sender, and an equal tuple is found faster than its hash.
        sender_values: _Values | None = None
        sender_text = ""
        for event in client_batch.batch:
            head, get_words, cached_words, make_words, numbers = writers[type(event)]
            properties = event.properties
            values = get_words(properties)
            text = cached_words.get(values) or make_words(values)
            time = cached_time(event.timestamp) or times.valid_time_fragment(event.timestamp)
            if text is None or time is None:
                return None
            for get_number, cached_numbers, rule in numbers:
                number = bytes(get_number(properties))
                fragment = cached_numbers.get(number) or _number_fragment(rule, number)
                if fragment is None:
                    return None
                text += fragment
            # Last of all: an event that is refused for another reason makes no instance known.
            values = get_sender(event)
            if values != sender_values:
                sender = cached_senders.get(values) or senders.make_text(times.peer, values)
                if sender is None:
                    return None
                mark = cached_mark(values[0])
                sender_values = values
                sender_text = sender + (times.marks.add(values[0], sender) if mark is None else mark)
            bodies.append(f"{head}{event.uuid}{time}{sender_text}{text}")
        return with_checksums(bodies)


def _reader(
    rules: Mapping[str, EventRules], constants: Iterable[str]
) -> tuple[Callable[[bytes], ClientBatch | None], dict[str, type]]:
    """`ClientBatchWriter.read`, and the type that it gives to each event."""
    decode, types = _decoder(rules, constants)

    def read(body: bytes) -> ClientBatch | None:
        try:
            return decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None

    return read, types


def _number_fragment(rule: PropertyRule, text: bytes) -> str | None:
    """The fragment of a number that is not cached; None where it is not admitted, or is missing and required."""
    if not text:
        return None if rule.required else ""
    return rule.raw_fragment(text)


def _event_writer(rules: EventRules) -> _EventWriter:
    numbers = [rule for rule in rules.own if rule.kind is int]
    words = [rule for rule in rules.own if rule.kind is not int]
    # attrgetter returns a tuple for two names or more, so the first one is repeated. An event that adds no words
    # uses the common ones as its key.
    names = [_field(rule.wire) for rule in words or rules.common]
    return _EventWriter(
        rules.head,
        *_with_cache([*names, names[0]], lambda values: _join_fragments(words, values)),
        [(attrgetter(_field(rule.wire)), rule.raw_cache, rule) for rule in numbers],
    )


class _Senders:
    """From a decoded event to the text of its instance and its common properties, with a cache for each peer.

    No peer uses what is cached for another one: a quicker answer would tell that somebody sends the same instance.
    """

    def __init__(self, common: Sequence[PropertyRule], instance_fragment: InstanceFragment) -> None:
        self._common, self._instance_fragment = common, instance_fragment
        self._by_peer: dict[str, dict[_Values, str]] = {}
        self._size = 0
        self.get_values: _GetValues = attrgetter("distinct_id", *("properties." + _field(rule.wire) for rule in common))

    def of_peer(self, peer: str) -> dict[_Values, str]:
        """The cached texts of a peer."""
        cache = self._by_peer.get(peer)
        if cache is None:
            self._make_room()
            cache = self._by_peer[peer] = {}
        return cache

    def make_text(self, peer: str, values: _Values) -> str | None:
        """The text of these values, which is cached; None where one is not admitted."""
        # The cache holds the whole key: a longer ID would keep more in memory than is used of it.
        distinct_id = values[0]
        text = _join_fragments(self._common, values[1:]) if 0 < len(distinct_id) <= MAX_ID else None
        if text is None:
            return None
        text = self._instance_fragment(distinct_id, peer) + text
        self._make_room()
        self.of_peer(peer)[values] = text
        self._size += 1
        return text

    def _make_room(self) -> None:
        if len(self._by_peer) + self._size >= 2 * _CACHE_SIZE:
            self._by_peer.clear()
            self._size = 0


def _with_cache(names: Sequence[str], make_text: _MakeText) -> _CachedText:
    cache: dict[_Values, str] = {}

    def make_and_cache(values: _Values) -> str | None:
        text = make_text(values)
        if text is not None:
            if len(cache) >= _CACHE_SIZE:
                cache.clear()
            cache[values] = text
        return text

    return attrgetter(*names), cache, make_and_cache


def _join_fragments(rules: Sequence[PropertyRule], values: _Values) -> str | None:
    fragments = []
    for rule, value in zip(rules, values, strict=False):
        if value is not None:
            rule.fragment(value)
            # Only values that the rule admits unchanged are in its cache.
            if value not in rule.cache:
                return None
            fragments.append(rule.cache[value])
        elif rule.required:
            return None
    return "".join(fragments)


def _decoder(
    rules: Mapping[str, EventRules], constants: Iterable[str]
) -> tuple[Callable[[bytes], ClientBatch], dict[str, type]]:
    """A decoder of batches that have exactly the client's fields, and the type of each event by name."""
    plain: Any = bool | str | None
    ignored: list[Any] = [(f"c_{name.strip('$')}", plain, msgspec.field(default=None, name=name)) for name in constants]
    types: dict[str, type] = {}
    for name, event_rules in rules.items():
        fields = [_struct_field(rule) for rule in event_rules.properties]
        properties = msgspec.defstruct("Properties", [*fields, *ignored], forbid_unknown_fields=True, gc=False)
        types[name] = msgspec.defstruct(
            "ClientEvent",
            [("uuid", str), ("timestamp", str), ("distinct_id", str), ("properties", properties)],
            tag_field="event",
            tag=name,
            forbid_unknown_fields=True,
            gc=False,
        )
    event: Any = Union[tuple(types.values())]  # noqa: UP007 -- made at run time
    batch: Any = msgspec.defstruct(
        "ProductBatch",
        [("batch", list[event])],
        bases=(ClientBatch,),
        forbid_unknown_fields=True,
        gc=False,
        kw_only=True,
    )
    return msgspec.json.Decoder(batch).decode, types


def _struct_field(rule: PropertyRule) -> tuple[str, Any, Any]:
    """A number stays raw: msgspec takes 50 times as long for one with a large exponent as for any other."""
    name = _field(rule.wire)
    if rule.kind is int:
        return name, msgspec.Raw, msgspec.field(default=msgspec.Raw(), name=rule.wire)
    return name, rule.kind | None, msgspec.field(default=None, name=rule.wire)


def _field(wire: str) -> str:
    """The name of a struct's field, which no constant or other attribute has."""
    return f"p_{wire}"

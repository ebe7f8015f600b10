"""From one event in any of the protocol's forms to its journal line, compiled from a product's catalogue."""

import hashlib
import uuid
from collections.abc import Callable, Container, Mapping
from typing import Any, NamedTuple, cast

import msgspec

from footfall.catalogue import WIRE_CONSTANTS, Catalogue, version_property

from .client_batch import ClientBatchWriter, compile_client_batch, is_canonical_uuid, with_checksum
from .instance_hash import MAX_ID, InstanceFragment, instance_fragments
from .json_fragments import NOT_ADMISSIBLE, EventRules, property_rules, scalar_of
from .misfits import MISFIT_EVENT, MISSING, NOT_ADMITTED, RETIRED, UNKNOWN_PROPERTIES
from .new_instances import NewInstances
from .request_times import RequestTimes

UNKNOWN_EVENT = "unknown_event"
MALFORMED = "malformed"
INVALID = "invalid"
TOO_LARGE = "event_too_large"
TOO_MANY_PROPERTIES = "too_many_properties"
BAD_UUID = "bad_uuid"
NO_INSTANCE = "no_instance"
UNKNOWN_PROPERTY = "unknown_property"
INVALID_PROPERTY = "invalid_property"

_MAX_NUMERIC_ID = 1 << 64
MAX_PROPERTIES = 64
"""Of one event, without those whose names begin with `$`: SDKs of browsers add some 50 of these."""
_MAX_ALL_PROPERTIES = 256


_MANY_MEMBERS, _MAX_MEMBERS = 192, 8_000
"""Events with more colons than the first are counted by these, and refused unread beyond the second in a request."""
_Scalar = str | bool | int | None


class _AnyEvent(msgspec.Struct, gc=False):
    """The fields of an event that are read, as scalars; anything else is NOT_ADMISSIBLE."""

    event: str
    properties: dict[str, Any] | None = None
    uuid: Any = None
    distinct_id: Any = None
    dollar_distinct_id: Any = msgspec.field(default=None, name="$distinct_id")
    timestamp: Any = None
    offset: Any = None


class _PlainEvent(msgspec.Struct, gc=False):
    """An event with texts, whole numbers, booleans and nulls alone, as most are; the parser skips other fields."""

    event: str
    properties: dict[str, _Scalar] | None = None
    uuid: _Scalar = None
    distinct_id: _Scalar = None
    dollar_distinct_id: _Scalar = msgspec.field(default=None, name="$distinct_id")
    timestamp: _Scalar = None
    offset: _Scalar = None


_NULL = msgspec.Raw(b"null")


class _RawEvent(msgspec.Struct, gc=False):
    """Any event. The parser makes nothing of what a value contains."""

    event: str
    properties: msgspec.Raw = _NULL
    uuid: msgspec.Raw = _NULL
    distinct_id: msgspec.Raw = _NULL
    dollar_distinct_id: msgspec.Raw = msgspec.field(default=_NULL, name="$distinct_id")
    timestamp: msgspec.Raw = _NULL
    offset: msgspec.Raw = _NULL


_decode_plain = cast("Callable[[bytes], _AnyEvent]", msgspec.json.Decoder(_PlainEvent).decode)
_decode_raw = msgspec.json.Decoder(_RawEvent).decode
_decode_properties = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

WriteLine = Callable[[msgspec.Raw, RequestTimes], "bytes | str"]
"""From a raw event to its journal line (bytes), or to the reason why it is refused (str).

Raises TooManyInstancesError."""


class LineWriters(NamedTuple):
    """Both forms of admission for one product."""

    any_event: WriteLine
    client_batch: ClientBatchWriter


def compile_writers(
    catalogue: Catalogue, tools: Container[str] | None, pepper: bytes, max_event_bytes: int, new_instances: NewInstances
) -> LineWriters:
    instance_fragment = instance_fragments(pepper, catalogue.product, new_instances)
    rules = _rules(catalogue, tools)
    write_line = _line_writer(catalogue.product, rules, instance_fragment)

    def any_event(raw: msgspec.Raw, times: RequestTimes) -> bytes | str:
        return TOO_LARGE if len(raw) > max_event_bytes else write_line(raw, times)

    return LineWriters(any_event, compile_client_batch(rules, WIRE_CONSTANTS, instance_fragment))


def _line_writer(product: str, rules: dict[str, EventRules], instance_fragment: InstanceFragment) -> WriteLine:
    version = version_property(product)
    read = _event_reader(rules, version)

    def write_line(raw: msgspec.Raw, times: RequestTimes) -> bytes | str:
        try:
            event = read(bytes(raw), times)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return MALFORMED
        if event is None:
            return TOO_MANY_PROPERTIES
        rule = rules.get(event.event)
        properties = event.properties or {}
        if rule is None:
            times.note_misfit(MISFIT_EVENT, properties.get(version))
            return UNKNOWN_EVENT
        distinct_id = event.distinct_id
        if type(distinct_id) is not str or not distinct_id:
            distinct_id = _distinct_id_of(event, properties)
            if distinct_id is None:
                return NO_INSTANCE
        event_uuid = event.uuid
        if type(event_uuid) is not str or not is_canonical_uuid(event_uuid.encode()):
            event_uuid = _uuid_of(event, product, times)
            if event_uuid is None:
                return BAD_UUID
        fragments = _properties(rule, properties, times)
        if fragments is None:
            return INVALID
        time = times.time_fragment(event.timestamp, event.offset)
        distinct_id = distinct_id[:MAX_ID]
        instance = instance_fragment(distinct_id, times.peer)
        mark = times.mark_of(distinct_id, instance)
        return with_checksum(f"{rule.head}{event_uuid}{time}{instance}{mark}{''.join(fragments)}".encode())

    return write_line


_Read = Callable[[bytes, int, RequestTimes], _AnyEvent | None]


def _event_reader(rules: Mapping[str, EventRules], version: str) -> Callable[[bytes, RequestTimes], _AnyEvent | None]:
    """Reads an event. It returns None for too many properties, and raises what msgspec does for one that is none."""
    read_raw = _raw_event_reader(rules, version)

    def read(text: bytes, times: RequestTimes) -> _AnyEvent | None:
        members = text.count(b":")
        try:
            event = _decode_plain(text) if members <= _MANY_MEMBERS else read_raw(text, members, times)
        except msgspec.ValidationError:
            if members > _MANY_MEMBERS:
                raise
            event = read_raw(text, members, times)
        properties = None if event is None else event.properties
        if properties is not None and len(properties) > MAX_PROPERTIES and not _are_few_enough(properties):
            return None
        return event

    return read


def _raw_event_reader(rules: Mapping[str, EventRules], version: str) -> _Read:
    """Reads the scalars of an event that may contain anything; of one that is not in the catalogue, the version."""
    names = frozenset().union(*(rule.known_names for rule in rules.values()), {version})
    fields = [("version", msgspec.Raw, msgspec.field(default=_NULL, name=version))]
    version_only: Any = msgspec.defstruct("VersionOnly", fields, gc=False)
    decode_version = msgspec.json.Decoder(version_only).decode

    def read_raw(text: bytes, members: int, times: RequestTimes) -> _AnyEvent | None:
        if members > _MANY_MEMBERS:
            times.members += members
            if times.members > _MAX_MEMBERS:
                return None
        event = _decode_raw(text)
        properties: dict[str, object] = {}
        if event.properties != _NULL and event.event not in rules:
            properties[version] = scalar_of(bytes(decode_version(event.properties).version))
        elif event.properties != _NULL:
            for name, value in _decode_properties(event.properties).items():
                properties[name] = scalar_of(bytes(value)) if name in names else NOT_ADMISSIBLE
        places = (event.uuid, event.distinct_id, event.dollar_distinct_id, event.timestamp, event.offset)
        return _AnyEvent(event.event, properties, *(scalar_of(bytes(place)) for place in places))

    return read_raw


def _rules(catalogue: Catalogue, tools: Container[str] | None) -> dict[str, EventRules]:
    common = property_rules(catalogue.common, None, {version_property(catalogue.product): "product_version"})
    rules = {}
    for name, event in catalogue.events.items():
        own = property_rules(event.properties, tools, {}, catalogue.indispensable(name))
        head = f'{{"product":{_json(catalogue.product)},"event":{_json(name)},"uuid":"'
        both = (*own, *common)
        known = frozenset(each.wire for each in both) | WIRE_CONSTANTS.keys() | {"distinct_id"}
        retired = frozenset({**event.properties, **catalogue.common}) - known
        rules[name] = EventRules(head, own, common, both, known, name, retired, version_property(catalogue.product))
    return rules


def _distinct_id_of(event: _AnyEvent, properties: dict[str, Any]) -> str | None:
    """The sender's ID from the places where PostHog reads it: the event, or its properties; None if it is missing."""
    candidates = (event.distinct_id, event.dollar_distinct_id, properties.get("distinct_id"))
    return next((text for text in map(_text_of_id, candidates) if text), None)


def _text_of_id(value: object) -> str | None:
    """PostHog's protocol: a number or a boolean stands for its JSON text. None for anything else but a text."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value) if -_MAX_NUMERIC_ID < value < _MAX_NUMERIC_ID else None
    return _json(value) if type(value) is float or type(value) is bool else None


def _json(value: str | float | bool) -> str:
    return msgspec.json.encode(value).decode()


def _properties(rule: EventRules, properties: dict[str, Any], times: RequestTimes) -> list[str] | None:
    """The fragments of admitted properties; None where a required one is missing. Counts the dropped ones."""
    if not properties.keys() <= rule.known_names:
        _count_unknown(rule, properties, times)
    get = properties.get
    fragments = []
    for each in rule.properties:
        value = get(each.wire)
        fragment = each.cache.get(value) if type(value) is each.kind else None
        if fragment is None and value is not None:
            fragment = each.fragment(value)
            if fragment is None:
                times.note_misfit(f"{rule.name}.{each.wire}: {NOT_ADMITTED}", get(rule.version))
                if not each.required:
                    times.dropped[INVALID_PROPERTY] += 1
        if fragment is not None:
            fragments.append(fragment)
        elif each.required:
            if value is None:
                times.note_misfit(f"{rule.name}.{each.wire}: {MISSING}", get(rule.version))
            return None
    return fragments


def _are_few_enough(properties: dict[str, Any]) -> bool:
    if len(properties) > _MAX_ALL_PROPERTIES:
        return False
    return sum(not name.startswith("$") for name in properties) <= MAX_PROPERTIES


def _count_unknown(rule: EventRules, properties: dict[str, Any], times: RequestTimes) -> None:
    """Count properties that are not in the catalogue. Only the names of retired ones are ours, and repeated."""
    unknown = properties.keys() - rule.known_names
    times.dropped[UNKNOWN_PROPERTY] += len(unknown)
    version = properties.get(rule.version)
    for name in unknown & rule.retired:
        times.note_misfit(f"{rule.name}.{name}: {RETIRED}", version)
    if unknown - rule.retired:
        times.note_misfit(f"{rule.name}: {UNKNOWN_PROPERTIES}", version)


def _uuid_of(event: _AnyEvent, product: str, times: RequestTimes) -> str | None:
    """The canonical form of an event's UUID; without one, or with an empty one, a UUID derived from the request.

    It is made of all events of the request and of the event's position among them: equal events of one request, and
    of two requests that differ in anything, count separately, and the same request sent again counts once. An event
    without a timestamp and an offset can't be distinguished from a retry of an equal one, so both count. None for a
    `uuid` that is no UUID.
    """
    given = event.uuid
    if given is not None and given != "":
        try:
            return str(uuid.UUID(given)) if type(given) is str else None
        except ValueError:
            return None
    timed = event.timestamp is not None or event.offset is not None
    salt = "" if timed else repr(times.received)
    digest = hashlib.sha256(f"{product}\0{salt}\0{times.position}\0".encode() + times.content_digest())
    return str(uuid.UUID(bytes=digest.digest()[:16], version=5))

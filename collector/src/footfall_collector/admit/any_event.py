"""One event in, its journal line out: the innermost loop of the collector, compiled from a product's catalogue."""

import hashlib
import uuid
from collections.abc import Callable, Container
from typing import Any

import msgspec

from footfall.catalogue import WIRE_CONSTANTS, Catalogue, version_property

from .client_batch import ClientBatchPath, compile_client_batch, uuid_fits, with_checksum
from .instance_hash import MAX_ID, instance_fragments
from .json_fragments import EventRules, property_rules
from .new_instances import TOO_MANY_INSTANCES, NewInstances, TooManyInstancesError
from .request_times import Counts, RequestTimes

UNKNOWN_EVENT = "unknown_event"
MALFORMED = "malformed"
INVALID = "invalid"
TOO_LARGE = "event_too_large"
BAD_UUID = "bad_uuid"
NO_INSTANCE = "no_instance"
UNKNOWN_PROPERTY = "unknown_property"
INVALID_PROPERTY = "invalid_property"

_LARGEST_ID = 1 << 64


class _Incoming(msgspec.Struct, gc=False):
    """The parts of an event that are looked at; everything else is skipped while it is parsed."""

    event: str
    properties: dict[str, Any] | None = None
    uuid: Any = None
    distinct_id: Any = None
    dollar_distinct_id: Any = msgspec.field(default=None, name="$distinct_id")
    timestamp: Any = None
    offset: Any = None


_decode = msgspec.json.Decoder(_Incoming).decode


Line = Callable[[msgspec.Raw, RequestTimes], "bytes | str"]
"""From a raw event to its journal line (bytes), or to the reason why it gets none (str)."""


def compile_lines(
    catalogue: Catalogue, tools: Container[str] | None, pepper: bytes, max_event_bytes: int, new_instances: NewInstances
) -> tuple[Line, ClientBatchPath]:
    """The general way of any event, and the quick one of a batch of the client's."""
    instance = instance_fragments(pepper, catalogue.product, new_instances)
    rules = _rules(catalogue, tools)
    general = _general(catalogue.product, rules, instance)

    def line(raw: msgspec.Raw, batch: RequestTimes) -> bytes | str:
        if len(raw) > max_event_bytes:
            return TOO_LARGE
        try:
            return general(raw, batch)
        except TooManyInstancesError:
            return TOO_MANY_INSTANCES

    return line, compile_client_batch(rules, WIRE_CONSTANTS, instance)


def _general(product: str, rules: dict[str, EventRules], instance: Callable[[str], str]) -> Line:
    """A function from a raw event in any of the protocol's forms to its journal line, or to the reason against it."""

    def line(raw: msgspec.Raw, batch: RequestTimes) -> bytes | str:
        try:
            event = _decode(raw)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return MALFORMED
        rule = rules.get(event.event)
        if rule is None:
            return UNKNOWN_EVENT
        properties = event.properties or {}
        distinct_id = event.distinct_id
        if type(distinct_id) is not str or not distinct_id:
            distinct_id = _distinct_id_of(event, properties)
            if distinct_id is None:
                return NO_INSTANCE
        name = event.uuid
        if type(name) is not str or not uuid_fits(name.encode()):
            name = _uuid_of(event, product, raw, batch)
            if name is None:
                return BAD_UUID
        parts = _properties(rule, properties, batch.dropped)
        if parts is None:
            return INVALID
        when = batch.time_of(event.timestamp, event.offset)
        return with_checksum(f"{rule.head}{name}{when}{instance(distinct_id[:MAX_ID])}{''.join(parts)}".encode())

    return line


def _rules(catalogue: Catalogue, tools: Container[str] | None) -> dict[str, EventRules]:
    common = property_rules(catalogue.common, None, {version_property(catalogue.product): "product_version"})
    rules = {}
    for name, event in catalogue.events.items():
        own = property_rules(event.properties, tools, {})
        head = f'{{"product":{_json(catalogue.product)},"event":{_json(name)},"uuid":"'
        rows = (*own, *common)
        rules[name] = EventRules(
            head, own, common, rows, frozenset(row.wire for row in rows) | WIRE_CONSTANTS.keys() | {"distinct_id"}
        )
    return rules


def _distinct_id_of(event: _Incoming, properties: dict[str, Any]) -> str | None:
    """The sender's ID from the places where PostHog takes it: the event, or its properties; None if it is missing."""
    candidates = (event.distinct_id, event.dollar_distinct_id, properties.get("distinct_id"))
    return next((text for text in map(_text_of_id, candidates) if text), None)


def _text_of_id(value: object) -> str | None:
    """PostHog's protocol: a number or a boolean stands for its JSON text. None for anything else but a text."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value) if -_LARGEST_ID < value < _LARGEST_ID else None
    return _json(value) if type(value) is float or type(value) is bool else None


def _json(value: str | float | bool) -> str:
    return msgspec.json.encode(value).decode()


def _properties(rule: EventRules, properties: dict[str, Any], dropped: Counts) -> list[str] | None:
    """The fragments of what is admitted; None where a required one is missing. Counts what is left out."""
    if not properties.keys() <= rule.known:
        dropped[UNKNOWN_PROPERTY] += len(properties.keys() - rule.known)
    get = properties.get
    parts = []
    for row in rule.rows:
        value = get(row.wire)
        part = row.memory.get(value) if type(value) is row.kind else None
        if part is None and value is not None:
            part = row.fragment(value)
            if part is None and not row.required:
                dropped[INVALID_PROPERTY] += 1
        if part is not None:
            parts.append(part)
        elif row.required:
            return None
    return parts


def _uuid_of(event: _Incoming, product: str, raw: msgspec.Raw, batch: RequestTimes) -> str | None:
    """The canonical form of a UUID; for an event that has none, or an empty one, a UUID derived from its bytes.

    The same request sent again gives the same UUIDs, so a retry counts once, and equal events of one request count
    apart: how many of them came before goes into the UUID. An event that has neither a timestamp nor an offset can't
    be told from a retry of an equal one, so both count. None where something else than a UUID is given.
    """
    given = event.uuid
    if given is not None and given != "":
        try:
            return str(uuid.UUID(given)) if type(given) is str else None
        except ValueError:
            return None
    timed = event.timestamp is not None or event.offset is not None
    moment = "" if timed else repr(batch.received)
    hashed = hashlib.sha256(f"{product}\0{moment}\0".encode() + bytes(raw))
    equals = batch.equal_events
    before = equals.get(hashed.digest(), 0)
    equals[hashed.digest()] = before + 1
    if before:
        hashed.update(b"\0%d" % before)
    return str(uuid.UUID(bytes=hashed.digest()[:16], version=5))

"""OTLP/HTTP requests for wrk with the events that `bench.collector.load.requests` has: one log record for each.

Protobuf and gzip, as OpenTelemetry's SDKs send them. What all events of an instance share is in the resource, once for
a request; a record has the event's name, its time, its UUID and its own properties. The form of a message is that of
opentelemetry-proto's `logs.proto` and `common.proto`, of which only these fields are needed.
"""

import functools
import struct
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import msgspec

from bench.collector.load.requests import Template, drawn_events
from footfall.send.wire import compressed

HEAD = (
    b"POST /v1/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\nContent-Encoding: gzip\r\n"
    b"Content-Length: %d\r\n\r\n"
)
_VARINT, _FIXED64, _BYTES = 0, 1, 2
_INFO = 9
"""The severity of an ordinary log record."""


def otlp_request(template: Template, size: int, sent_at: int, rng: Random) -> bytes:
    """One whole request of `size` of a template's events; `sent_at` in epoch seconds."""
    records = b"".join(_field(2, _record(*event)) for event in drawn_events(template, size, sent_at, rng))
    scope_logs = _field(2, _field(1, _field(1, b"footfall")) + records)
    packed = compressed(_field(1, _field(1, _resource(template.close)) + scope_logs))
    return HEAD % len(packed) + packed


@functools.cache
def _resource(close: bytes) -> bytes:
    """The instance and the constants, which a template has as the end of its events' JSON."""
    said = msgspec.json.decode(b'{"shared":{' + close)
    attributes = {"service.name": "dot-ai", "service.instance.id": said["distinct_id"], **said["shared"]}
    return b"".join(_attributes(1, attributes))


def _record(name: str, happened: int, uuid: str, properties: Mapping[str, Any]) -> bytes:
    """A LogRecord: its time, its severity, its attributes, and the name of the event."""
    attributes = b"".join(_attributes(6, {"uuid": uuid, **properties}))
    time = _tag(1, _FIXED64) + struct.pack("<Q", happened * 10**9)
    return time + _tag(2, _VARINT) + _varint(_INFO) + attributes + _field(12, name.encode())


def _attributes(number: int, values: Mapping[str, Any]) -> Iterator[bytes]:
    """A KeyValue of each property, as a field of its message."""
    for name, value in values.items():
        yield _field(number, _field(1, name.encode()) + _field(2, _any_value(value)))


def _any_value(value: Any) -> bytes:
    if isinstance(value, bool):
        return _tag(2, _VARINT) + _varint(value)
    if isinstance(value, int):
        return _tag(3, _VARINT) + _varint(value % (1 << 64))
    if isinstance(value, float):
        return _tag(4, _FIXED64) + struct.pack("<d", value)
    return _field(1, str(value).encode())


def _field(number: int, content: bytes) -> bytes:
    """A field of text or of a message."""
    return _tag(number, _BYTES) + _varint(len(content)) + content


def _tag(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)

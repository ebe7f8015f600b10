"""Requests that cost the collector far more than their size, one of each kind, for `test_decoding`.

Each is a whole HTTP request. `named` places a key in front of a body's events, so that the same content is tried by a
stranger and by a sender with a public key.
"""

import base64
import gzip
import importlib
import json
import struct
import zlib
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import quote

import zstandard

from collector.tests.receive.protocol.lz_writer import compress as lz64
from tests.attacks.senders import KEY, MIB, request

_brotli: Any = importlib.import_module("brotli")  # it has neither annotations nor stubs
FORM = "Content-Type: application/x-www-form-urlencoded"
GZIP = "Content-Encoding: gzip"
_RATIO = 150
SLOW_NUMBER = b"5e-324"
"""It has the exponent that msgspec takes longest for."""

Case = Callable[[], bytes]


def zipped(body: bytes, *headers: str, path: str = "/batch/") -> bytes:
    """The request with its body compressed.

    Its beginning is stored as it is, so that the rest may decode to as many bytes for each byte sent as it does.
    """
    stored = len(body) // _RATIO
    packed = gzip.compress(body[:stored], 0) + gzip.compress(body[stored:], 1)
    return request(packed, GZIP, *headers, path=path)


def named(events: bytes, key: str = KEY) -> bytes:
    """A batch: `events` without the brackets."""
    return b'{"api_key":"%b","batch":[%b]}' % (key.encode(), events)


def known_event(properties: bytes) -> bytes:
    """An event of the catalogue with these members of its properties."""
    return b'{"event":"tool_executed","distinct_id":"local_1","properties":{%b}}' % properties


def _many(part: bytes, size: int) -> bytes:
    return part * (size // len(part))


def _shallow(properties: int) -> bytes:
    return b",".join(b'"p%d":0' % n for n in range(properties))


FORMS: dict[str, Case] = {
    "a form of escapes, compressed": lambda: zipped(b"data=" + _many(b"%41", 31 * MIB), FORM),
    "a form of escapes": lambda: request(b"data=" + _many(b"%41", 19 * MIB), FORM),
    "a form of escapes within its bound": lambda: request(b"data=" + _many(b"%7B", MIB - 6), FORM),
    "a form of twice its bound": lambda: request(b"data=" + _many(b"%7B", 2 * MIB), FORM),
    "a form of wrong escapes": lambda: request(b"data=" + _many(b"%", MIB - 6), FORM),
    "a form of equals signs": lambda: request(b"data=" + _many(b"=", MIB - 6), FORM),
    "a form of fields": lambda: request(_many(b"a=b&", 2 * MIB), FORM),
    "a form of bytes beyond ASCII": lambda: request(b"data=" + _many("ü".encode(), MIB - 6), FORM),
    "a form of spaces": lambda: request(b"data=" + _many(b"+", MIB - 6), FORM),
    "a form by its first bytes alone": lambda: zipped(b"data=" + _many(b"%41", 31 * MIB)),
    "a query of escapes": lambda: request(b"", path="/e/?data=" + "%41" * 8_000),
}
ELEMENTS: dict[str, Case] = {
    "a list of numbers": lambda: zipped(b"[" + b"0," * 1_900_000 + b"0]"),
    "a list of empty objects": lambda: zipped(b"[" + b"{}," * 1_900_000 + b"{}]"),
    "a list of keys": lambda: zipped(b"[" + _many(b'{"api_key":"a"},', 30 * MIB) + b"{}]"),
    "a list of keys in properties": lambda: zipped(b"[" + _many(b'{"properties":{"token":"a"}},', 20 * MIB) + b"{}]"),
    "a batch of empty lists": lambda: zipped(named(b"[]," * 1_900_000 + b"[]")),
    "a batch of empty texts": lambda: zipped(named(b'"",' * 1_900_000 + b'""')),
    "an event, then numbers": lambda: zipped(named(b"{}," + _many(b"0,", 200_000) + b"0")),
    "as many empty objects as containers": lambda: zipped(named(_many(b"{},", 3 * 79_000) + b"{}")),
    "480 events of 4,000 properties": lambda: zipped(named(b",".join([known_event(_shallow(4_000))] * 480))),
    "events of 4,000 properties, within the values of a batch": lambda: zipped(
        named(b",".join([known_event(_shallow(4_000))] * 55))
    ),
    "the key of a batch 300,000 times": lambda: zipped(b"{" + _many(b'"api_key":"a",', 4 * MIB) + b'"batch":[]}'),
    "a batch 500,000 times": lambda: zipped(b"{" + _many(b'"batch":[{}],', 6 * MIB) + b'"api_key":"a"}'),
    "one property 80,000 times": lambda: zipped(named(known_event(_many(b'"tool":"",', 800_000) + b'"a":0'))),
    "persons": lambda: zipped(b"[" + _many(b'{"$set":{"a":1}},', 6 * MIB) + b"{}]", path="/engage/"),
    "persons with batches": lambda: zipped(
        named(b",".join([b'{"batch":[' + b"0," * 4_000 + b"0]}"] * 50)), path="/engage/"
    ),
    "identifiers of events, as lists": lambda: zipped(
        named(b",".join([b'{"uuid":[' + b"0," * 2_000 + b"0]}"] * 100)),
        "Authorization: Bearer " + KEY,
        path="/i/v1/analytics/events",
    ),
}
NESTING: dict[str, Case] = {
    "depth 900": lambda: zipped(named(b",".join([known_event(b'"a":' + b'{"a":' * 900 + b"0" + b"}" * 900)] * 3_000))),
    "depth 900 in lists": lambda: zipped(named(b",".join([b"[" * 900 + b"]" * 900] * 10_000))),
    "depth 900 in a property that is dropped": lambda: zipped(
        named(b",".join([known_event(b'"x":' + b"[" * 900 + b"]" * 900)] * 80))
    ),
    "depth without an end": lambda: zipped(_many(b"[", 30 * MIB)),
    "depth in a key": lambda: zipped(b'{"api_key":' + _many(b'{"a":', 10 * MIB)),
    "depth in the time of sending": lambda: zipped(b'{"sent_at":' + b"[" * 900 + b"]" * 900 + b',"batch":[{}]}'),
}
TEXTS: dict[str, Case] = {
    "escapes": lambda: zipped(named(known_event(b'"x":"' + _many(b"\\u0041", 20 * MIB) + b'"'))),
    "surrogates": lambda: zipped(named(known_event(b'"tool":"' + _many(b"\\ud83d\\ude00", 900_000) + b'"'))),
    "backslashes": lambda: zipped(named(b'"' + _many(b"\\\\", 20 * MIB) + b'"')),
    "a key of escapes": lambda: zipped(b'{"api_key":"' + _many(b"\\u0041", 20 * MIB) + b'","batch":[{}]}'),
    "a name of escapes": lambda: zipped(b'{"' + _many(b"\\u0041", 20 * MIB) + b'":1,"batch":[{}]}'),
    "an event's name of escapes": lambda: zipped(named(b'{"event":"' + _many(b"\\u0041", 900_000) + b'"}')),
    "white space": lambda: zipped(b"[" + _many(b" ", 30 * MIB) + b"]"),
    "white space before": lambda: zipped(_many(b"\n", 30 * MIB) + named(b"{}")),
    "a long text": lambda: request(named(b'"' + b"x" * 19 * MIB + b'"')),
    "no text at all": lambda: request(b"\xff" * 2 * MIB),
}
NUMBERS: dict[str, Case] = {
    "digits": lambda: zipped(named(known_event(b'"x":' + _many(b"1", 900_000)))),
    "many numbers of 4,000 digits": lambda: zipped(
        named(b",".join([known_event(b'"x":[' + b",".join([b"1" * 4_000] * 200) + b"]")] * 20))
    ),
    "numbers of 120 digits": lambda: zipped(
        named(b",".join([known_event(b'"x":[' + b",".join([b"1" * 120] * 500) + b"]")] * 100))
    ),
    "exponents": lambda: zipped(named(b",".join([known_event(b'"x":[' + (SLOW_NUMBER + b",") * 500 + b"0]")] * 400))),
    "exponents in numbers of the catalogue": lambda: zipped(
        named(b",".join([known_event(b'"duration_ms":' + SLOW_NUMBER)] * 1_500))
    ),
    "exponents in the client's own form": lambda: zipped(
        named(
            b'{"event":"tool_executed","uuid":"","timestamp":"","distinct_id":"","properties":{'
            + _many(b'"duration_ms":%b,' % SLOW_NUMBER, 900_000)
            + b'"duration_ms":1}}'
        )
    ),
    "exponents in constants of the client's form": lambda: zipped(
        named(
            b'{"event":"tool_executed","uuid":"","timestamp":"","distinct_id":"","properties":{'
            + _many(b'"$ip":%b,' % SLOW_NUMBER, 900_000)
            + b'"$ip":1}}'
        )
    ),
    "exponents in ages": lambda: zipped(
        named(b",".join([known_event(b'"tool":"a"')[:-1] + b',"offset":' + SLOW_NUMBER + b"}"] * 1_500))
    ),
    "exponents as keys": lambda: zipped(b"{" + _many(b'"api_key":1.5e-310,', 3 * MIB) + b'"batch":[{}]}'),
}


def _header(flags: int) -> bytes:
    return b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\xff"


def _gzip_bomb(flags: int, padding: bytes) -> bytes:
    """A gzip stream with padding between its head and its content."""
    text = b" " * BOMB_SIZE
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(text) + packer.flush()
    return _header(flags) + padding + packed + struct.pack("<II", zlib.crc32(text), len(text))


def _dynamic_blocks(size: int) -> bytes:
    """A gzip stream of many tiny blocks, each with code tables of its own."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31, 9)
    parts = []
    for n in range(size // 60):
        parts += [packer.compress(struct.pack("<I", n * 2_654_435_761 % 2**32) * 20), packer.flush(zlib.Z_BLOCK)]
    return b"".join([*parts, packer.flush()])[:size]


def _zstd_frame(window_exponent: int, blocks: bytes) -> bytes:
    return b"\x28\xb5\x2f\xfd\x00" + bytes([window_exponent << 3]) + blocks


def _lz64_noise(length: int) -> bytes:
    """A text with hardly a repetition."""
    random = Random(1)
    return lz64("".join(chr(random.randrange(32, 12_000)) for _ in range(length)))


BOMB_SIZE = 31 * MIB
_EMPTY_GZIP = gzip.compress(b"")
STREAMS: dict[str, Case] = {
    "gzip padded with zeros": lambda: request(gzip.compress(b" " * BOMB_SIZE, 9) + bytes(160_000), GZIP),
    "gzip padded in its head": lambda: request(_gzip_bomb(8, b"x" * 160_000 + b"\0"), GZIP),
    "gzip padded with empty blocks": lambda: request(_gzip_bomb(0, b"\0\0\0\xff\xff" * 32_000), GZIP),
    "members of gzip": lambda: request(_EMPTY_GZIP * 900_000, GZIP),
    "members of gzip before a long one": lambda: request(_EMPTY_GZIP * 15 + gzip.compress(b" " * 4 * MIB, 0), GZIP),
    "empty blocks of gzip": lambda: request(_header(0) + b"\0\0\0\xff\xff" * (19 * MIB // 5), GZIP),
    "blocks of gzip with tables": lambda: request(_dynamic_blocks(2 * MIB), GZIP),
    "gzip in gzip": lambda: request(gzip.compress(gzip.compress(b" " * BOMB_SIZE, 9)), GZIP),
    "gzip in base64 in gzip": lambda: zipped(base64.b64encode(gzip.compress(b" " * BOMB_SIZE, 9))),
    "gzip in a form": lambda: request(
        b"data=" + quote(base64.b64encode(gzip.compress(b" " * BOMB_SIZE, 9)), safe="").encode(), FORM
    ),
    "deflate with a tail": lambda: request(
        zlib.compress(b" " * BOMB_SIZE, 9) + b"x" * 160_000, "Content-Encoding: deflate"
    ),
    "br": lambda: request(_brotli.compress(b" " * BOMB_SIZE, quality=5), "Content-Encoding: br"),
    "br with a tail": lambda: request(_brotli.compress(b"{}") + b"x" * MIB, "Content-Encoding: br"),
    "zstd": lambda: request(zstandard.compress(b" " * BOMB_SIZE, 3), "Content-Encoding: zstd"),
    "frames of zstd": lambda: request(_many(zstandard.compress(b" "), 2 * MIB), "Content-Encoding: zstd"),
    "frames of zstd with large windows": lambda: request(
        (_zstd_frame(13, b"\x09\0\0 ") + _zstd_frame(0, b"\x09\0\0 ")) * 100_000, "Content-Encoding: zstd"
    ),
    "frames of zstd that are skipped": lambda: request(
        b"\x50\x2a\x4d\x18\0\0\0\0" * 20_000 + zstandard.compress(b" " * BOMB_SIZE, 3), "Content-Encoding: zstd"
    ),
    "lz64 of 256 kB": lambda: request(_lz64_noise(90_000)[: 256 << 10], path="/e/?compression=lz64"),
    "lz64 of its longest text": lambda: request(_lz64_noise(15_000)[: 32 << 10], path="/e/?compression=lz64"),
    "lz64 that grows": lambda: request(lz64("[" + " " * (MIB + 9)), path="/e/?compression=lz64"),
    "base64": lambda: request(_many(b"QUJD", 19 * MIB)),
    "base64 of spaces": lambda: request(b"x" + _many(b" ", 19 * MIB)),
}


def _large_batch() -> bytes:
    return named(b",".join(json.dumps({"event": f"e{n}", "properties": {}}).encode() for n in range(10_000)))


CONTENT: dict[str, Case] = {
    "10,000 events that nobody knows": lambda: zipped(_large_batch()),
    "one more event than a batch may have": lambda: zipped(named(b",".join([b"{}"] * 10_001))),
}
ALL: dict[str, Case] = {**FORMS, **ELEMENTS, **NESTING, **TEXTS, **NUMBERS, **STREAMS, **CONTENT}

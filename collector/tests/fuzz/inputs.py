"""Hostile requests: real ones with changes to their JSON, encoding, bytes and headers.

Everything follows from a seed, so that a failure can be reproduced. `MARKER` is in every place where a sender can put
text; no kind of property admits it, so it may not appear anywhere later.
"""

import base64
import gzip
import importlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import zstandard

from collector.tests.receive.protocol.lz_writer import compress as lz64
from collector.tests.receive.shapes import TOKEN, event

MARKER = "planted kx7 text"
KEY = TOKEN
RECORDED = json.loads((Path(__file__).parents[3] / "tests" / "data" / "dot-ai-batch.json").read_text("utf-8"))["body"]
PATHS = (
    *("/batch/", "/batch", "/e/", "/i/v0/e/", "/capture/", "/track/", "/engage/", "/i/v1/analytics/events") * 4,
    *("/s/", "/flags/", "/decide/", f"/array/{KEY}/config", f"/array/{KEY}/config.js", f"/array/{MARKER}/config.js"),
)
_brotli: Any = importlib.import_module("brotli")  # it has neither annotations nor stubs
_MOST_LZ = 600
_DEEP = 20_000

Headers = dict[bytes, bytes]


@dataclass(frozen=True)
class Input:
    """One request as an ASGI server hands it on; `gone`: the client leaves before its body is whole."""

    method: str
    path: str
    query: bytes
    headers: Headers
    parts: tuple[bytes, ...]
    gone: bool = False


def inputs(seed: int, count: int) -> Iterator[Input]:
    """`count` random requests."""
    random = Random(seed)
    for _ in range(count):
        yield _of_client(random) if random.random() < 0.1 else _input(random)


def _input(random: Random) -> Input:
    path = random.choice(PATHS)
    body, query, headers = _encoded(random, _body(random))
    if random.random() < 0.4:
        body = _damaged(random, body)
    if random.random() < 0.1:
        query = _damaged(random, query)
    query = b"&".join(filter(None, (query, *random.sample(_QUERIES, random.choice((0, 0, 1, 2))))))
    headers |= dict(random.sample(_HEADERS, random.choice((0, 0, 1, 3))))
    headers[b"authorization"] = b"Bearer " + (KEY.encode() if random.random() < 0.9 else MARKER.encode())
    cut = random.randrange(len(body) + 1)
    parts = (body,) if random.random() < 0.8 else (body[:cut], body[cut:])
    method = "GET" if not body or random.random() < 0.03 else random.choice(("POST",) * 40 + ("PUT", "HEAD", "OPTIONS"))
    return Input(method, path, query, headers, parts, len(parts) > 1 and random.random() < 0.1)


def _body(random: Random) -> bytes:
    """A body's JSON text: a real batch with a few changes, or anything at all."""
    if random.random() < 0.1:
        return _text(_anything(random, 4))
    whole: Any = RECORDED if random.random() < 0.3 else _made(random)
    whole = json.loads(json.dumps(whole))
    for _ in range(random.choice((0, 1, 1, 2, 5))):
        whole = _changed(random, whole)
    return _text(whole)


def _made(random: Random) -> Any:
    names = ("tool_executed", "tool_error", "server_started", "$pageview", MARKER)
    # What other SDKs add; without it, and as Footfall's own client writes it.
    more = random.choice(({"intent": MARKER, "$ip": MARKER}, {}, {"$geoip_disable": True, "$ip": "0.0.0.0"}))
    events = [event(random.choice(names), error_type="KeyError", **more) for _ in range(random.choice((1, 1, 2, 7)))]
    shape = random.randrange(4)
    if shape == 0:
        return {**events[0], "api_key": KEY}
    if shape == 1:
        return [{**one, "token": KEY} for one in events]
    return {"api_key": KEY, "batch": events, "sent_at": "2026-11-23T22:14:35.715Z", "more": MARKER}


def _of_client(random: Random) -> Input:
    """A batch in the form of Footfall's client, which takes the fast form of admission, or almost in that form."""
    names = random.choices(("tool_executed", "tool_error"), k=random.choice((1, 2, 7)))
    whole: Any = {"api_key": KEY, "sent_at": "2026-11-23T22:14:35Z", "batch": [_clients_event(name) for name in names]}
    for _ in range(random.choice((0, 0, 1, 2))):
        whole = _changed(random, whole)
    text = json.dumps(whole, separators=(",", ":")).encode()
    if random.random() < 0.3:
        text = _damaged(random, text)
    headers = {b"content-encoding": b"gzip", b"content-type": b"application/json"}
    return Input("POST", random.choice(PATHS[:8]), b"", headers, (_gzip(text),))


def _clients_event(name: str) -> dict[str, Any]:
    """Its own properties, those of all events, and the constants of the protocol; all in the client's order."""
    made = event(name, error_type="KeyError")
    own = ("tool", "error_type") if name == "tool_error" else ("tool", "success", "duration_ms", "mcp_client")
    said = {name: made["properties"][name] for name in (*own, "dot_ai_version", "ai_provider", "is_internal")}
    constants = {"$geoip_disable": True, "$process_person_profile": False, "$ip": "0.0.0.0"}
    whole = {**made, "properties": said | constants}
    return {field: whole[field] for field in ("event", "timestamp", "uuid", "properties", "distinct_id")}


def _changed(random: Random, whole: Any) -> Any:
    """A copy with one node, mostly a deep one, replaced, removed or doubled."""
    holder: Any = None
    key: Any = None
    node = whole
    while isinstance(node, (dict, list)) and node and (holder is None or random.random() < 0.85):
        holder = node
        key = random.choice(list(node)) if isinstance(node, dict) else random.randrange(len(node))
        node = node[key]
    if holder is None:
        return _anything(random, 3)
    kind = random.random()
    if kind < 0.7:
        holder[key] = _anything(random, 2)
    elif kind < 0.85:
        del holder[key]
    elif isinstance(holder, list):
        holder.insert(random.randrange(len(holder) + 1), node)
    else:
        holder[random.choice(_TEXTS)] = node
    return whole


_TEXTS = (
    MARKER, "", "\0", "\ud800", "é" * 300, "x" * 5000, "uuid", "batch", "distinct_id", "properties", "event", "offset",
    "tool_executed", "$set", "2026-11-23T22:14:35Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00",
    "1.2.3-rc.4", "00000000-0000-0000-0000-000000000000", "urn:uuid:12345678123456781234567812345678", "phx_personal",
)  # fmt: skip
_NUMBERS = (
    0, -1, 1, 0.5, -0.0, 1e308, 1e-320, 5e-324, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, 10**99, float("inf"),
    float("nan"),
)  # fmt: skip


def _anything(random: Random, depth: int) -> Any:
    kind = random.randrange(7 if depth else 5)
    if kind < 2:
        return random.choice(_TEXTS)
    if kind == 2:
        return random.choice(_NUMBERS)
    if kind < 5:
        return random.choice((None, True, False))
    many = range(random.choice((0, 1, 3)))
    if kind == 5:
        return [_anything(random, depth - 1) for _ in many]
    return {random.choice(_TEXTS): _anything(random, depth - 1) for _ in many}


def _text(whole: Any) -> bytes:
    return json.dumps(whole).encode()


def _encoded(random: Random, text: bytes) -> tuple[bytes, bytes, Headers]:
    """The body, query and headers as one of the SDKs sends them; sometimes with a wrong label."""
    name = random.choice(_NAMES)
    if name == "lz64" and len(text) > _MOST_LZ:
        name = "gzip"
    body, query, headers = _WAYS[name](text)
    if random.random() < 0.05:
        _, query, headers = _WAYS[random.choice(_NAMES)](b"{}")
    return body, query, headers


def _gzip(text: bytes) -> bytes:
    return gzip.compress(text, 1, mtime=0)


def _raw_deflate(text: bytes) -> bytes:
    return zlib.compress(text, 1)[2:-4]


def _b64(text: bytes) -> bytes:
    return base64.b64encode(text)


def _form(data: bytes, more: bytes = b"") -> bytes:
    return b"data=" + quote(data, safe="").encode() + more


_FORM: Headers = {b"content-type": b"application/x-www-form-urlencoded"}
_WAYS: dict[str, Callable[[bytes], tuple[bytes, bytes, Headers]]] = {
    "plain": lambda t: (t, b"", {b"content-type": b"application/json"}),
    "gzip": lambda t: (_gzip(t), b"", {b"content-encoding": b"gzip"}),
    "magic": lambda t: (_gzip(t), b"", {b"content-type": b"text/plain"}),
    "gzip-js": lambda t: (_gzip(t), b"compression=gzip-js", {}),
    "deflate": lambda t: (zlib.compress(t, 1), b"", {b"content-encoding": b"deflate"}),
    "raw deflate": lambda t: (_raw_deflate(t), b"", {b"content-encoding": b"deflate"}),
    "br": lambda t: (_brotli.compress(t, quality=1), b"", {b"content-encoding": b"br"}),
    "zstd": lambda t: (zstandard.compress(t, 1), b"", {b"content-encoding": b"zstd"}),
    "base64": lambda t: (_b64(t), b"compression=base64", {}),
    "base64 of gzip": lambda t: (_b64(_gzip(t)), b"", {}),
    "form": lambda t: (_form(_b64(t)), b"", _FORM),
    "form of gzip": lambda t: (_form(_b64(_gzip(t)), b"&compression=gzip-js"), b"", _FORM),
    "query": lambda t: (b"", b"data=" + quote(_b64(t), safe="").encode(), {}),
    "lz64": lambda t: (lz64(t.decode()), b"compression=lz64", {}),
}
_NAMES = tuple(_WAYS)
_QUERIES = (
    b"ip=1", b"beacon=1", b"_=1795472075715", b"_=" + b"9" * 400, b"ver=1.449.2", b"token=" + KEY.encode(), b"v=2",
    b"compression=gzip-js", b"compression=lz64", b"compression=rot13", b"sent_at=2026-11-23T22:14:35Z", b"data=%7B%FF",
    b"a=b&" * 40, b"who=" + quote(MARKER).encode(),
)  # fmt: skip
_HEADERS = (
    (b"content-encoding", b"gzip"), (b"content-encoding", b"br"), (b"content-encoding", b"zstd, gzip"),
    (b"content-encoding", MARKER.encode()), (b"content-type", MARKER.encode()), (b"user-agent", MARKER.encode()),
    (b"x-forwarded-for", MARKER.encode()), (b"cookie", MARKER.encode()), (b"posthog-request-timestamp", b"\xff"),
    (b"posthog-request-timestamp", b"2026-11-23T22:14:35.715Z"), (b"posthog-attempt", MARKER.encode()),
)  # fmt: skip


def _damaged(random: Random, whole: bytes) -> bytes:
    """A copy with a few bytes changed, lost, added or doubled."""
    body = bytearray(whole)
    for _ in range(random.choice((1, 1, 2, 8))):
        at = random.randrange(len(body) + 1)
        kind = random.randrange(6)
        if kind == 0 and at < len(body):
            body[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            body[at:at] = random.randbytes(random.choice((1, 4, 30)))
        elif kind == 2:
            del body[at : at + random.choice((1, 3, 50))]
        elif kind == 3:
            del body[at:]
        elif kind == 4:
            body[at:at] = body[at : at + 40]
        else:
            body[at:at] = random.choice(_SPLICES)
    return bytes(body)


_SPLICES = (
    b"[" * 40, b'{"a":' * 40, b"\\ud800", b"\0", b"\xff\xfe", b"1e999", b"-", b'"', b"data=", b"\x1f\x8b\x08", b",,",
    b"%41" * 40, b"5e-324", b"9" * 90,
    b"\x28\xb5\x2f\xfd", MARKER.encode(), b"%00", b"=", b"\xef\xbb\xbf",
)  # fmt: skip


def giants() -> list[Input]:
    """Requests that would need much memory or time: bombs of every encoding, deep nesting, many small values."""
    zeros = b" " * (40 << 20)
    bombs = {
        b"gzip": _gzip(zeros), b"deflate": zlib.compress(zeros, 1), b"br": _brotli.compress(zeros, quality=1),
        b"zstd": zstandard.compress(zeros, 1),
    }  # fmt: skip
    found = [Input("POST", "/batch/", b"", {b"content-encoding": name}, (body,)) for name, body in bombs.items()]
    bodies = (
        _gzip(_gzip(zeros)), b"[" * _DEEP, b'{"batch":[' + b'{"a":' * _DEEP, _gzip(b'{"a":' * _DEEP),
        b'{"api_key":"k","batch":[' + b"1," * 2_500_000 + b"1]}", b'{"batch":"' + b"x" * 3_000_000,
        _gzip(b"") * 5000, _text({"api_key": KEY, "batch": [event(tool=MARKER * 100_000)]}), b"QUJD" * 10_000_000,
        b"data=" + b"%41" * 300_000, b"[" + b"7" * 200_000, _gzip(b"[" + b"5e-324," * 100_000 + b"0]"),
        _gzip(b'{"' + b"\\u0041" * 300_000 + b'":1}'), _gzip(b"[" + b'{"api_key":"a"},' * 90_000 + b"{}]"),
    )  # fmt: skip
    return found + [Input("POST", "/e/", b"", {}, (body,)) for body in bodies]

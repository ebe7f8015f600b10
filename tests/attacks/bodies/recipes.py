"""Bodies of every encoding and structure, made from a small description that a search can change step by step."""

import base64
import gzip
import json
import random
import urllib.parse
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import brotli
import zstandard

from collector.tests.receive.protocol.lz_writer import compress
from tests.attacks.senders import KEY, request

MAX_SENT = 1 << 20
"""A second's worth of the rate that the bars are about."""
MAX_TEXT = 8 << 20
_FORM_TEXT, _LZ_TEXT = 1 << 20, 128 << 10

_EVENT = json.dumps(
    {
        "event": "tool_executed",
        "uuid": "6d1ac8f0-0000-4000-8000-000000000001",
        "distinct_id": "cluster_00000000000000aa",
        "timestamp": "2026-11-23T22:14:35Z",
        "properties": {"tool": "recommend", "success": True, "duration_ms": 1200, "is_internal": False},
    }
).encode()

_FILLINGS: dict[str, Callable[[int], bytes]] = {
    "zeros": lambda n: b"[" + b"0," * n + b"0]",
    "empty objects": lambda n: b"[" + b"{}," * n + b"{}]",
    "empty lists": lambda n: b"[" + b"[]," * n + b"[]]",
    "keys": lambda n: b"[" + b'{"api_key":"a"},' * n + b"{}]",
    "deep lists": lambda n: b"[" * n + b"]" * n,
    "deep objects": lambda n: b'{"a":' * n + b"1" + b"}" * n,
    "digits": lambda n: b"[" + b"9" * n + b"]",
    "fraction": lambda n: b"[0." + b"1" * n + b"e-300]",
    "escapes": lambda n: b'["' + b"\\u0041" * n + b'"]',
    "surrogates": lambda n: b'["' + b"\\ud83d\\ude00" * n + b'"]',
    "spaces": lambda n: b"[" + b" " * n + b"]",
    "text": lambda n: b'["' + b"x" * n + b'"]',
    "not UTF-8": lambda n: b'["' + b"\xff" * n + b'"]',
    "percent": lambda n: b"data=" + b"%41" * n,
    "fields": lambda n: b"data=1" + b"&a=1" * n,
    "plus": lambda n: b"data=" + b"+" * n,
    "base64": lambda n: base64.b64encode(b"[" + b"0," * n + b"0]"),
    "events": lambda n: b"[" + b",".join([_EVENT] * (n // 64 + 1)) + b"]",
    "properties": lambda n: b'[{"event":"tool_executed","properties":{' + _properties(n) + b"}}]",
    "commas in text": lambda n: b'["' + b"," * n + b'"]',
    "open braces": lambda n: b"[" + b"{" * n,
    "open quote": lambda n: b'["' + b'\\"' * n,
}
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda body: body,
    "gzip": lambda body: gzip.compress(body, 4, mtime=0),
    "deflate": lambda body: zlib.compress(body, 4),
    "raw deflate": lambda body: zlib.compress(body, 4)[2:-4],
    "br": lambda body: brotli.compress(body, quality=2),
    "zstd": lambda body: zstandard.compress(body, 3),
    "base64": base64.b64encode,
    "lz64": lambda body: compress(body[:_LZ_TEXT].decode("latin-1")),
    "members": lambda body: b"".join(gzip.compress(body[n : n + 4096], 1, mtime=0) for n in range(0, len(body), 4096)),
}
_HEADERS = {"raw deflate": "deflate", "members": "gzip", "base64": "", "lz64": "", "": ""}
WRAPPINGS = ("none", "key last", "key first", "guessed key", "form")
PATHS = ("/batch/", "/e/", "/engage/", "/i/v1/analytics/events", "/capture/", "/track/")
FILLINGS = tuple(_FILLINGS)


def _properties(n: int) -> bytes:
    return b",".join(b'"p%d":%d' % (k, k) for k in range(max(1, n // 16)))


@dataclass(frozen=True)
class Recipe:
    """The description of a request.

    Attributes:
        amount: repetitions of the filling.
        noise: bytes that can't be compressed, which earn a larger decoded size.
        inner, outer: encodings, one around the other.
        keyed: whether it has the valid key where it has one.
    """

    filling: str
    amount: int
    noise: int = 0
    wrapping: str = "none"
    inner: str = ""
    outer: str = "gzip"
    path: str = "/batch/"
    keyed: bool = False

    def body(self) -> bytes:
        """At most a megabyte; the amount is cut where the text would be too long."""
        return ENCODINGS[self.outer](ENCODINGS[self.inner](self._text()))[:MAX_SENT]

    def query(self) -> str:
        return "compression=lz64" if self.outer == "lz64" else ""

    def headers(self) -> dict[str, str]:
        headers = {"Host": "localhost"}
        if name := _HEADERS.get(self.outer, self.outer):
            headers["Content-Encoding"] = name
        if self.wrapping == "form":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if self.path.startswith("/i/v1"):
            headers["Authorization"] = f"Bearer {self._key()}"
        return headers

    def request(self) -> bytes:
        """The whole request as bytes."""
        lines = [f"{name}: {value}" for name, value in self.headers().items() if name != "Host"]
        return request(self.body(), *lines, path=self.path + (f"?{self.query()}" if self.query() else ""))

    def _key(self) -> str:
        return KEY if self.keyed else "phc_guess"

    def _text(self) -> bytes:
        filling = _FILLINGS[self.filling]
        unit = max(1, len(filling(1024)) // 1024)
        text = filling(min(self.amount, MAX_TEXT // unit))
        noise = random.Random(self.noise).randbytes(self.noise // 2).hex().encode()
        key = self._key().encode()
        if self.wrapping == "key first":
            return b'{"api_key":"%b","noise":"%b","batch":%b}' % (key, noise, text)
        if self.wrapping == "key last":
            return b'{"noise":"%b","batch":%b,"api_key":"%b"}' % (noise, text, key)
        if self.wrapping == "guessed key":
            return b'[{"event":"x","noise":"%b","properties":{"token":"%b"}},%b]' % (noise, key, text)
        if self.wrapping == "form":
            return b"data=" + noise + urllib.parse.quote_from_bytes(text[:_FORM_TEXT]).encode()
        return text

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

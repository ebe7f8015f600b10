"""Attackers: several of each kind at once, from many addresses, until they are stopped."""

import base64
import functools
import gzip
import itertools
import json
import socket
import threading
import zlib
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress

import brotli
import zstandard

from collector.tests.defence.wires import HEAD, request
from collector.tests.receive.protocol.lz_writer import compress
from collector.tests.receive.shapes import TOKEN, event

MIB = 1 << 20
_HOARDER_SECONDS = 0.005
"""The pause of a hoarder that holds all it wants: a byte to each of 150 connections in 0.75 s."""
_ZEROS = b"[" + b" " * (16 * MIB)


@functools.cache
def bombs() -> dict[str, bytes]:
    """Whole requests of a few kilobytes whose bodies become 16 MiB, several hundred times their size, by name."""
    packed = gzip.compress(_ZEROS, 9)
    return {
        "gzip": request(packed, "Content-Encoding: gzip"),
        "deflate": request(zlib.compress(_ZEROS, 9), "Content-Encoding: deflate"),
        "br": request(brotli.compress(_ZEROS, quality=5), "Content-Encoding: br"),
        "zstd": request(zstandard.compress(_ZEROS), "Content-Encoding: zstd"),
        "sniffed": request(packed),
        "gzip in gzip": request(gzip.compress(packed), "Content-Encoding: gzip"),
        "gzip in base64": request(base64.b64encode(packed)),
        "gzip in base64 in a form": request(b"data=" + base64.urlsafe_b64encode(packed)),
        "gzip in base64 in gzip": request(gzip.compress(base64.b64encode(packed)), "Content-Encoding: gzip"),
        "lz64": request(compress("[" + " " * (2 * MIB)), path="/e/?compression=lz64"),
    }


def deep(levels: int) -> list[bytes]:
    """Requests with JSON of the given depth, one for each place that may be nested."""
    nest = "[" * levels + "]" * levels
    objects = '{"a":' * levels + "1" + "}" * levels
    return [
        request(nest.encode()),
        request(objects.encode()),
        request(f'{{"api_key":"{TOKEN}","batch":[{nest}]}}'.encode()),
        request(f'{{"api_key":"{TOKEN}","batch":[{{"event":"tool_executed","properties":{objects}}}]}}'.encode()),
        request(f'{{"api_key":{nest},"event":"x"}}'.encode()),
        request(f'[{{"event":"x","properties":{{"token":{objects}}}}}]'.encode()),
    ]


@functools.cache
def flood(events: int = 9000) -> bytes:
    """A batch of valid events, close to the limit per request."""
    body = json.dumps({"api_key": TOKEN, "batch": [event() for _ in range(events)]}).encode()
    return request(gzip.compress(body), "Content-Encoding: gzip")


def big_body(size: int = 12 * MIB) -> bytes:
    """A complete body within the size limit that holds no event."""
    return request(b'{"api_key":"' + TOKEN.encode() + b'","batch":["' + b"x" * size + b'"]}')


def wrong_keys(count: int = 50) -> list[bytes]:
    """Valid batches under unknown keys."""
    events = [event() for _ in range(20)]
    return [request(json.dumps({"api_key": f"phc_guess_{n}", "batch": events}).encode()) for n in range(count)]


def million_values() -> bytes:
    """A batch of a million empty values."""
    return request(gzip.compress(b"[" + b"0," * MIB + b"0]"), "Content-Encoding: gzip")


def _send_in_time(connection: socket.socket, part: bytes) -> bool:
    """Send what the other end takes in a moment; whether the connection is still open."""
    connection.settimeout(0.2)
    try:
        connection.sendall(part)
    except TimeoutError:
        return True
    except OSError:
        connection.close()
        return False
    return True


class Attack:
    """Threads that attack: `each` of every kind, each thread from its own addresses. A context manager.

    Attributes:
        done: how often each kind of attack was carried out.
    """

    def __init__(self, port: int, each: int) -> None:
        self._port, self._stop = port, threading.Event()
        self.done: Counter[str] = Counter()
        kinds: dict[str, Callable[[str, int], None]] = {
            "bombs": self._sends([*bombs().values(), million_values()]),
            "big bodies": self._sends([big_body()]),
            "floods": self._sends([flood()]),
            "deep JSON": self._sends(deep(100_000)),
            "wrong keys": self._sends(wrong_keys()),
            "half bodies": self._hoard(HEAD + b"Content-Length: 20000000\r\n\r\n" + b"[" * MIB),
            "slow heads": self._hoard(b"POST /batch/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: "),
        }
        self.kinds = list(kinds)
        self._threads = [
            threading.Thread(target=work, args=(kind, n * each + k), daemon=True)
            for n, (kind, work) in enumerate(kinds.items())
            for k in range(each)
        ]

    def __enter__(self) -> "Attack":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _connected(self, n: int, turn: int) -> socket.socket:
        source = f"127.{10 + n}.{turn // 250 % 250}.{1 + turn % 250}"
        return socket.create_connection(("127.0.0.1", self._port), 5, source_address=(source, 0))

    def _sends(self, requests: list[bytes]) -> Callable[[str, int], None]:
        """Sends whole requests, one after the other, and waits a few seconds for each answer."""

        def send(kind: str, n: int) -> None:
            for turn in itertools.count():
                if self._stop.is_set():
                    return
                with suppress(OSError), self._connected(n, turn) as connection:
                    connection.sendall(requests[(turn + n) % len(requests)])
                    connection.recv(100)
                    self.done[kind] += 1

        return send

    def _hoard(self, part: bytes, most: int = 150) -> Callable[[str, int], None]:
        """Holds connections open that send the start of a request, later a few bytes more, and never its end.

        Only one that the collector has closed is replaced: a hoarder that is faster than the collector would else
        drop them before a limit does.
        """

        def hoard(kind: str, n: int) -> None:
            held: deque[socket.socket] = deque()
            for turn in itertools.count():
                full = len(held) >= most
                if self._stop.wait(_HOARDER_SECONDS if full else 0):
                    break
                with suppress(OSError):
                    connection = held.popleft() if full else self._connected(n, turn)
                    if _send_in_time(connection, b"x" if full else part):
                        held.append(connection)
                        self.done[kind] += 1
            for connection in held:
                connection.close()

        return hoard

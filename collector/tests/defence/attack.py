"""What an attacker sends, from many addresses at once, until told to stop."""

import base64
import functools
import gzip
import itertools
import json
import socket
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress

import brotli
import zstandard

from collector.tests.defence.wires import HEAD, request
from collector.tests.receive.lz_writer import compress
from collector.tests.receive.shapes import TOKEN, event

MIB = 1 << 20
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
    """Requests whose JSON is nested so deep, in each place where something may be nested."""
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


def huge_batch(events: int = 9000) -> bytes:
    """As many events as are admitted, each as small as can be."""
    body = json.dumps({"api_key": TOKEN, "batch": [event(uuid=None) for _ in range(events)]}).encode()
    return request(gzip.compress(body), "Content-Encoding: gzip")


def million_values() -> bytes:
    """A batch of a million nothings."""
    return request(gzip.compress(b"[" + b"0," * MIB + b"0]"), "Content-Encoding: gzip")


class Attack:
    """Threads that attack, each from addresses of its own. A context manager."""

    def __init__(self, port: int, threads: int) -> None:
        self._port, self._stop = port, threading.Event()
        requests = [*bombs().values(), huge_batch(), million_values(), *deep(100_000)]
        kinds: list[Callable[[int], None]] = [
            lambda n: self._send(n, requests),
            self._hoard,
            lambda n: self._send(n, requests),
        ]
        self._threads = [threading.Thread(target=kinds[n % len(kinds)], args=(n,), daemon=True) for n in range(threads)]
        self.sent = 0

    def __enter__(self) -> "Attack":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _connected(self, n: int, turn: int) -> socket.socket:
        source = f"127.{10 + n}.{turn // 250 % 250}.{1 + turn % 250}"
        return socket.create_connection(("127.0.0.1", self._port), 5, source_address=(source, 0))

    def _send(self, n: int, requests: list[bytes]) -> None:
        """Whole requests, one after the other."""
        for turn in itertools.count():
            if self._stop.is_set():
                return
            with suppress(OSError), self._connected(n, turn) as connection:
                connection.sendall(requests[(turn + n) % len(requests)])
                connection.recv(100)
                self.sent += 1

    def _hoard(self, n: int) -> None:
        """Connections that send most of a large body, and then nothing."""
        held: list[socket.socket] = []
        part = HEAD + b"Content-Length: 20000000\r\n\r\n" + b"[" * MIB
        for turn in itertools.count():
            if self._stop.is_set():
                break
            with suppress(OSError):
                connection = self._connected(n, turn)
                connection.settimeout(0.2)
                held.append(connection)
                connection.sendall(part)
            if len(held) > 200:
                held.pop(0).close()
        for connection in held:
            connection.close()

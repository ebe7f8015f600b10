"""What sends to the collector: an honest sender whose waits are timed, and an attacker of bounded rate and count."""

import http.client
import itertools
import json
import re
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.support.collector_process import CollectorProcess

MIB = 1 << 20
KEY = "phc_public_write_key"
HONEST_ADDRESS, ATTACKER_ADDRESS = "127.0.0.2", "127.0.0.66"
"""The collector is started such that 127.0.0.1, from where tests ask, is the only address without limits."""
ANSWER_SECONDS = 30.0
_HONEST_INTERVAL = 0.025
_HONEST_EVENTS = 5
_HONEST_CONNECTIONS = 4
_MAX_LATE_SECONDS = 15.0


def request(body: bytes, *headers: str, path: str = "/batch/", method: str = "POST") -> bytes:
    """A whole request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def honest_event(**properties: Any) -> dict[str, Any]:
    """An admissible event of this moment."""
    return {
        "event": "tool_executed",
        "uuid": str(uuid.uuid4()),
        "distinct_id": "cluster_00000000000000aa",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "properties": {"tool": "recommend", "success": True, "duration_ms": 1200, "is_internal": False, **properties},
    }


def honest_body(events: int = _HONEST_EVENTS) -> bytes:
    """A batch of admissible events under the known key."""
    return json.dumps({"api_key": KEY, "batch": [honest_event() for _ in range(events)]}).encode()


@dataclass(frozen=True)
class Exchanged:
    """One answer: `status` is 0 where the connection ended without one."""

    status: int
    retry_after: int | None = None


def exchange(connection: socket.socket, whole: bytes) -> Exchanged:
    """Send one request and read its answer on an open connection."""
    with suppress(ConnectionError):
        connection.sendall(whole)  # a refusal may close the connection before the body is sent
    received = b""
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            received += part
            head, end, body = received.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: *(\d+)", head.lower())
            if end and len(body) >= (int(length[1]) if length else 0):
                break
    if not received:
        return Exchanged(0)
    retry_after = re.search(rb"\r\nretry-after: *(\d+)", received.lower())
    return Exchanged(int(received.split()[1]), int(retry_after[1]) if retry_after else None)


def connected(collector: CollectorProcess, address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", collector.port), ANSWER_SECONDS, source_address=(address, 0))


def exchange_once(collector: CollectorProcess, address: str, whole: bytes) -> Exchanged:
    with connected(collector, address) as connection:
        return exchange(connection, whole)


class HonestSender:
    """Sends a small batch every 25 ms, each once, over four connections in turn.

    Attributes:
        waits: seconds from the moment at which a request was due to its answer.
        statuses: answers by status.
    """

    def __init__(self, collector: CollectorProcess, seconds: float) -> None:
        self._collector, self._seconds, self._began = collector, seconds, 0.0
        self.waits: list[float] = []
        self.statuses: Counter[int] = Counter()

    def run(self) -> None:
        """Send, and return when all are answered."""
        self._began = time.monotonic()
        threads = [threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(_HONEST_CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(self._seconds + 3 * ANSWER_SECONDS)
            assert not thread.is_alive(), "an honest request was not answered"

    def _send(self, first: int) -> None:
        connection: http.client.HTTPConnection | None = None
        pause = threading.Event()
        for n in range(first, int(self._seconds / _HONEST_INTERVAL), _HONEST_CONNECTIONS):
            due = self._began + n * _HONEST_INTERVAL
            late = time.monotonic() - due
            if late > _MAX_LATE_SECONDS:
                break  # enough to fail by
            pause.wait(max(0.0, -late))
            if connection is None:
                connection = http.client.HTTPConnection(
                    "127.0.0.1", self._collector.port, timeout=ANSWER_SECONDS, source_address=(HONEST_ADDRESS, 0)
                )
            try:
                connection.request("POST", "/batch/", honest_body())
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                status = 0
                connection.close()
                connection = None
            self.statuses[status] += 1
            self.waits.append(time.monotonic() - due)
        if connection is not None:
            connection.close()


class Attacker:
    """One peer that sends whole requests, one after the other, at a bounded rate. A context manager.

    Args:
        rate: bytes a second on the wire, of all connections together.
        count: the most requests that it sends.

    Attributes:
        statuses: answers by status; 0 where the connection ended without one.
        retry_afters: of answers with 429, whether they name a time.
        sent_bytes: of all requests.
    """

    def __init__(
        self,
        collector: CollectorProcess,
        requests: Sequence[bytes],
        *,
        rate: float = MIB,
        count: int = 100_000,
        connections: int = 4,
        address: str = ATTACKER_ADDRESS,
    ) -> None:
        self._collector, self._rate, self._count, self._address = collector, rate, count, address
        self._requests = itertools.cycle(requests)
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._began = 0.0
        self.statuses: Counter[int] = Counter()
        self.retry_afters: Counter[bool] = Counter()
        self.sent_bytes = 0
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(connections)]

    def __enter__(self) -> "Attacker":
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * ANSWER_SECONDS)
            assert not thread.is_alive(), "an attacker's request was not answered"

    def _next(self) -> bytes | None:
        """The next request once the rate allows it; None at the end."""
        with self._lock:
            if self._count <= 0 or self._stop.is_set():
                return None
            self._count -= 1
            whole = next(self._requests)
            due = self._began + self.sent_bytes / self._rate
            self.sent_bytes += len(whole)
        return None if self._stop.wait(max(0.0, due - time.monotonic())) else whole

    def _send(self) -> None:
        connection: socket.socket | None = None
        while (whole := self._next()) is not None:
            answer = Exchanged(0)
            with suppress(OSError):
                connection = connection or connected(self._collector, self._address)
                answer = exchange(connection, whole)
            if answer.status == 0 and connection is not None:
                connection.close()
                connection = None
            with self._lock:
                self.statuses[answer.status] += 1
                if answer.status == 429:
                    self.retry_afters[answer.retry_after is not None] += 1
        if connection is not None:
            connection.close()

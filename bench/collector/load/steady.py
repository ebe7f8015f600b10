"""Sends requests at a steady rate, independent of the answers, and reports the duration of each.

A request's time begins when it was due, not when a connection was free for it: a server that stalls can't hide the
requests that it kept from being sent.
"""

import argparse
import json
import select
import socket
import sys
import time
from collections import deque
from pathlib import Path

from bench.collector.load.requests import read

GOOD = b"HTTP/1.1 200 "
END = b'{"status":1}'
LAST_ANSWER_SECONDS = 10.0


class Steady:
    """One run over `connections` connections, at most one request on each at a time."""

    def __init__(self, port: int, connections: int) -> None:
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._due: dict[int, float] = {}
        self._got: dict[int, bytes] = {}
        self.answered: list[tuple[float, float]] = []
        self.failed = 0
        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets[connection.fileno()] = connection
            self._epoll.register(connection.fileno(), select.EPOLLIN)
        self._idle = deque(self._sockets)

    def run(self, requests: list[bytes], rate: float) -> None:
        """Send all requests, the first now. `answered` gets (due, answered) of each, by the monotonic clock."""
        began = time.monotonic()
        sent = 0
        while sent < len(requests) or self._due:
            now = time.monotonic()
            while sent < len(requests) and self._idle and began + sent / rate <= now:
                self._send(requests[sent], began + sent / rate)
                sent += 1
            wait = LAST_ANSWER_SECONDS
            if sent < len(requests) and self._idle:
                wait = max(0.0, began + sent / rate - time.monotonic())
            ready = self._epoll.poll(wait)
            if not ready and wait == LAST_ANSWER_SECONDS:
                self.failed += len(self._due)
                return
            for descriptor, _ in ready:
                self._receive(descriptor)

    def _send(self, request: bytes, due: float) -> None:
        descriptor = self._idle.popleft()
        self._due[descriptor] = due
        self._got[descriptor] = b""
        self._sockets[descriptor].sendall(request)

    def _receive(self, descriptor: int) -> None:
        part = self._sockets[descriptor].recv(4096)
        got = self._got[descriptor] = self._got.get(descriptor, b"") + part
        if got.startswith(GOOD) and got.endswith(END):
            self.answered.append((self._due.pop(descriptor), time.monotonic()))
            self._idle.append(descriptor)
        elif not part or not got.startswith(GOOD):
            # The connection is given up: where the next answer on it begins can't be known.
            self.failed += 1
            self._due.pop(descriptor, None)
            self._epoll.unregister(descriptor)


def main() -> int:
    """Print `{"answered": [[due, answered], …], "failed": n}`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--requests", type=Path, required=True, help="a file of bench.collector.load.requests")
    parser.add_argument("--count", type=int, required=True, help="how many of its requests")
    parser.add_argument("--rate", type=float, required=True, help="requests a second")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    requests = [request for request, _ in zip(read(options.requests), range(options.count), strict=False)]
    if len(requests) < options.count:
        raise SystemExit(f"steady: {options.requests} has {len(requests)} requests only")
    steady = Steady(options.port, options.connections)
    steady.run(requests, options.rate)
    json.dump({"answered": steady.answered, "failed": steady.failed}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())

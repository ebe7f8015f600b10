"""A server on loopback, in a separate process, that is up, down or hanging on command and counts received events.

Lines on its input: `up`, `down`, `hang`, `report`. It answers each with one line of JSON, and prints its port
first. Bodies are kept unparsed until a report is requested, so that counting takes no CPU time from the senders.
"""

import asyncio
import gzip
import json
import sys
from collections import defaultdict
from typing import Any

FIGURES = ("requests", "bytes", "events", "distinct")
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"status":1}'


class Requests:
    """What came in: bodies, requests and bytes."""

    def __init__(self) -> None:
        self.bodies: list[tuple[bytes, int]] = []
        self.mode = "up"
        self.open: set[asyncio.BaseTransport] = set()

    def report(self) -> dict[str, dict[str, int]]:
        """By write key: `requests`, `bytes` on the wire, `events`, and `distinct` ones by uuid.

        Each event with an empty uuid is one of its own: posthog-go writes it, and leaves the uuid to the server.
        """
        found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
        seen: dict[str, set[str]] = defaultdict(set)
        for body, size in self.bodies:
            said = json.loads(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
            key = said.get("api_key") or said.get("token") or ""
            one = found[key]
            uuids = [event["uuid"] or f"{one['events'] + n}" for n, event in enumerate(said["batch"])]
            seen[key].update(uuids)
            one["requests"] += 1
            one["bytes"] += size
            one["events"] += len(uuids)
            one["distinct"] = len(seen[key])
        return found


class Connection(asyncio.Protocol):
    """One connection of a sender."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._requests.open.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._requests.open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
            length = int(fields.get(b"content-length", b"0"))
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            if self._requests.mode == "up":
                if length:
                    self._requests.bodies.append((rest[:length], len(head) + 4 + length))
                self._transport.write(OK)


async def serve() -> None:
    loop = asyncio.get_running_loop()
    requests = Requests()
    server = await loop.create_server(lambda: Connection(requests), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps(port), flush=True)
    while word := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        if word == "report":
            print(json.dumps(requests.report()), flush=True)
            continue
        requests.mode = word
        server.close()
        for transport in list(requests.open):
            transport.abort()  # type: ignore[attr-defined] # a socket's transport
        if word != "down":
            server = await loop.create_server(lambda: Connection(requests), "127.0.0.1", port)
        print(json.dumps(word), flush=True)


if __name__ == "__main__":
    asyncio.run(serve())

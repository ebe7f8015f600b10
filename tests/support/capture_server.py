"""A small HTTP server that keeps every request unchanged, for assertions on the exact wire format."""

import gzip
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.waiting import wait_for


@dataclass(frozen=True)
class Captured:
    """One request: header names and body exactly as received."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def decoded(self) -> dict[str, Any]:
        """The JSON object in the gzip body."""
        value = json.loads(gzip.decompress(self.body))
        assert isinstance(value, dict)
        return value


@dataclass
class CaptureServer:
    """Listens on a free port of 127.0.0.1 while entered. Answers `status` with `answer` and `headers` to everything."""

    status: int = 200
    answer: bytes = b'{"status":1}'
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Captured] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> "CaptureServer":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events of all requests, in the order they came."""
        return [event for request in list(self.requests) for event in request.decoded["batch"]]

    def named(self, name: str) -> list[dict[str, Any]]:
        """The events of one name."""
        return [event for event in self.events if event["event"] == name]

    def wait_for(self, name: str, count: int = 1, seconds: float = 15.0) -> list[dict[str, Any]]:
        """Wait until at least this number of events with a name has arrived."""
        wait_for(lambda: len(self.named(name)) >= count, f"{count} of {name}", seconds)
        return self.named(name)

    def names(self) -> list[str]:
        return [str(event["event"]) for event in self.events]


def _handler(server: CaptureServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            server.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            server.requests.append(Captured(self.command, self.path, self.headers.items(), body))
            self.send_response(server.status)
            self.send_header("Content-Type", "application/json")
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(server.answer)))
            self.end_headers()
            self.wfile.write(server.answer)

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
            pass

    return Handler

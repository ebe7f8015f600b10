"""A real HTTP server on loopback that answers `/batch/` as a test chooses and stores all requests."""

import gzip
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

OK = b'{"status":1}'


class Request:
    """One request. `raw` is the body as received, `body` is decompressed, `events` is its batch."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.method = handler.command
        self.path = handler.path
        self.headers = dict(handler.headers.items())
        self.raw = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        packed = handler.headers.get("Content-Encoding") == "gzip"
        self.body = gzip.decompress(self.raw) if packed else self.raw
        self.events: list[dict[str, Any]] = json.loads(self.body)["batch"] if self.body.startswith(b"{") else []


Answer = Callable[["Server", Request, BaseHTTPRequestHandler], None]


def status(code: int, body: bytes = OK, **headers: str) -> Answer:
    """Answer with a status; header names have underscores for hyphens."""

    def answer(server: "Server", request: Request, handler: BaseHTTPRequestHandler) -> None:
        if code == 200 and body == OK:
            server.accept(request)
        handler.send_response_only(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hang(server: "Server", request: Request, handler: BaseHTTPRequestHandler) -> None:
    """Read the request and never answer, until the server stops."""
    server.stopping.wait(60)


def reset(server: "Server", request: Request, handler: BaseHTTPRequestHandler) -> None:
    """Reset the connection in the middle of an answer."""
    handler.send_response_only(200)
    handler.send_header("Content-Length", "12")
    handler.end_headers()
    handler.wfile.write(b'{"sta')
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    os.close(handler.connection.detach())


def drip(server: "Server", request: Request, handler: BaseHTTPRequestHandler) -> None:
    """Send the head of an answer, one byte a second."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 600:
        if server.stopping.wait(1):
            return
        try:
            handler.wfile.write(bytes([byte]))
        except OSError:
            return


class _QuietHTTPServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        return  # many tests disconnect on purpose


def _handler(server: "Server") -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            with server.changed:
                server.connections += 1

        def do_POST(self) -> None:
            request = Request(self)
            with server.changed:
                server.requests.append(request)
                server.changed.notify_all()
            server.answer(server, request, self)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            return

    return Handler


class Server:
    """A context manager. `answer` may be changed at any time.

    Attributes:
        requests: all of them, in order.
        accepted: uuid → event, for the batches that were answered with 200.
        accepted_count: events in those batches, repeated ones included.
        connections: number of connections.
    """

    def __init__(self, answer: Answer | None = None, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer or status(200)
        self.requests: list[Request] = []
        self.accepted: dict[str, dict[str, Any]] = {}
        self.accepted_count = 0
        self.connections = 0
        self.stopping = threading.Event()
        self.changed = threading.Condition()
        self._http = _QuietHTTPServer(("127.0.0.1", port), _handler(self))
        self.port = self._http.server_address[1]
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def accept(self, request: Request) -> None:
        """Store the events of a batch."""
        with self.changed:
            for event in request.events:
                self.accepted[event["uuid"]] = event
                self.accepted_count += 1
            self.changed.notify_all()

    def wait_for(self, condition: Callable[["Server"], bool], seconds: float = 20) -> bool:
        """Wait until a condition on this server holds, for at most `seconds`; whether it does."""
        with self.changed:
            return self.changed.wait_for(lambda: condition(self), seconds)

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, t: TracebackType | None) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()


def refusing(code: int, refused: set[str]) -> Answer:
    """Answer `code` to every batch that contains an event with one of these UUIDs."""

    def answer(server: Server, request: Request, handler: BaseHTTPRequestHandler) -> None:
        bad = any(event["uuid"] in refused for event in request.events)
        status(code if bad else 200)(server, request, handler)

    return answer

"""A TCP relay in front of a real server: keeps every byte and connects from another source address."""

import contextlib
import re
import socket
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass

_LENGTH = re.compile(rb"^content-length: *(\d+)\r$", re.IGNORECASE | re.MULTILINE)
_READ = 1 << 16


@dataclass(frozen=True)
class Request:
    """One request as it went over the wire: request line and headers, the body, the body decompressed."""

    head: bytes
    body: bytes

    @property
    def text(self) -> bytes:
        """The body without its gzip."""
        return zlib.decompress(self.body, 31) if self.body[:2] == b"\x1f\x8b" else self.body


class Tee:
    """Relays connections to a port of 127.0.0.1, each from `source`. Enter it to listen on a free port.

    Attributes:
        sent: what each connection sent.
        answered: what each was answered.
    """

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self._port = port
        self._source = source
        self.sent: list[bytearray] = []
        self.answered: list[bytearray] = []
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def requests(self) -> list[Request]:
        """Every whole request so far."""
        return [request for stream in list(self.sent) for request in _taken_apart(bytes(stream))]

    def raw(self) -> bytes:
        """Every byte of both directions."""
        return b"\n".join(map(bytes, [*self.sent, *self.answered]))

    def __enter__(self) -> "Tee":
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._port), 10, (self._source, 0))
            except OSError:
                return  # closed: the test is over
            self._open += [near, far]
            for source, target, kept in ((near, far, self.sent), (far, near, self.answered)):
                stream = bytearray()
                kept.append(stream)
                self._start(_relay, source, target, stream)


def _relay(source: socket.socket, target: socket.socket, stream: bytearray) -> None:
    with contextlib.suppress(OSError):
        source.settimeout(None)
        while data := source.recv(_READ):
            # Kept first: what is answered has been seen.
            stream += data
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def _taken_apart(stream: bytes) -> list[Request]:
    found = []
    while b"\r\n\r\n" in stream:
        head, _, rest = stream.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        size = int(length[1]) if length else 0
        if len(rest) < size:
            break
        found.append(Request(head, rest[:size]))
        stream = rest[size:]
    return found

"""A real HTTP proxy on loopback: answers CONNECT with a tunnel, or with a fixed answer."""

import socket
import threading
from contextlib import suppress
from types import TracebackType


class Proxy:
    """The proxy; a context manager. Every CONNECT leads to `target`, for any name.

    Args:
        target: port of 127.0.0.1.
        answer: sent instead of opening a tunnel; then the connection stays open and silent.

    Attributes:
        heads: the head of every request.
    """

    def __init__(self, target: int, answer: bytes | None = None) -> None:
        self.heads: list[str] = []
        self._target = target
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, t: TracebackType | None) -> None:
        for opened in (self._listener, *self._open):
            with suppress(OSError):
                opened.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (more := client.recv(4096)):
            head += more
        self.heads.append(head.decode())
        if self._answer is not None:
            client.sendall(self._answer)
            return
        server = socket.create_connection(("127.0.0.1", self._target))
        self._open.append(server)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=_forward, args=(client, server), daemon=True).start()
        _forward(server, client)


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

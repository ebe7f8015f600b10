"""A server on loopback that passes bytes on: what stands between a sender and its server in tests."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self


class ConnectionServer:
    """Serves each connection in a thread of its own; a context manager, whose end closes all of them.

    Attributes:
        port: the port of 127.0.0.1 on which it listens.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        in_thread(self._accept)
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
                in_thread(self._served, client)

    def _served(self, client: socket.socket) -> None:
        # Either side may be gone at any time.
        with suppress(OSError):
            self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        raise NotImplementedError

    def _connected(self, port: int) -> socket.socket:
        """A connection to a port of 127.0.0.1, which ends with the server."""
        server = socket.create_connection(("127.0.0.1", port))
        self._open.append(server)
        return server


def in_thread(work: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()


def pass_on(source: socket.socket, target: socket.socket, changed: Callable[[bytes], bytes] = bytes) -> None:
    """Send all bytes of one connection, as `changed` returns them, to another, until the first ends."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(changed(data))
        target.shutdown(socket.SHUT_WR)

"""A real HTTP proxy on loopback: answers CONNECT with a tunnel, or with a fixed answer."""

import socket

from tests.support.connections import ConnectionServer, in_thread, pass_on


class Proxy(ConnectionServer):
    """The proxy; a context manager. Every CONNECT leads to `target`, for any name.

    Args:
        target: port of 127.0.0.1.
        answer: sent instead of opening a tunnel; then the connection stays open and silent.

    Attributes:
        heads: the head of every request.
    """

    def __init__(self, target: int, answer: bytes | None = None) -> None:
        super().__init__()
        self.heads: list[str] = []
        self._target = target
        self._answer = answer
        self.address = f"127.0.0.1:{self.port}"

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (more := client.recv(4096)):
            head += more
        self.heads.append(head.decode())
        if self._answer is not None:
            client.sendall(self._answer)
            return
        server = self._connected(self._target)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        in_thread(pass_on, client, server)
        pass_on(server, client)

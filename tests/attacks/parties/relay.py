"""Somebody on the path: a relay that records every byte, and may change one."""

import socket
import threading
from contextlib import suppress
from types import TracebackType


class Relay:
    """Passes connections on to a port of 127.0.0.1; a context manager.

    Args:
        target: the port.
        flipped: the position of a byte from the sender that is changed; None for none.

    Attributes:
        recorded: all bytes of both directions.
    """

    def __init__(self, target: int, flipped: int | None = None) -> None:
        self.recorded = bytearray()
        self._target, self._flipped, self._sent = target, flipped, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> "Relay":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, t: TracebackType | None) -> None:
        for opened in (self._listener, *self._open):
            with suppress(OSError):
                opened.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sender, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open += [sender, server]
                for pair in ((sender, server), (server, sender)):
                    threading.Thread(target=self._forward, args=(*pair, pair[0] is sender), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, is_sender: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.recorded += data
                target.sendall(self._changed(data) if is_sender else data)
            target.shutdown(socket.SHUT_WR)

    def _changed(self, data: bytes) -> bytes:
        changed = bytearray(data)
        at = -1 if self._flipped is None else self._flipped - self._sent
        if 0 <= at < len(changed):
            changed[at] ^= 0x10
        self._sent += len(data)
        return bytes(changed)

"""Somebody on the path: a relay that records every byte, and may change one."""

import socket

from tests.support.connections import ConnectionServer, in_thread, pass_on


class Relay(ConnectionServer):
    """Passes connections on to a port of 127.0.0.1; a context manager.

    Args:
        target: the port.
        flipped: the position of a byte from the sender that is changed; None for none.

    Attributes:
        recorded: all bytes of both directions.
    """

    def __init__(self, target: int, flipped: int | None = None) -> None:
        super().__init__()
        self.recorded = bytearray()
        self._target, self._flipped, self._sent = target, flipped, 0

    def _serve(self, client: socket.socket) -> None:
        server = self._connected(self._target)
        in_thread(pass_on, server, client, self._recorded)
        pass_on(client, server, lambda data: self._changed(self._recorded(data)))

    def _recorded(self, data: bytes) -> bytes:
        self.recorded += data
        return data

    def _changed(self, data: bytes) -> bytes:
        changed = bytearray(data)
        at = -1 if self._flipped is None else self._flipped - self._sent
        if 0 <= at < len(changed):
            changed[at] ^= 0x10
        self._sent += len(data)
        return bytes(changed)

"""Connected sockets that never use or close a number that the host has reused (see `descriptor`).

A socket of the standard library waits and then reads by number: if the host closes all descriptors during the wait, it
reads from, writes to or closes whatever has that number next. Here the kernel's socket never blocks. Every operation
first proves the number and is repeated once the socket is ready, and a number that is not ours any more is forgotten.

Imported by file, late: most processes never connect before their first batch.
"""

import errno
import os
import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .descriptor import move_up, stands_for

_PROOF_SECONDS = 1.0
T = TypeVar("T")
if TYPE_CHECKING:
    _Socket = socket.socket
else:
    _Socket = object


class SocketLostError(ConnectionError):
    """Other code closed the number. It says nothing of the server."""

    def __init__(self) -> None:
        super().__init__(errno.EBADF, "the connection was closed by other code")


class _Proving(_Socket):
    """Proves the number before each operation, and waits up to the time-out, which the kernel does not know of."""

    _identity: tuple[int, int] | None = None
    """Device and inode; None while it is being made."""
    _seconds: float | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the number still stands for this socket. If it doesn't, it is forgotten."""
        number = self.fileno()
        if number < 0:
            return False
        if self._identity is None or stands_for(number, self._identity):
            return True
        self.detach()
        return False

    def _prove(self) -> None:
        if not self.is_ours:
            raise SocketLostError

    def _repeat(self, operation: Callable[[], T], event: int) -> T:
        """Call `operation` until it does not have to wait. Raises TimeoutError, and OSError of a broken connection."""
        end = None if self._seconds is None else time.monotonic() + self._seconds
        while True:
            self._prove()
            try:
                return operation()
            except BlockingIOError:
                self._wait(event, end)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN, end)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT, end)

    def _wait(self, event: int, end: float | None) -> None:
        """Wait until the socket is ready. Proven every second: the kernel goes on waiting for what has the number."""
        while True:
            self._prove()
            left = _PROOF_SECONDS if end is None else end - time.monotonic()
            poll = select.poll()
            poll.register(self.fileno(), event)
            if poll.poll(max(0.0, min(left, _PROOF_SECONDS)) * 1000):
                return
            if left <= _PROOF_SECONDS and end is not None:
                raise TimeoutError("timed out")

    # What a socket does -------------------------------------------------------------------------------------

    def settimeout(self, value: float | None) -> None:
        self._seconds = value

    def gettimeout(self) -> float | None:
        return self._seconds

    def connect(self, address: Any) -> None:
        self._prove()
        number = super().connect_ex(address)
        if number in (errno.EINPROGRESS, errno.EWOULDBLOCK):
            end = None if self._seconds is None else time.monotonic() + self._seconds
            self._wait(select.POLLOUT, end)
            self._prove()
            number = self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))

    def recv(self, *arguments: Any) -> bytes:
        return self._repeat(lambda: super(_Proving, self).recv(*arguments), select.POLLIN)

    def recv_into(self, *arguments: Any) -> int:
        return self._repeat(lambda: super(_Proving, self).recv_into(*arguments), select.POLLIN)

    def send(self, data: Any, flags: int = 0) -> int:
        return self._repeat(lambda: super(_Proving, self).send(data, flags), select.POLLOUT)

    def sendall(self, data: Any, flags: int = 0) -> None:
        left = memoryview(data).cast("B")
        while left:
            left = left[self.send(left, flags) :]

    def shutdown(self, how: int) -> None:
        self._prove()
        super().shutdown(how)

    def _real_close(self, *arguments: Any) -> None:
        if self.is_ours:
            super()._real_close(*arguments)  # type: ignore[misc] # what `close` calls; not in the types

    def __del__(self) -> None:
        # A finaliser of the standard library closes by number.
        if self.is_ours:
            super()._real_close()  # type: ignore[misc] # as above


class OwnSocket(_Proving, socket.socket):
    """A TCP socket."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        status = os.fstat(self.fileno())
        self._identity = status.st_dev, status.st_ino
        self.setblocking(False)

    def dup(self) -> "OwnSocket":
        self._prove()
        return OwnSocket(
            self.family, self.type, self.proto, fileno=move_up(os.dup(self.fileno()), self._identity or (0, 0))
        )


class OwnTlsSocket(_Proving, ssl.SSLSocket):
    """A TLS socket over an `OwnSocket`, made by a context whose `sslsocket_class` it is."""

    @classmethod
    def _create(cls, sock: Any, *_: Any, **named: Any) -> "OwnTlsSocket":
        identity = sock._identity
        created: OwnTlsSocket = super()._create(sock, **{**named, "do_handshake_on_connect": False})  # type: ignore[misc] # what contexts call; not in the types
        created._identity = identity
        created.setblocking(False)
        try:
            created.do_handshake()
        except OSError:
            created.close()
            raise
        return created

    def do_handshake(self, block: bool = False) -> None:
        self._repeat(super().do_handshake, select.POLLIN)


STANDARD = hasattr(select, "poll") and socket.socket.__module__ == "socket" and ssl.SSLSocket.__module__ == "ssl"
"""False where gevent or another library has replaced the standard library's sockets, which wait in its own loop."""


def is_usable(sock: Any) -> bool:
    """Whether the number of an `OwnSocket` is still its own. Any other socket can't be asked."""
    return getattr(sock, "is_ours", True) is True


def use_own_sockets(context: ssl.SSLContext) -> None:
    """Make a context give sockets of ours."""
    if STANDARD:
        context.sslsocket_class = OwnTlsSocket


def open_socket(address: tuple[str, int], timeout: float | None) -> socket.socket:
    """Connect to a host and port; each of its addresses gets `timeout` seconds. Raises OSError."""
    if not STANDARD:
        return socket.create_connection(address, timeout)
    failure: OSError = OSError("the host name has no address")
    host, port = address
    # As bytes: for a text Python imports the codec of international names, which takes as long as all of the sending.
    name = host.encode() if host.isascii() else host
    for family, kind, protocol, _, resolved in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM):
        connected = None
        try:
            raw = socket.socket(family, kind, protocol)
            status = os.fstat(raw.fileno())
            number = move_up(raw.detach(), (status.st_dev, status.st_ino))
            connected = OwnSocket(family, kind, protocol, fileno=number)
            connected.settimeout(timeout)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.connect(resolved)
            return connected
        except OSError as error:
            failure = error
            if connected is not None:
                connected.close()
    raise failure

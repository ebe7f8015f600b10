"""Connections whose whole answer, not only each read, must be there by a deadline: no slow drip holds the sender."""

import io
import socket
import time
from typing import Any
from urllib.parse import unquote

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager, ProxyManager
from urllib3.util import make_headers, parse_url

DEFAULT_SECONDS = 10.0
"""For a whole answer, where nobody set a timeout."""


class _Reader(io.RawIOBase):
    """The readable side of a socket; each read gets only what is left until the deadline.

    Reads through a file of the socket's own, which keeps a closed socket open until the answer was read: http.client
    closes the socket of an answer that says `Connection: close` before that.
    """

    def __init__(self, sock: Any, deadline: float) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        return int(self._file.readinto(buffer))

    def close(self) -> None:
        self._file.close()
        super().close()


class _Socket:
    """Stands for a connected socket; everything but reading goes to the socket itself."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def makefile(self, mode: str, *_: Any, **__: Any) -> io.BufferedReader:
        # http.client asks for one file per answer, so every answer gets a deadline of its own: the read timeout.
        seconds = self._sock.gettimeout() or DEFAULT_SECONDS
        return io.BufferedReader(_Reader(self._sock, time.monotonic() + seconds))


class _Plain(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        self.sock: Any = _Socket(self.sock)


class _Secure(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        self.sock: Any = _Socket(self.sock)

    def _tunnel(self) -> None:
        # A proxy's answer to CONNECT has a deadline too; TLS after it needs the real socket.
        real = self.sock
        self.sock = _Socket(real)
        try:
            super()._tunnel()
        finally:
            self.sock = real


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


def connections(proxy: str | None, ca_certs: str | None) -> PoolManager:
    """A manager of at most one connection, through a proxy if there is one. Certificates are always verified."""
    options: dict[str, Any] = {"num_pools": 1, "maxsize": 1, "block": False}
    if ca_certs:
        options["ca_certs"] = ca_certs
    if proxy:
        # Name and password in a proxy's address are for the proxy only.
        user = parse_url(proxy).auth
        headers = make_headers(proxy_basic_auth=unquote(user)) if user else None
        manager: PoolManager = ProxyManager(proxy, proxy_headers=headers, **options)
    else:
        manager = PoolManager(**options)
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
    return manager

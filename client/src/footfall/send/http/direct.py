"""One connection to the server itself, kept from batch to batch.

The standard library's: any MCP SDK has imported most of it already.
"""

import os
import select
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from os.path import isdir
from socket import gaierror
from typing import Any
from urllib.parse import urlsplit

from ...runtime.own_socket import (  # by file: `runtime` does not load it
    SocketLostError,
    is_usable,
    open_socket,
    use_own_sockets,
)
from .deadline import AnswerDeadline, ConnectionFailedError

CONNECT_SECONDS = 5.0


class _DirectHTTPConnection(AnswerDeadline, HTTPConnection):
    pass


class _DirectHTTPSConnection(AnswerDeadline, HTTPSConnection):
    pass


class DirectConnection:
    """Posts to one address. Used by one thread at a time.

    Args:
        url: `http://…` or `https://…`, with a path.
        ca_certs: file or directory of the authorities to trust; None for the system's.
    """

    def __init__(self, url: str, ca_certs: str | None) -> None:
        parts = urlsplit(url)
        self._path = parts.path
        self._connection = _connection(parts.scheme, parts.hostname or "", parts.port, ca_certs)

    def post(
        self, body: bytes, headers: Mapping[str, str], timeout: float, max_answer_bytes: int
    ) -> tuple[int, bytes, str | None]:
        """Post a body once: status, at most `max_answer_bytes` of the answer, and its Retry-After.

        `timeout` bounds connecting and the whole answer, in seconds each. Raises ConnectionFailedError.
        """
        try:
            self._connect(timeout)
            return self._request(body, headers, max_answer_bytes)
        except (OSError, ValueError, HTTPException) as error:
            self.close()
            raise ConnectionFailedError(_reason(error), lost=isinstance(error, SocketLostError)) from None

    def _connect(self, timeout: float) -> None:
        connection = self._connection
        if connection.sock is not None and (not is_usable(connection.sock) or _stale(connection.sock)):
            connection.close()
        if connection.sock is None:
            connection.timeout = min(timeout, CONNECT_SECONDS)
            try:
                connection.connect()
            except TimeoutError:
                raise _ConnectTimeoutError from None
        connection.sock.settimeout(timeout)

    def _request(self, body: bytes, headers: Mapping[str, str], max_answer_bytes: int) -> tuple[int, bytes, str | None]:
        connection = self._connection
        connection.putrequest("POST", self._path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        answer = response.read(max_answer_bytes)
        # Reading an overlong answer to its end costs more than a new connection.
        if not response.isclosed() and response.read(1):
            connection.close()
        return response.status, answer, response.headers.get("Retry-After")

    def close(self) -> None:
        """Close the connection; the next post makes a new one."""
        self._connection.close()

    def abandon(self) -> None:
        """In a forked child: close the parent's connection in this process only, without taking any lock."""
        sock = self._connection.sock
        if sock is not None and is_usable(sock):
            # Not close(): a thread of the parent may hold the lock of the answer's buffer, and it does not exist here.
            os.close(sock.detach())

    def __del__(self) -> None:
        # A host that checks for leaks must not find one of ours.
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()


class _ConnectTimeoutError(TimeoutError):
    pass


def _connection(scheme: str, host: str, port: int | None, ca_certs: str | None) -> Any:
    if scheme == "http":
        connection: Any = _DirectHTTPConnection(host, port)
    else:
        directory = ca_certs is not None and isdir(ca_certs)
        context = ssl.create_default_context(
            cafile=None if directory else ca_certs, capath=ca_certs if directory else None
        )
        use_own_sockets(context)
        connection = _DirectHTTPSConnection(host, port, context=context)
    # How http.client opens its socket.
    connection._create_connection = lambda address, timeout, _source: open_socket(address, timeout)
    return connection


def _stale(sock: Any) -> bool:
    """Whether the server has closed an idle connection, or sent data without a request."""
    if not hasattr(select, "poll"):  # pragma: no cover - Windows
        return True
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))


_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (gaierror, "the host name can't be resolved"),
    (ssl.SSLError, "the server's certificate can't be verified"),
    (_ConnectTimeoutError, "connecting timed out"),
    (TimeoutError, "the server did not answer in time"),
    (ConnectionRefusedError, "the connection was refused"),
)


def _reason(error: BaseException) -> str:
    # By class only: a message could name the address.
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "the connection broke")

"""A connection to one API server, with a bound on the size of every answer and on the time of every wait.

It is `http.client` over a socket that this module opens. So the caller can shut the socket down at any moment, also
in a TLS handshake, and no library logs, warns, retries, redirects or looks for a proxy.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ...runtime import Descriptor
from .facts import LookupOutcome
from .kubeconfig import Endpoint, NoAnswerError

if TYPE_CHECKING:  # imported only where a cluster is configured
    import socket
    import ssl

MAX_ANSWER_BYTES = 512 * 1024
_MAX_ADDRESSES = 4
_OUTCOMES: dict[int, LookupOutcome] = {401: "unauthorized", 403: "forbidden", 429: "server error"}


class TimeLimit:
    """A time limit for several steps. `cancel()` ends it early, from any thread, and shuts down the attached socket."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._cancelled = False
        self._socket: socket.socket | None = None

    def remaining(self) -> float:
        """Seconds left, more than 0. Raises TimeoutError if none are left."""
        seconds = self._deadline - time.monotonic()
        if seconds <= 0 or self._cancelled:
            raise TimeoutError
        return seconds

    def attach(self, connected: "socket.socket") -> None:
        """Make `cancel` shut this socket down. Raises TimeoutError if the time is up already."""
        # Store it, then check. `cancel` sets its flag, then reads the socket. So one of the two always sees the other.
        self._socket = connected
        self.remaining()

    def cancel(self) -> None:
        """End the limit now and shut the attached socket down."""
        self._cancelled = True
        connected = self._socket
        if connected is not None:
            try:
                connected.shutdown(2)  # SHUT_RDWR
            except OSError:
                return  # the peer has closed it already


class ApiConnection:
    """A connection that opens at the first request. The caller closes it.

    Raises:
        NoAnswerError: the endpoint's address or certificates can't be used.
    """

    def __init__(self, endpoint: Endpoint, time_limit: TimeLimit) -> None:
        import http.client
        from urllib.parse import urlsplit

        url = urlsplit(endpoint.server)
        if url.scheme not in ("https", "http") or not url.hostname:
            raise NoAnswerError("unreachable")
        self._host = url.hostname
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._path = url.path.rstrip("/")
        self._time_limit = time_limit
        self._name = endpoint.server_name or self._host
        self._tls = tls_context(endpoint) if url.scheme == "https" else None
        self._headers = {"Accept": "application/json", "User-Agent": "footfall"}
        if endpoint.token:
            self._headers["Authorization"] = f"Bearer {endpoint.token}"
        self._plain_socket: socket.socket | None = None
        self._http = http.client.HTTPConnection(self._host, self._port)
        self._http.auto_open = 0  # automatic opening would ignore TLS and the time limit

    def get(self, path: str) -> bytes:
        """The body of a 200.

        Raises:
            NoAnswerError: another status, or no HTTP at all.
            OSError: no connection, no trust (ssl.SSLError) or no time (TimeoutError).
            ValueError: the endpoint has an address or token that can't be sent.
        """
        import http.client

        try:
            if self._http.sock is None:
                self._connect()
            self._http.sock.settimeout(self._time_limit.remaining())
            self._http.request("GET", self._path + path, headers=self._headers)
            response = self._http.getresponse()
            body = response.read(MAX_ANSWER_BYTES + 1)
        except ConnectionError:
            raise  # RemoteDisconnected is also an HTTPException, and would be caught below
        except http.client.HTTPException:
            raise NoAnswerError("not an API answer") from None
        if response.status != 200:
            raise NoAnswerError(_status_outcome(response.status))
        if len(body) > MAX_ANSWER_BYTES:
            raise NoAnswerError("answer too large")
        return body

    def close(self) -> None:
        """Close the sockets, if any are open."""
        self._http.close()
        if self._plain_socket is not None:
            self._plain_socket.close()

    def _connect(self) -> None:
        self.close()
        connected = self._open_socket()
        self._http.sock = connected
        # TLS takes the socket over for its handshake, so `cancel` gets a duplicate.
        self._plain_socket = connected.dup()
        self._time_limit.attach(self._plain_socket)
        if self._tls is not None:
            connected.settimeout(self._time_limit.remaining())
            self._http.sock = self._tls.wrap_socket(connected, server_hostname=self._name)

    def _open_socket(self) -> "socket.socket":
        import socket

        from ...runtime.own_socket import open_socket

        addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)[:_MAX_ADDRESSES]
        failure: OSError = OSError("no address")
        for index, (*_, address) in enumerate(addresses):
            # Each address gets an equal share of the time, so that one that drops packets can't use it all.
            share = self._time_limit.remaining() / (len(addresses) - index)
            try:
                return open_socket((str(address[0]), self._port), share)
            except OSError as error:
                failure = error
        raise failure


def _status_outcome(status: int) -> LookupOutcome:
    if 300 <= status < 400:
        return "redirect"
    return _OUTCOMES.get(status, "server error" if status >= 500 else "not an API answer")


def is_tls_error(error: OSError) -> bool:
    """Whether an error comes from TLS: an untrusted server, no common protocol, a refused client certificate."""
    import ssl

    return isinstance(error, ssl.SSLError)


def tls_context(endpoint: Endpoint) -> "ssl.SSLContext":
    """The TLS context of an endpoint. Raises NoAnswerError if its certificates can't be used."""
    import ssl

    from ...runtime.own_socket import use_own_sockets

    # Not `create_default_context`: from Python 3.13 on it refuses the CAs that Kubernetes creates, and it writes
    # session keys to the file in SSLKEYLOGFILE.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    use_own_sockets(context)
    # As in Go, every certificate of the bundle is trusted: a root, an intermediate or the server's own.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        if not endpoint.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif endpoint.authorities:
            context.load_verify_locations(cadata=endpoint.authorities)
        else:
            context.load_default_certs()
        if endpoint.certificate is not None:
            with _as_path(endpoint.certificate) as certificate, _as_path(endpoint.key) as key:
                # Without a password here, OpenSSL would prompt for one on the terminal.
                context.load_cert_chain(str(certificate), key, password="")
    except (OSError, ValueError):
        raise NoAnswerError("tls") from None
    return context


@contextmanager
def _as_path(material: str | bytes | None) -> Iterator[str | None]:
    """A path for OpenSSL, which reads keys from files only. Keys given as data stay in memory (memfd)."""
    if not isinstance(material, bytes):
        yield material
        return
    if not hasattr(os, "memfd_create"):
        raise NoAnswerError("client key needs memfd")
    memory = Descriptor(os.memfd_create("footfall", os.MFD_CLOEXEC))
    try:
        with os.fdopen(memory.proven(), "wb", closefd=False) as file:
            file.write(material)
        yield f"/proc/self/fd/{memory.number}"
    finally:
        memory.close()

"""A connection to one API server: every answer bounded in size, every wait by what is left of the caller's time.

Plain `http.client` over a socket of our own: whoever waits can cut the socket at any moment, in the middle of a TLS
handshake too, and nothing on the way logs, warns, retries, redirects or looks for a proxy.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .facts import How
from .kubeconfig import Endpoint, NoAnswerError

if TYPE_CHECKING:  # what opens sockets is imported when there is somebody to ask
    import socket
    import ssl

ANSWER_LIMIT = 512 * 1024
_ADDRESSES = 4
_STATUS: dict[int, How] = {401: "unauthorized", 403: "forbidden", 429: "server error"}


class Patience:
    """How long there is left. `cut()` ends it early, from any thread, together with what goes over the wire."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._is_cut = False
        self._wire: socket.socket | None = None

    def left(self) -> float:
        """Seconds, more than 0. Raises TimeoutError when none are left."""
        left = self._deadline - time.monotonic()
        if left <= 0 or self._is_cut:
            raise TimeoutError
        return left

    def hold(self, wire: "socket.socket") -> None:
        """Let `cut` end this socket. Raises TimeoutError where the time is up already."""
        # First hold it, then look: `cut` does it in the other order, so one of them sees it.
        self._wire = wire
        self.left()

    def cut(self) -> None:
        """Nothing goes over the wire from now on."""
        self._is_cut = True
        wire = self._wire
        if wire is not None:
            try:
                wire.shutdown(2)  # SHUT_RDWR
            except OSError:
                return  # it has ended already


class Line:
    """A connection, opened at the first question. Close it.

    Raises:
        NoAnswerError: the endpoint's address or certificates can't be used.
    """

    def __init__(self, endpoint: Endpoint, patience: Patience) -> None:
        import http.client
        from urllib.parse import urlsplit

        url = urlsplit(endpoint.server)
        if url.scheme not in ("https", "http") or not url.hostname:
            raise NoAnswerError("unreachable")
        self._host = url.hostname
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._path = url.path.rstrip("/")
        self._patience = patience
        self._name = endpoint.server_name or self._host
        self._tls = tls_context(endpoint) if url.scheme == "https" else None
        self._headers = {"Accept": "application/json", "User-Agent": "footfall"}
        if endpoint.token:
            self._headers["Authorization"] = f"Bearer {endpoint.token}"
        self._held: socket.socket | None = None
        self._http = http.client.HTTPConnection(self._host, self._port)
        self._http.auto_open = 0  # it would open a connection without TLS and without a bound

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
                self._dial()
            self._http.sock.settimeout(self._patience.left())
            self._http.request("GET", self._path + path, headers=self._headers)
            response = self._http.getresponse()
            body = response.read(ANSWER_LIMIT + 1)
        except ConnectionError:
            raise  # a connection closed before the answer is an HTTPException, too
        except http.client.HTTPException:
            raise NoAnswerError("not an API answer") from None
        if response.status != 200:
            raise NoAnswerError(_meaning(response.status))
        if len(body) > ANSWER_LIMIT:
            raise NoAnswerError("answer too large")
        return body

    def close(self) -> None:
        """Close the sockets, if any are open."""
        self._http.close()
        if self._held is not None:
            self._held.close()

    def _dial(self) -> None:
        self.close()
        wire = self._connected()
        self._http.sock = wire
        # TLS takes the socket over while it shakes hands; its duplicate can be cut all the while.
        self._held = wire.dup()
        self._patience.hold(self._held)
        if self._tls is not None:
            wire.settimeout(self._patience.left())
            self._http.sock = self._tls.wrap_socket(wire, server_hostname=self._name)

    def _connected(self) -> "socket.socket":
        import socket

        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)[:_ADDRESSES]
        failure: OSError = OSError("no address")
        for index, (*_, address) in enumerate(found):
            # An address that swallows packets leaves the others their share of the time.
            share = self._patience.left() / (len(found) - index)
            try:
                return socket.create_connection((str(address[0]), self._port), timeout=share)
            except OSError as error:
                failure = error
        raise failure


def _meaning(status: int) -> How:
    if 300 <= status < 400:
        return "redirect"
    return _STATUS.get(status, "server error" if status >= 500 else "not an API answer")


def is_tls(error: OSError) -> bool:
    """Whether an error is TLS's own: no trust, no common protocol, no accepted client certificate."""
    import ssl

    return isinstance(error, ssl.SSLError)


def tls_context(endpoint: Endpoint) -> "ssl.SSLContext":
    """What to trust and what to show. Raises NoAnswerError where the certificates are no good."""
    import ssl

    # Not `create_default_context`: from Python 3.13 on it refuses the CAs that Kubernetes itself makes, and it writes
    # session keys where SSLKEYLOGFILE says.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # As in Go, whatever is in the bundle is trusted, be it a root, an intermediate or the server's own certificate.
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
            with _as_file(endpoint.certificate) as certificate, _as_file(endpoint.key) as key:
                # Without a password to try, OpenSSL would ask the terminal for one.
                context.load_cert_chain(str(certificate), key, password="")
    except (OSError, ValueError):
        raise NoAnswerError("tls") from None
    return context


@contextmanager
def _as_file(material: str | bytes | None) -> Iterator[str | None]:
    """A path for OpenSSL, which takes keys from files only. What came as data stays in memory: no key is written."""
    if not isinstance(material, bytes):
        yield material
        return
    if not hasattr(os, "memfd_create"):
        raise NoAnswerError("client key needs memfd")
    descriptor = os.memfd_create("footfall", os.MFD_CLOEXEC)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(material)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)

"""One connection through the operator's proxy: urllib3's, which supports proxies over TLS and tunnels.

Imported only where a proxy is set.
"""

from collections.abc import Mapping
from os.path import isdir
from socket import gaierror
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.poolmanager import ProxyManager
from urllib3.util import make_headers, parse_url
from urllib3.util.ssl_ import create_urllib3_context

from ...runtime.own_socket import (  # by file: `runtime` does not load it
    SocketLostError,
    is_usable,
    open_socket,
    use_own_sockets,
)
from .deadline import AnswerDeadline, ConnectionFailedError
from .direct import CONNECT_SECONDS

if TYPE_CHECKING:
    _Connection = HTTPConnection
else:
    _Connection = object


class _OwnConnection(_Connection):
    """A mixin: the socket is one of ours (see `runtime.own_socket`)."""

    def _new_conn(self) -> Any:
        try:
            return open_socket((self._dns_host, self.port), self.timeout)
        except gaierror as error:
            raise NameResolutionError(self.host, self, error) from None
        except TimeoutError:
            raise ConnectTimeoutError(self, "timed out") from None
        except OSError:
            raise NewConnectionError(self, "failed") from None

    @property
    def is_connected(self) -> bool:
        # TLS in TLS has the socket inside.
        sock: Any = getattr(self.sock, "socket", self.sock)
        return sock is not None and is_usable(sock) and super().is_connected


class _ProxiedHTTPConnection(AnswerDeadline, _OwnConnection, HTTPConnection):
    pass


class _ProxiedHTTPSConnection(AnswerDeadline, _OwnConnection, HTTPSConnection):
    pass


class _ProxiedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _ProxiedHTTPConnection


class _ProxiedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _ProxiedHTTPSConnection


class ProxiedConnection:
    """Posts to one address through a proxy, as `direct.DirectConnection` does without one.

    Raises ConnectionFailedError where the proxy's address is invalid.
    """

    def __init__(self, url: str, ca_certs: str | None, proxy: str) -> None:
        self._url = url
        context = _tls_context(ca_certs)
        try:
            # Name and password in a proxy's address are for the proxy only.
            credentials = parse_url(proxy).auth
            headers = make_headers(proxy_basic_auth=unquote(credentials)) if credentials else None
            self._manager: Any = ProxyManager(
                proxy,
                num_pools=1,
                proxy_headers=headers,
                maxsize=1,
                block=False,
                ssl_context=context,
                proxy_ssl_context=context,
            )
        except (HTTPError, ValueError):
            raise ConnectionFailedError("the proxy's address can't be used") from None
        self._manager.pool_classes_by_scheme = {"http": _ProxiedHTTPPool, "https": _ProxiedHTTPSPool}

    def post(
        self, body: bytes, headers: Mapping[str, str], timeout: float, max_answer_bytes: int
    ) -> tuple[int, bytes, str | None]:
        """As `DirectConnection.post`. Raises ConnectionFailedError."""
        try:
            response = self._manager.request(
                "POST",
                self._url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=min(timeout, CONNECT_SECONDS), read=timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            answer = response.read(max_answer_bytes, decode_content=False)
            response.drain_conn() if len(answer) < max_answer_bytes else response.close()
            response.release_conn()
        except (HTTPError, OSError, ValueError) as error:
            self.close()
            lost = any(isinstance(cause, SocketLostError) for cause in (error, *error.args))
            raise ConnectionFailedError(_reason(error), lost=lost) from None
        return response.status, answer, response.headers.get("Retry-After")

    def abandon(self) -> None:
        """In a forked child: leave the parent's connection open until the child ends."""

    def close(self) -> None:
        """Close the connection; the next post makes a new one."""
        self._manager.clear()


def _tls_context(ca_certs: str | None) -> Any:
    """As urllib3 makes it, for sockets of ours. Raises OSError where the authorities can't be read."""
    context = create_urllib3_context()
    if ca_certs is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(**{"capath" if isdir(ca_certs) else "cafile": ca_certs})
    use_own_sockets(context)
    return context


_REASONS = (
    ("NameResolutionError", "the proxy's name can't be resolved"),
    ("SSLError", "the server's certificate can't be verified"),
    ("ProxyError", "the proxy can't be reached"),
    # urllib3 derives it from its time-out, so it comes before those.
    ("NewConnectionError", "the proxy can't be reached"),
    ("ConnectTimeoutError", "connecting timed out"),
    ("ReadTimeoutError", "the server did not answer in time"),
    ("TimeoutError", "the server did not answer in time"),
)


def _reason(error: BaseException) -> str:
    # By class only: a message could name the address.
    names = {cls.__name__ for cls in type(error).__mro__}
    return next((reason for name, reason in _REASONS if name in names), "the connection broke")

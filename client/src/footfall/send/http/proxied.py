"""One connection through the operator's proxy. urllib3's, imported only where there is a proxy.

It knows proxies over TLS and tunnels through them.
"""

from collections.abc import Mapping
from os.path import isdir
from typing import Any
from urllib.parse import unquote

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.poolmanager import ProxyManager
from urllib3.util import make_headers, parse_url

from .deadline import Deadline, LineError
from .direct import CONNECT_SECONDS


class _Plain(Deadline, HTTPConnection):
    pass


class _Secure(Deadline, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class Proxied:
    """Posts to one address through a proxy, as `direct.Direct` does without.

    Raises LineError where the proxy's address can't be one.
    """

    def __init__(self, url: str, ca_certs: str | None, proxy: str) -> None:
        self._url = url
        where: dict[str, Any] = {} if ca_certs is None else {"ca_cert_dir" if isdir(ca_certs) else "ca_certs": ca_certs}
        try:
            # Name and password in a proxy's address are for the proxy only.
            user = parse_url(proxy).auth
            headers = make_headers(proxy_basic_auth=unquote(user)) if user else None
            self._manager: Any = ProxyManager(
                proxy, num_pools=1, proxy_headers=headers, maxsize=1, block=False, **where
            )
        except (HTTPError, ValueError):
            raise LineError("the proxy's address can't be used") from None
        self._manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def exchange(
        self, body: bytes, headers: Mapping[str, str], timeout: float, most: int
    ) -> tuple[int, bytes, str | None]:
        """Post a body once: status, at most so many bytes of the answer, and its Retry-After. Raises LineError."""
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
            answer = response.read(most, decode_content=False)
            response.drain_conn() if len(answer) < most else response.close()
            response.release_conn()
        except (HTTPError, OSError, ValueError) as error:
            self.close()
            raise LineError(_reason(error)) from None
        return response.status, answer, response.headers.get("Retry-After")

    def abandon(self) -> None:
        """In a forked child: leave the parent's connection as it is, until the child ends."""

    def close(self) -> None:
        """Close the connection; the next exchange makes a new one."""
        self._manager.clear()


_REASONS = (
    ("NameResolutionError", "the proxy's name can't be resolved"),
    ("SSLError", "the server's certificate can't be verified"),
    ("ProxyError", "the proxy can't be reached"),
    # A refused connection is a kind of time-out to urllib3, so it comes before those.
    ("NewConnectionError", "the proxy can't be reached"),
    ("ConnectTimeoutError", "connecting timed out"),
    ("ReadTimeoutError", "the server did not answer in time"),
    ("TimeoutError", "the server did not answer in time"),
)


def _reason(error: BaseException) -> str:
    # By class only: a message could name the address.
    names = {cls.__name__ for cls in type(error).__mro__}
    return next((reason for name, reason in _REASONS if name in names), "the connection broke")

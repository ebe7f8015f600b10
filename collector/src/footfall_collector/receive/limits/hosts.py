"""Host names: those that the collector answers to, and the origins whose pages may act in a reader's name.

A page whose own name resolves to this address (DNS rebinding) gets no answer, and a page of another site can't use a
session. Behind a proxy the Host header may be any name of the collector, so the browser's own word counts first.
"""

import logging
import re
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from ...runtime import LOOPBACK_NAMES, WILDCARD_HOSTS, Settings, canonical_host
from ..asgi import Scope, header

NOT_ALLOWED = "This host name is not allowed here; add it to allowed_hosts in the collector's settings."
"""The sentence of a 403; a Footfall client keeps its events after it."""
_OTHER_SITE = (
    "This seems to come from another site, and nothing was done: the browser sent the Origin %s, and the Host that "
    "arrived, from the browser or from a proxy, is %s. If that origin is this collector's, add its host name to "
    "allowed_hosts, or let the proxy pass the browser's Host (nginx: proxy_set_header Host $http_host)."
)
_LOG_SECONDS = 60.0
_PORT = re.compile(r"[0-9]{0,5}")
"""A URL may end its host with a colon and have no port after it (RFC 3986, 3.2.3)."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SHOWN = re.compile(r"[A-Za-z0-9._:/\[\]-]{1,200}")
"""What can be repeated of a header in a page and in the log; any other text is only called unreadable."""


_log = logging.getLogger(__name__)


class _HostPort(NamedTuple):
    """A host in lower case without a dot at its end. `port` is None where none is written."""

    name: str
    port: int | None


class HostAllowList:
    """The Host headers that are answered: loopback's names, the address listened on, and `allowed_hosts`."""

    def __init__(self, settings: Settings) -> None:
        allowed = [_bracketed(name) for name in settings.allowed_hosts]
        names = [*LOOPBACK_NAMES, *allowed]
        if settings.host not in WILDCARD_HOSTS:
            names.append(_bracketed(settings.host))
        self._exact = {_in_header(name) for name in names if not name.startswith(".")}
        self._suffixes = tuple(name.lower() for name in names if name.startswith("."))
        # Another port of loopback is another program, and `*` names nobody.
        self._origins = {_in_header(name) for name in allowed} - {*LOOPBACK_NAMES, "*"}
        # Allowed headers as sent: most requests cost one look-up.
        self._allowed_headers: set[bytes] = set()

    def answered(self) -> list[str]:
        """The first 256 allowed Host headers that came since the start. Safe on any thread."""
        return sorted({_shown(host) for host in tuple(self._allowed_headers)})

    def allows(self, host: bytes) -> bool:
        """Whether a Host header, with or without a port, is on the list."""
        if host in self._allowed_headers:
            return True
        name = _split(host.decode("latin-1")).name
        allowed = name in self._exact or "*" in self._exact or (bool(name) and name.endswith(self._suffixes))
        if allowed and len(self._allowed_headers) < 256:
            self._allowed_headers.add(host)
        return allowed

    def names_origin(self, name: str) -> bool:
        """Whether `allowed_hosts` names the host of an origin, at any port."""
        return name in self._origins or (bool(name) and name.endswith(self._suffixes))


class OriginCheck:
    """Whether a request comes from a page of this collector, whatever Host a proxy passes."""

    def __init__(self, hosts: HostAllowList, clock: Callable[[], float] = time.monotonic) -> None:
        self._hosts, self._clock = hosts, clock
        self._logged = float("-inf")

    def accepts(self, scope: Scope, *, required: bool = False) -> bool:
        """False for a page of another site, and where `required` also for a request that names no page.

        Browsers say in Sec-Fetch-Site whether the page is of the same origin, over TLS and on loopback; elsewhere the
        host of Origin must be that of Host, or in `allowed_hosts`. Programs send neither.
        """
        site, origin = header(scope, b"sec-fetch-site"), header(scope, b"origin").decode("latin-1")
        if site == b"same-origin":
            return True
        may_compare = site in (b"", b"none")
        if not origin:
            return may_compare and not required
        parts = _parse_origin(origin)
        if parts is None:
            return False
        return self._hosts.names_origin(parts.name) or (may_compare and parts == self._own_host(scope, origin))

    def refusal(self, scope: Scope) -> str:
        """The sentences of a refusal, with the two headers and what to do; in the log once a minute at most."""
        headers = _shown(header(scope, b"origin")), shown_host(scope)
        if self._clock() - self._logged >= _LOG_SECONDS:
            self._logged = self._clock()
            _log.warning(_OTHER_SITE, *headers)
        return _OTHER_SITE % headers

    def _own_host(self, scope: Scope, origin: str) -> _HostPort:
        """The Host header; without a port it is at the default port of the origin's scheme."""
        host = _split(header(scope, b"host").decode("latin-1"))
        return host if host.port is not None else host._replace(port=_default_port(origin))


def host_of(scope: Scope) -> bytes:
    return header(scope, b"host")


def shown_host(scope: Scope) -> str:
    """The Host header for a sentence: as sent, or that there is none or an unreadable one."""
    return _shown(host_of(scope))


def _shown(value: bytes) -> str:
    text = value.decode("latin-1")
    if not text:
        return "(none)"
    return text if _SHOWN.fullmatch(text) else "(unreadable)"


def _split(host: str) -> _HostPort:
    name = host.lower()
    head, colon, port = name.rpartition(":")
    if colon and head and _PORT.fullmatch(port):
        return _HostPort(_in_header(head), int(port) if port else None)
    return _HostPort(_in_header(name), None)


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def _in_header(name: str) -> str:
    """A host as browsers write it: in lower case without a dot at its end, an IPv6 address in its shortest form."""
    if not (name.startswith("[") and name.endswith("]")):
        return name.lower().rstrip(".")
    host = canonical_host(name)
    return f"[{host}]" if ":" in host else name


def _parse_origin(origin: str) -> _HostPort | None:
    """The host and port of an Origin header; None for `null` and for what is no origin of a web page."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or parts.path or parts.query or "@" in parts.netloc:
        return None
    host = _split(parts.netloc)
    return host if host.port is not None else host._replace(port=_DEFAULT_PORTS[parts.scheme])


def _default_port(origin: str) -> int:
    return _DEFAULT_PORTS[urlsplit(origin).scheme]

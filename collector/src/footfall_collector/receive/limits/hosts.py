"""The Host allow-list: a page elsewhere that lets its own name point here (DNS rebinding) gets nothing."""

from ...runtime import LOOPBACK_NAMES, WILDCARD_HOSTS, Settings
from ..asgi import Scope, header

NOT_ALLOWED = "This host name is not allowed here; add it to allowed_hosts in the collector's settings."
"""Said with a 403, which makes a Footfall client keep its events."""


class HostAllowList:
    """Which Host headers are answered: loopback's names, the address listened on, and what is configured."""

    def __init__(self, settings: Settings) -> None:
        names = [*LOOPBACK_NAMES, *settings.allowed_hosts]
        if settings.host not in WILDCARD_HOSTS:
            names.append(f"[{settings.host}]" if ":" in settings.host.strip("[]") else settings.host)
        self._exact = {name.lower() for name in names if not name.startswith(".")}
        self._suffixes = tuple(name.lower() for name in names if name.startswith("."))
        # Senders repeat themselves: most requests cost one look-up of the header as it came.
        self._known: set[bytes] = set()

    def allows(self, host: bytes) -> bool:
        """Whether a Host header, port and all, is on the list."""
        if host in self._known:
            return True
        name = host.decode("latin-1").lower()
        head, colon, port = name.rpartition(":")
        if colon and port.isdigit():
            name = head
        name = name.rstrip(".")
        allowed = name in self._exact or "*" in self._exact or (bool(name) and name.endswith(self._suffixes))
        if allowed and len(self._known) < 256:
            self._known.add(host)
        return allowed


def host_of(scope: Scope) -> bytes:
    """The Host header of a request."""
    return header(scope, b"host")

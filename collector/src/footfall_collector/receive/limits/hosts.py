"""The Host allow-list: a page whose own name resolves to this address (DNS rebinding) gets no answer."""

from ...runtime import LOOPBACK_NAMES, WILDCARD_HOSTS, Settings
from ..asgi import Scope, header

NOT_ALLOWED = "This host name is not allowed here; add it to allowed_hosts in the collector's settings."
"""The sentence of a 403; a Footfall client keeps its events after it."""


class HostAllowList:
    """The Host headers that are answered: loopback's names, the address listened on, and `allowed_hosts`."""

    def __init__(self, settings: Settings) -> None:
        names = [*LOOPBACK_NAMES, *settings.allowed_hosts]
        if settings.host not in WILDCARD_HOSTS:
            names.append(f"[{settings.host}]" if ":" in settings.host.strip("[]") else settings.host)
        self._exact = {name.lower() for name in names if not name.startswith(".")}
        self._suffixes = tuple(name.lower() for name in names if name.startswith("."))
        # Allowed headers as sent: most requests cost one look-up.
        self._allowed_headers: set[bytes] = set()

    def allows(self, host: bytes) -> bool:
        """Whether a Host header, with or without a port, is on the list."""
        if host in self._allowed_headers:
            return True
        name = host.decode("latin-1").lower()
        head, colon, port = name.rpartition(":")
        if colon and port.isdigit():
            name = head
        name = name.rstrip(".")
        allowed = name in self._exact or "*" in self._exact or (bool(name) and name.endswith(self._suffixes))
        if allowed and len(self._allowed_headers) < 256:
            self._allowed_headers.add(host)
        return allowed


def host_of(scope: Scope) -> bytes:
    return header(scope, b"host")

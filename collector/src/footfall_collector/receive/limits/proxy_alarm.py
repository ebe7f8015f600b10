"""The alarm `proxy_untrusted`: requests name another sender in a header that the collector does not believe.

A reverse proxy that is missing in `trusted_proxies` makes everyone behind it one peer, with one peer's limits. Any
sender can write such a header as well, so the alarm refuses nothing.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable

from ..asgi import Scope, headers_by_name

_log = logging.getLogger(__name__)
_RAISED_SECONDS = 600.0
_FORWARDED_FOR = b"x-forwarded-for"
_HEADERS = (_FORWARDED_FOR, b"forwarded", b"x-real-ip")
_SENTENCE = (
    "requests name another sender (%s), which is not believed: if a proxy of yours sent them, add it to "
    "trusted_proxies, else all senders behind it share the limits of one; any sender can write such a header, too"
)
_UNREAD = (
    "a proxy of trusted_proxies names senders in Forwarded or X-Real-IP only, which is not read: configure it to add "
    "X-Forwarded-For, else all senders behind it share the limits of one"
)


class ProxyAlarm:
    """Looks for headers that name another sender. Each sentence is logged once, without an address.

    Attributes:
        requests: how many came from a trusted proxy that names the sender (`forwarded`), does so in another header
            (`unread`) or not at all (`bare`), and from another peer that names a sender (`untrusted`).
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.requests: Counter[str] = Counter(forwarded=0, unread=0, bare=0, untrusted=0)
        self._logged: set[str] = set()
        self._raised_at = float("-inf")

    def check_untrusted(self, scope: Scope) -> None:
        """Look at a request that does not come from a trusted proxy."""
        names = headers_by_name(scope)
        for name in _HEADERS:
            if name in names:
                self.requests["untrusted"] += 1
                self._raise(_SENTENCE, name.decode())
                return

    def check_trusted(self, scope: Scope) -> None:
        """Look at a request of a trusted proxy."""
        names = headers_by_name(scope)
        if _FORWARDED_FOR in names:
            self.requests["forwarded"] += 1
        elif any(name in names for name in _HEADERS):
            self.requests["unread"] += 1
            self._raise(_UNREAD)
        else:
            self.requests["bare"] += 1

    def raised(self) -> float:
        """1 if there was such a request within the last ten minutes, else 0."""
        return float(self._clock() - self._raised_at < _RAISED_SECONDS)

    def _raise(self, sentence: str, *arguments: str) -> None:
        self._raised_at = self._clock()
        if sentence not in self._logged:
            self._logged.add(sentence)
            _log.warning(sentence, *arguments)

"""What every request passes first: the Host allow-list, who it comes from, and how often that one may ask."""

import logging
import math
import time
from collections.abc import Callable

from ...runtime import Settings, Status
from ..asgi import Scope, header
from ..refusals import RefusedError
from .hosts import NOT_ALLOWED, HostAllowList, host_of
from .peers import LIMITED, PROXY, UNLIMITED, Peers
from .rates import Rate

_log = logging.getLogger(__name__)
_LOG_SECONDS = 60.0


class Gate:
    """Lets requests pass, or says why not. It gives each scope's `client` the peer's name in place of an address."""

    def __init__(
        self, settings: Settings, peers: Peers, status: Status, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._hosts, self._peers, self._status, self._clock = HostAllowList(settings), peers, status, clock
        self._requests = Rate(settings.peer_requests_per_minute, clock=clock)
        self._events = Rate(settings.peer_events_per_minute, clock=clock)
        self._said = float("-inf")

    def refusal(self, scope: Scope) -> RefusedError | None:
        """Why the request may not go on, for an answer; None where it may."""
        if not self._hosts.allows(host_of(scope)):
            self._status.increment("requests_refused", reason="host")
            return RefusedError(403, "host", NOT_ALLOWED)
        name = _client(scope)
        if name[0] == PROXY:
            name = self._peers.behind(name, header(scope, b"x-forwarded-for"))
            scope["client"] = (name, 0)
        if name[0] == LIMITED:
            wait = self._requests.take(name)
            if wait:
                self._say(header(scope, b"x-forwarded-for") != b"")
                self._status.increment("requests_refused", reason="peer_requests")
                return _too_many("requests", wait)
        return None

    def take_events(self, scope: Scope, n: int) -> None:
        """Raises RefusedError (429) where the peer has sent too many events."""
        name = _client(scope)
        if name[0] == LIMITED:
            wait = self._events.take(name, n)
            if wait:
                self._say(header(scope, b"x-forwarded-for") != b"")
                raise _too_many("events", wait)

    def _say(self, forwarded: bool) -> None:
        """A line a minute at most: an attack must not fill the log."""
        if self._clock() - self._said < _LOG_SECONDS:
            return
        self._said = self._clock()
        hint = "; its requests name another sender: if it is a proxy of yours, add it to trusted_proxies"
        _log.warning("a peer sends more than it may, and gets 429%s", hint if forwarded else "")


def _client(scope: Scope) -> str:
    client = scope["client"]
    # Only a socket of this machine has none.
    return str(client[0]) if client else UNLIMITED


def _too_many(what: str, wait: float) -> RefusedError:
    sentence = f"Too many {what} from one sender; try again later."
    return RefusedError(429, f"peer_{what}", sentence, max(1, math.ceil(wait)))

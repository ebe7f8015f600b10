"""The gate: the checks that every request passes first, also one that only reads. Host, peer, requests per minute."""

import logging
import math
import time
from collections.abc import Callable

from ...runtime import Settings
from ..asgi import Scope, header, header_list
from ..refusals import RefusedError
from .hosts import NOT_ALLOWED, HostAllowList, OriginCheck, host_of, shown_host
from .peers import LIMITED, PROXY, UNLIMITED, Peers
from .proxy_alarm import ProxyAlarm
from .rates import RateLimiter

_log = logging.getLogger(__name__)
_LOG_SECONDS = 60.0
_MAX_REFUSED_HOSTS = 50


class Gate:
    """Checks requests. In each scope's `client` it puts the peer's name in place of a proxy's.

    Attributes:
        origins: says which pages may act in a reader's name.
        refused_hosts: the first 50 Host headers that were refused, with their number of requests.
    """

    def __init__(self, settings: Settings, peers: Peers, clock: Callable[[], float] = time.monotonic) -> None:
        self.hosts, self._peers, self._clock = HostAllowList(settings), peers, clock
        self.origins = OriginCheck(self.hosts)
        self._requests = RateLimiter(settings.peer_requests_per_minute, clock=clock)
        self._events = RateLimiter(settings.peer_events_per_minute, clock=clock)
        self._logged = self._host_logged = float("-inf")
        self.proxy_alarm = ProxyAlarm(clock)
        self.refused_hosts: dict[str, int] = {}

    def check(self, scope: Scope, *, signed_in: bool = False, names_host: bool = False) -> None:
        """Raises RefusedError: 403 for a Host that is not allowed, 429 for a peer with too many requests.

        `signed_in`: the request has a valid token or session, so that no limit applies to it, and it is not counted.
        `names_host`: the 403 repeats the Host, for the operator whose proxy passes another one than expected.
        """
        if not self.hosts.allows(host_of(scope)):
            self._log_host(scope)
            hint = f" The Host that arrived is {shown_host(scope)}." if names_host else ""
            raise RefusedError(403, "host", NOT_ALLOWED + hint)
        peer = peer_of(scope)
        if peer[0] == PROXY:
            self.proxy_alarm.check_trusted(scope)
            peer = self._peers.name_behind_proxy(peer, header_list(scope, b"x-forwarded-for"))
            scope["client"] = (peer, 0)
        else:
            self.proxy_alarm.check_untrusted(scope)
        if peer[0] == LIMITED and not signed_in:
            wait = self._requests.acquire(peer)
            if wait:
                raise self._over_limit(scope, "requests", wait)

    def check_events(self, scope: Scope, n: int) -> None:
        """Raises RefusedError (429) for a peer with too many events."""
        peer = peer_of(scope)
        if peer[0] == LIMITED:
            wait = self._events.acquire(peer, n)
            if wait:
                raise self._over_limit(scope, "events", wait)

    def _log_host(self, scope: Scope) -> None:
        # Strangers choose the name, so that few are kept, and one line a minute is logged.
        shown = shown_host(scope)
        if shown in self.refused_hosts or len(self.refused_hosts) < _MAX_REFUSED_HOSTS:
            self.refused_hosts[shown] = self.refused_hosts.get(shown, 0) + 1
        if self._clock() - self._host_logged >= _LOG_SECONDS:
            self._host_logged = self._clock()
            _log.warning(
                "a request for the host name %s is refused: if readers or senders reach the collector by it, or a "
                "proxy passes it, add it to allowed_hosts",
                shown,
            )

    def _over_limit(self, scope: Scope, unit: str, wait: float) -> RefusedError:
        # One line a minute: an attack must not fill the log.
        if self._clock() - self._logged >= _LOG_SECONDS:
            self._logged = self._clock()
            forwarded = header(scope, b"x-forwarded-for") != b""
            hint = "; its requests name another sender: if it is a proxy of yours, add it to trusted_proxies"
            _log.warning("a peer sends more than it may, and gets 429%s", hint if forwarded else "")
        sentence = f"Too many {unit} from one sender; try again later."
        return RefusedError(429, f"peer_{unit}", sentence, max(1, math.ceil(wait)))


def peer_of(scope: Scope) -> str:
    """The name of the peer, once `Gate.check` has passed the request."""
    client = scope["client"]
    # Only a Unix socket has no client.
    return str(client[0]) if client else UNLIMITED

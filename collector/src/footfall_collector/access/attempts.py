"""The rate limit of sign-in by the secret: an attempt counts when it arrives, and no longer if it was right.

A peer that was wrong too often within a minute has to wait, and so have all peers together: an attacker with many
addresses is one attacker. A peer that knew the secret before is exempt from the limit of all, so that strangers can't
lock it out. Sessions and tokens never come here.
"""

import hmac
import secrets
from collections import deque
from collections.abc import Callable, MutableSequence

PEER_ATTEMPTS, ALL_ATTEMPTS = 10, 100
_WINDOW_SECONDS, _MAX_PEERS = 60.0, 10_000


class SignInAttempts:
    """Attempts within a minute that were wrong or are not decided yet. Peers are salted hashes, in memory only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._by_peer: dict[bytes, list[float]] = {}
        self._all: deque[float] = deque()
        # Peers that knew the secret, the latest last.
        self._known: dict[bytes, None] = {}

    def begin(self, peer: str) -> "Attempt | None":
        """Count an attempt before anything of it is read; None where the peer has to wait."""
        key, now = hmac.digest(self._salt, peer.encode(), "sha256"), self._clock()
        own = [time for time in self._by_peer.get(key, ()) if time > now - _WINDOW_SECONDS]
        while self._all and self._all[0] <= now - _WINDOW_SECONDS:
            self._all.popleft()
        is_known = key in self._known
        if len(own) >= PEER_ATTEMPTS or (len(self._all) >= ALL_ATTEMPTS and not is_known):
            return None
        # The latest goes to the end, so the one that makes room is the oldest.
        self._by_peer.pop(key, None)
        if len(self._by_peer) >= _MAX_PEERS:
            del self._by_peer[next(iter(self._by_peer))]
        self._by_peer[key] = [*own, now]
        if not is_known:
            self._all.append(now)
        return Attempt(self, key, now)

    def forget(self, key: bytes, began: float) -> None:
        """Stop to count an attempt that was right, and remember that its peer knows the secret."""
        _discard(self._by_peer.get(key, []), began)
        if key not in self._known:
            _discard(self._all, began)
        self._known.pop(key, None)
        if len(self._known) >= _MAX_PEERS:
            del self._known[next(iter(self._known))]
        self._known[key] = None


class Attempt:
    """One counted attempt."""

    def __init__(self, attempts: SignInAttempts, key: bytes, began: float) -> None:
        self._attempts, self._key, self._began = attempts, key, began

    def succeed(self) -> None:
        """The secret was right: the attempt counts no longer."""
        self._attempts.forget(self._key, self._began)


def _discard(times: MutableSequence[float], moment: float) -> None:
    if moment in times:
        times.remove(moment)

"""The rate limit of sign-in: a peer that fails too often within a minute has to wait."""

import hmac
import secrets
from collections.abc import Callable

_MAX_FAILURES, _WINDOW_SECONDS, _MAX_PEERS = 10, 60.0, 10_000


class SignInAttempts:
    """Failed attempts per peer within a minute. A peer is kept as a salted hash, in memory only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._failures: dict[bytes, list[float]] = {}

    def blocked(self, peer: str) -> bool:
        """Whether the peer has failed too often."""
        return len(self._recent(self._key(peer))) >= _MAX_FAILURES

    def record_failure(self, peer: str) -> None:
        key = self._key(peer)
        recent = self._recent(key)
        # The latest failure goes to the end, so the one that makes room is the oldest.
        self._failures.pop(key, None)
        if len(self._failures) >= _MAX_PEERS:
            del self._failures[next(iter(self._failures))]
        self._failures[key] = [*recent, self._clock()]

    def _key(self, peer: str) -> bytes:
        return hmac.digest(self._salt, peer.encode(), "sha256")

    def _recent(self, key: bytes) -> list[float]:
        since = self._clock() - _WINDOW_SECONDS
        return [time for time in self._failures.get(key, ()) if time > since]

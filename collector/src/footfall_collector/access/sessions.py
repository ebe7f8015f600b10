"""Sign-in sessions: random tokens in a cookie, kept as hashes in memory for twelve hours."""

import hashlib
import secrets
from collections.abc import Callable

SESSION_SECONDS = 12 * 3600
_MAX_SESSIONS = 1000


class SignInSessions:
    """The sessions of one collector; the oldest end early where there are too many."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ends: dict[bytes, float] = {}

    def start(self) -> str:
        """Start a session and return its token."""
        now = self._clock()
        live = sorted((end, key) for key, end in self._ends.items() if end > now)
        self._ends = {key: end for end, key in live[-_MAX_SESSIONS + 1 :]}
        token = secrets.token_urlsafe(32)
        self._ends[_hash(token)] = now + SESSION_SECONDS
        return token

    def is_live(self, token: str) -> bool:
        return self._ends.get(_hash(token), float("-inf")) > self._clock()

    def end(self, token: str) -> None:
        self._ends.pop(_hash(token), None)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

"""The sign-in secret: configured as plain text or as its argon2 hash."""

import asyncio
import hashlib
import hmac

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..runtime import SettingsError, sign_in_secret_problem

_ARGON2 = "$argon2"


class SignInSecret:
    """Compares what a reader offers with the configured secret. Raises SettingsError where that is too weak."""

    def __init__(self, configured: str) -> None:
        if problem := sign_in_secret_problem(configured):
            raise SettingsError(f"sign_in_secret: {problem}")
        self._configured = configured
        self._verified_digest: bytes | None = None
        # A verification costs memory on purpose: several at once could take all of it.
        self._one_at_a_time = asyncio.Lock()

    async def matches(self, offered: str) -> bool:
        """Compare in constant time. A hash is verified off the event loop, and once only for the right secret."""
        digest = hashlib.sha256(offered.encode("utf-8", "surrogatepass")).digest()
        if not self._configured.startswith(_ARGON2):
            return hmac.compare_digest(digest, hashlib.sha256(self._configured.encode()).digest())
        if self._verified_digest is not None and hmac.compare_digest(digest, self._verified_digest):
            return True
        async with self._one_at_a_time:
            right = await asyncio.to_thread(self._verify, offered)
        if right:
            self._verified_digest = digest
        return right

    def _verify(self, offered: str) -> bool:
        try:
            return PasswordHasher().verify(self._configured, offered)
        except (VerificationError, InvalidHashError):
            return False

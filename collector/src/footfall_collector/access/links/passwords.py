"""The password of a read-only link: kept as its argon2 hash, entered once in a browser, and proved by a cookie then.

The proof is keyed with a secret of this process: no copy of the data directory makes one, and a start asks again.
"""

import asyncio
import hmac
import math
import secrets
import time
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .read_links import LinksError, ReadLink

PROOF_SECONDS = 12 * 3600
MIN_LENGTH, MAX_LENGTH = 8, 200


def hash_password(password: str) -> str:
    """The hash of a new password. Raises LinksError where it is too short or too long."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise LinksError(f"a link's password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    return PasswordHasher().hash(password)


class LinkPasswords:
    """Checks passwords, and makes and checks the proofs. `clock`: epoch seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._key = clock, secrets.token_bytes(32)
        # A verification costs memory on purpose: several at once could take all of it.
        self._one_at_a_time = asyncio.Lock()

    async def matches(self, link: ReadLink, offered: str) -> bool:
        """Verify a password off the event loop."""
        if not MIN_LENGTH <= len(offered) <= MAX_LENGTH:
            return False
        async with self._one_at_a_time:
            return await asyncio.to_thread(_verify, link.password, offered)

    def proof(self, link: ReadLink) -> str:
        """What a cookie says for twelve hours once the password was right."""
        end = str(int(self._clock()) + PROOF_SECONDS)
        return f"{end}.{self._signature(link, end)}"

    def is_proved(self, link: ReadLink, cookie: str) -> bool:
        """Whether a link needs no password, or a cookie has a proof of it that has not ended."""
        if not link.password:
            return True
        end, _, signature = cookie.partition(".")
        is_signed = hmac.compare_digest(signature.encode(), self._signature(link, end).encode())
        return is_signed and math.isfinite(float(end)) and float(end) > self._clock()

    def _signature(self, link: ReadLink, end: str) -> str:
        return hmac.digest(self._key, f"{link.sha256} {link.password} {end}".encode(), "sha256").hex()


def _verify(hashed: str, offered: str) -> bool:
    try:
        return PasswordHasher().verify(hashed, offered)
    except (VerificationError, InvalidHashError):
        return False

"""Sign-in sessions: random tokens in a cookie for twelve hours, kept as hashes in DATA/sessions.json.

The hash is keyed with the sign-in secret, so that another secret ends every session. A token has 256 random bits: its
hash tells nothing of either. A file that is missing or damaged ends all sessions, and readers sign in again.
"""

import asyncio
import hashlib
import hmac
import logging
import math
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from ..runtime import checked_content, read_regular_file, replace_file, with_checksum

SESSION_SECONDS = 12 * 3600
SESSIONS_FILE = "sessions.json"
_MAX_SESSIONS = 1000
_MAX_BYTES = 1 << 20
_CLOCK_SLACK_SECONDS = 600.0
"""A clock that was set back by more than this ends sessions, which would else last longer."""

_log = logging.getLogger(__name__)


class _SessionsFile(msgspec.Struct):
    """`ends`: hash in hex digits to epoch seconds."""

    version: int = 1
    ends: dict[str, float] = {}


class SignInSessions:
    """The sessions of one collector; the oldest end early where there are too many.

    Args:
        data: the data directory.
        secret: the sign-in secret as it is configured.
        clock: epoch seconds.
    """

    def __init__(self, data: Path, secret: str, clock: Callable[[], float]) -> None:
        self._path, self._clock = data / SESSIONS_FILE, clock
        self._key = hashlib.sha256(b"footfall session\0" + secret.encode()).digest()
        self._writing = threading.Lock()
        self._write_failed = False
        self._ends = self._read()

    async def start(self) -> str:
        """Start a session and return its token. It is on disk then, unless the disk can't be written."""
        now = self._clock()
        live = sorted((end, key) for key, end in self._ends.items() if end > now)
        token = secrets.token_urlsafe(32)
        ends = {key: end for end, key in live[-_MAX_SESSIONS + 1 :]}
        self._ends = ends | {self._hash(token): now + SESSION_SECONDS}
        await asyncio.to_thread(self._write)
        return token

    def is_live(self, token: str) -> bool:
        if not token or not self._ends:
            return False
        end = self._ends.get(self._hash(token))
        return end is not None and 0 < end - self._clock() <= SESSION_SECONDS + _CLOCK_SLACK_SECONDS

    async def end(self, token: str) -> None:
        """End a session; one that has ended is no error."""
        if self._ends.pop(self._hash(token), None) is not None:
            await asyncio.to_thread(self._write)

    def _hash(self, token: str) -> str:
        return hmac.digest(self._key, token.encode("utf-8", "surrogatepass"), "sha256").hex()

    def _read(self) -> dict[str, float]:
        try:
            content = checked_content(read_regular_file(self._path, _MAX_BYTES))
            ends = msgspec.json.decode(content, type=_SessionsFile).ends
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            _log.warning("sign-in: %s can't be read (%s); everyone signs in again", self._path, type(error).__name__)
            return {}
        return {key: end for key, end in ends.items() if math.isfinite(end)}

    def _write(self) -> None:
        # One at a time, each with what is live when it writes: the last one has everything.
        with self._writing:
            try:
                replace_file(self._path, with_checksum(msgspec.json.encode(_SessionsFile(ends=dict(self._ends)))))
                self._write_failed = False
            except OSError as error:
                if not self._write_failed:
                    _log.warning(
                        "sign-in: %s can't be written (%s); sessions end with this process", self._path, error.strerror
                    )
                self._write_failed = True

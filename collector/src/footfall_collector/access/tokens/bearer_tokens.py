"""Bearer tokens for programs that read: named, kept in DATA/tokens.json as hashes, added and revoked by command.

A token is 256 random bits, so a plain SHA-256 is enough: nobody can guess it. It is shown once.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ...runtime import SharedFile

FILE = "tokens.json"
PREFIX = "fft_"
SCOPES = ("read", "metrics", "ingest-admin")
"""`read` is everything that the sign-in secret reads, or all of one product; `metrics` is `/metrics` only;
`ingest-admin` changes write keys and annotations, of all products or one, and reads nothing else."""
MAX_DAYS = 3650
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class TokensError(Exception):
    """A token that can't be added or revoked, or a file that can't be used; the message says what to do."""


class BearerToken(msgspec.Struct):
    """One token.

    Attributes:
        sha256: of its text.
        added: RFC 3339, UTC.
        scope: one of `SCOPES`.
        product: the only product that it reads; empty for all.
        ends: RFC 3339, UTC; empty for never.
    """

    name: str
    sha256: str
    added: str
    scope: str = "read"
    product: str = ""
    ends: str = ""


class TokensFile(msgspec.Struct):
    version: int = 1
    tokens: list[BearerToken] = []


class Tokens:
    """The tokens of a data directory. The running server looks for a change of the file at most once a second.

    Args:
        clock: monotonic seconds.
        now: epoch seconds, by which tokens end.
    """

    def __init__(
        self, data: Path, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time
    ) -> None:
        self._file = SharedFile(data / FILE, TokensFile, TokensError, clock)
        self._now = now
        self._by_hash: dict[str, BearerToken] = {}
        self._refresh()

    def find(self, offered: str) -> BearerToken | None:
        """The token of this text, unless it has ended. Hashes are compared, so the time it takes tells nothing."""
        if not offered.startswith(PREFIX):
            return None
        if self._file.check_due():
            self._refresh()
        token = self._by_hash.get(hash_of(offered))
        return token if token is not None and (not token.ends or token.ends > utc_stamp(self._now())) else None

    def add(self, name: str, scope: str = "read", product: str = "", days: int = 0) -> str:
        """Add a token and return its text, which is not kept. Raises TokensError where an argument is wrong.

        `days`: after which it ends; 0 for never.
        """
        if scope not in SCOPES:
            raise TokensError(f"a token's scope is one of {', '.join(SCOPES)}")
        if product and scope == "metrics":
            raise TokensError("/metrics is of all products: leave out --product, or choose the scope read")
        if not 0 <= days <= MAX_DAYS:
            raise TokensError(f"a token ends after 1 to {MAX_DAYS} days, or never (0)")
        if not _NAME.fullmatch(name):
            raise TokensError("a token's name is 1 to 64 letters, digits, `_`, `-` and `.`, such as grafana")
        text = PREFIX + secrets.token_urlsafe(32)
        with self._locked() as tokens:
            if any(token.name == name for token in tokens):
                raise TokensError("there is a token of this name; revoke it first, or choose another name")
            ends = utc_stamp(self._now() + days * 86_400) if days else ""
            self._write([*tokens, BearerToken(name, hash_of(text), utc_stamp(self._now()), scope, product, ends)])
        return text

    def revoke(self, name: str) -> None:
        """Refuse a token from now on. Raises TokensError where there is none of that name."""
        with self._locked() as tokens:
            remaining = [token for token in tokens if token.name != name]
            if len(remaining) == len(tokens):
                raise TokensError("there is no token of this name; `footfall-collector tokens list` shows them")
            self._write(remaining)

    def all(self) -> list[BearerToken]:
        """Every token, oldest first."""
        self._refresh()
        return list(self._file.content.tokens)

    def _refresh(self) -> None:
        self._file.refresh()
        self._by_hash = {token.sha256: token for token in self._file.content.tokens}

    @contextmanager
    def _locked(self) -> Iterator[list[BearerToken]]:
        """The present tokens, while no other process can change them."""
        with self._file.locked():
            yield self.all()

    def _write(self, tokens: list[BearerToken]) -> None:
        self._file.replace(TokensFile(tokens=tokens))
        self._refresh()


def utc_stamp(epoch: float) -> str:
    """RFC 3339, to the second."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def hash_of(text: str) -> str:
    """Of a secret of random bits, which nobody can guess: so a plain SHA-256 is enough."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

"""Bearer tokens for programs that read: named, kept in DATA/tokens.json as hashes, added and revoked by command."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from .secret_list import SecretList, hash_of

FILE = "tokens.json"
PREFIX = "fft_"
SCOPES = ("read", "metrics", "ingest-admin")
"""`read` is everything that the sign-in secret reads, or all of one product; `metrics` is `/metrics` only;
`ingest-admin` changes write keys and annotations, of all products or one, and reads nothing else."""
MAX_DAYS = 3650


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
    entries: list[BearerToken] = msgspec.field(default_factory=list, name="tokens")


class Tokens(SecretList[BearerToken]):
    """The tokens of a data directory.

    Args:
        clock: monotonic seconds.
        now: epoch seconds, by which tokens end.
    """

    def __init__(
        self, data: Path, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(data / FILE, TokensFile, TokensError, "token", PREFIX, clock, now)

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
        self._check_name(name, "grafana")
        text = self._new_secret()
        with self._changing() as tokens:
            self._refuse_known(name, tokens)
            ends = self._stamp(days) if days else ""
            self._write([*tokens, BearerToken(name, hash_of(text), self._stamp(), scope, product, ends)])
        return text

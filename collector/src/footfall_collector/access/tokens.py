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

from ..runtime import SharedFile

FILE = "tokens.json"
PREFIX = "fft_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class TokensError(Exception):
    """A token that can't be added or revoked, or a file that can't be used; the message says what to do."""


class BearerToken(msgspec.Struct):
    """One token: its name, the SHA-256 of its text, and when it was added (RFC 3339)."""

    name: str
    sha256: str
    added: str


class TokensFile(msgspec.Struct):
    version: int = 1
    tokens: list[BearerToken] = []


class Tokens:
    """The tokens of a data directory. The running server looks for a change of the file at most once a second."""

    def __init__(self, data: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = SharedFile(data / FILE, TokensFile, TokensError, clock)
        self._hashes: frozenset[str] = frozenset()
        self._refresh()

    def accepts(self, offered: str) -> bool:
        """Whether this is the text of a token. Hashes are compared, so the time it takes tells nothing."""
        if not offered.startswith(PREFIX):
            return False
        if self._file.check_due():
            self._refresh()
        return _hash(offered) in self._hashes

    def add(self, name: str) -> str:
        """Add a token and return its text, which is not kept. Raises TokensError where the name is wrong or taken."""
        if not _NAME.fullmatch(name):
            raise TokensError("a token's name is 1 to 64 letters, digits, `_`, `-` and `.`, such as grafana")
        text = PREFIX + secrets.token_urlsafe(32)
        with self._locked() as tokens:
            if any(token.name == name for token in tokens):
                raise TokensError("there is a token of this name; revoke it first, or choose another name")
            added = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            self._write([*tokens, BearerToken(name, _hash(text), added)])
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
        self._hashes = frozenset(token.sha256 for token in self._file.content.tokens)

    @contextmanager
    def _locked(self) -> Iterator[list[BearerToken]]:
        """The present tokens, while no other process can change them."""
        with self._file.locked():
            yield self.all()

    def _write(self, tokens: list[BearerToken]) -> None:
        self._file.replace(TokensFile(tokens=tokens))
        self._refresh()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

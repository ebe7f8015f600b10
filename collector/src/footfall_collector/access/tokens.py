"""Bearer tokens for programs that read: named, kept in DATA/tokens.json as hashes, added and revoked by command.

A token is 256 random bits, so a plain SHA-256 keeps it: there is nothing to guess. It is shown once.
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


class Token(msgspec.Struct):
    """One token, by its name and the SHA-256 of its text; `added` is an RFC 3339 time."""

    name: str
    sha256: str
    added: str


class _File(msgspec.Struct):
    version: int = 1
    tokens: list[Token] = []


class Tokens:
    """The tokens in a data directory. The running server looks at the file again at most once a second."""

    def __init__(self, data: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = SharedFile(data / FILE, _File, TokensError, clock)
        self._hashes: frozenset[str] = frozenset()
        self._refresh()

    def knows(self, offered: str) -> bool:
        """Whether this is the text of a token. What is compared is a hash, so its time tells nothing."""
        if not offered.startswith(PREFIX):
            return False
        if self._file.due():
            self._refresh()
        return _hash(offered) in self._hashes

    def add(self, name: str) -> str:
        """Add a token; its text, which can't be had again. Raises TokensError where the name is wrong or taken."""
        if not _NAME.fullmatch(name):
            raise TokensError("a token's name is 1 to 64 letters, digits, `_`, `-` and `.`, such as grafana")
        text = PREFIX + secrets.token_urlsafe(32)
        with self._changing() as tokens:
            if any(token.name == name for token in tokens):
                raise TokensError("there is a token of this name; revoke it first, or choose another name")
            self._write([*tokens, Token(name, _hash(text), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))])
        return text

    def revoke(self, name: str) -> None:
        """Stop taking a token. Raises TokensError where there is none of that name."""
        with self._changing() as tokens:
            left = [token for token in tokens if token.name != name]
            if len(left) == len(tokens):
                raise TokensError("there is no token of this name; `footfall-collector tokens list` shows them")
            self._write(left)

    def all(self) -> list[Token]:
        """Every token, oldest first."""
        self._refresh()
        return list(self._file.content.tokens)

    def _refresh(self) -> None:
        self._file.refresh()
        self._hashes = frozenset(token.sha256 for token in self._file.content.tokens)

    @contextmanager
    def _changing(self) -> Iterator[list[Token]]:
        """The tokens as they are now, while nobody else changes them."""
        with self._file.locked():
            yield self.all()

    def _write(self, tokens: list[Token]) -> None:
        self._file.replace(_File(tokens=tokens))
        self._refresh()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

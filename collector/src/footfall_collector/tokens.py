"""Bearer tokens for programs that read: named, kept in DATA/tokens.json as hashes, added and revoked by command.

A token is 256 random bits, so a plain SHA-256 keeps it: there is nothing to guess. It is shown once.
"""

import fcntl
import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

FILE = "tokens.json"
PREFIX = "fft_"
_LOOK_AGAIN_SECONDS = 1.0
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
        self._path, self._clock = data / FILE, clock
        self._stamp: tuple[int, int] | None = None
        self._looked = float("-inf")
        self._tokens: list[Token] = []
        self._hashes: frozenset[str] = frozenset()
        self._refresh()

    def knows(self, offered: str) -> bool:
        """Whether this is the text of a token. What is compared is a hash, so its time tells nothing."""
        if not offered.startswith(PREFIX):
            return False
        if self._clock() - self._looked >= _LOOK_AGAIN_SECONDS:
            self._looked = self._clock()
            self._refresh()
        return _hash(offered) in self._hashes

    def add(self, name: str) -> str:
        """Add a token; its text, which can't be had again. Raises TokensError where the name is wrong or taken."""
        if not _NAME.fullmatch(name):
            raise TokensError("a token's name is 1 to 64 letters, digits, `_`, `-` and `.`, such as grafana")
        text = PREFIX + secrets.token_urlsafe(32)
        with self._locked():
            if any(token.name == name for token in self._tokens):
                raise TokensError("there is a token of this name; revoke it first, or choose another name")
            self._write([*self._tokens, Token(name, _hash(text), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))])
        return text

    def revoke(self, name: str) -> None:
        """Stop taking a token. Raises TokensError where there is none of that name."""
        with self._locked():
            left = [token for token in self._tokens if token.name != name]
            if len(left) == len(self._tokens):
                raise TokensError("there is no token of this name; `footfall-collector tokens list` shows them")
            self._write(left)

    def all(self) -> list[Token]:
        """Every token, oldest first."""
        self._refresh()
        return list(self._tokens)

    def _refresh(self) -> None:
        try:
            stat = os.stat(self._path)
        except FileNotFoundError:
            self._stamp, self._tokens, self._hashes = None, [], frozenset()
            return
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp == self._stamp:
            return
        try:
            self._tokens = msgspec.json.decode(self._path.read_bytes(), type=_File).tokens
        except (OSError, msgspec.DecodeError, ValueError):
            if self._stamp is not None:
                return  # go on with the tokens that were good; the next change is looked at again
            raise TokensError(f"{self._path} can't be read as a list of tokens: restore it, or delete it") from None
        self._stamp = stamp
        self._hashes = frozenset(token.sha256 for token in self._tokens)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self._path.with_suffix(".lock"), "w", opener=_private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._refresh()
            yield

    def _write(self, tokens: list[Token]) -> None:
        scratch = self._path.with_suffix(".tmp")
        with open(scratch, "wb", opener=_private) as file:
            file.write(msgspec.json.format(msgspec.json.encode(_File(tokens=tokens))) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.rename(scratch, self._path)
        self._stamp = None
        self._refresh()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

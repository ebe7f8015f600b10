"""A list of named secrets in a file of DATA, such as tokens or links: each is shown once and kept as a hash.

A secret is 256 random bits, so a plain SHA-256 is enough: nobody can guess it.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from ...runtime import SharedFile, utc_stamp

DAY_SECONDS = 86_400
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_RANDOM_BYTES = 32
_LONGEST = 64
"""In characters; a secret has 47."""


class NamedSecret(Protocol):
    """What every entry has: `ends` is RFC 3339 in UTC, and empty for never."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def ends(self) -> str: ...


Entry = TypeVar("Entry", bound=NamedSecret)


class SecretList(Generic[Entry]):
    """The list. The running server looks for a change of the file at most once a second.

    Args:
        path: the file.
        content_type: that of the file's content, whose `entries` are the secrets.
        error: what is raised for an argument that is wrong, and for a file that can't be used.
        noun: what a secret is, in messages and in the name of its commands.
        prefix: how each secret begins.
        clock: monotonic seconds.
        now: epoch seconds, by which secrets end.
    """

    def __init__(
        self,
        path: Path,
        content_type: type[msgspec.Struct],
        error: type[Exception],
        noun: str,
        prefix: str,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._file: SharedFile[Any] = SharedFile(path, content_type, error, clock)
        self._content_type, self._error, self._noun, self._prefix = content_type, error, noun, prefix
        self._now = now
        self._by_hash: dict[str, Entry] = {}
        self._refresh()

    def find(self, offered: str) -> Entry | None:
        """The entry of this secret, unless it has ended. Hashes are compared, so the time it takes tells nothing."""
        if not offered.startswith(self._prefix) or len(offered) > _LONGEST:
            return None
        if self._file.check_due():
            self._refresh()
        entry = self._by_hash.get(hash_of(offered))
        return entry if entry is not None and not self.has_ended(entry) else None

    def has_ended(self, entry: Entry) -> bool:
        return bool(entry.ends) and entry.ends <= utc_stamp(self._now())

    def revoke(self, name: str) -> None:
        """Refuse a secret from now on. Raises the list's error where there is none of that name."""
        with self._changing() as entries:
            remaining = [entry for entry in entries if entry.name != name]
            if len(remaining) == len(entries):
                command = f"`footfall-collector {self._noun}s list`"
                raise self._error(f"there is no {self._noun} of this name; {command} shows them")
            self._write(remaining)

    def all(self) -> list[Entry]:
        """Every entry, the oldest first."""
        self._refresh()
        return list(self._file.content.entries)

    def _check_name(self, name: str, example: str) -> None:
        if not _NAME.fullmatch(name):
            rule = "is 1 to 64 letters, digits, `_`, `-` and `.`, such as"
            raise self._error(f"a {self._noun}'s name {rule} {example}")

    def _refuse_known(self, name: str, entries: Sequence[Entry]) -> None:
        if any(entry.name == name for entry in entries):
            raise self._error(f"there is a {self._noun} of this name; revoke it first, or choose another name")

    def _new_secret(self) -> str:
        return self._prefix + secrets.token_urlsafe(_RANDOM_BYTES)

    def _stamp(self, days: int = 0) -> str:
        """The moment in some days."""
        return utc_stamp(self._now() + days * DAY_SECONDS)

    def _refresh(self) -> None:
        self._file.refresh()
        self._by_hash = {entry.sha256: entry for entry in self._file.content.entries}

    @contextmanager
    def _changing(self) -> Iterator[list[Entry]]:
        """The present entries, while no other process can change them."""
        with self._file.locked():
            yield self.all()

    def _write(self, entries: Sequence[Entry]) -> None:
        self._file.replace(self._content_type(entries=list(entries)))
        self._refresh()


def hash_of(secret: str) -> str:
    """What is kept of a secret of random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

"""The list of read-only links in DATA/links.json. A link's secret is shown once and kept as a hash.

The secret is 256 random bits, so a plain SHA-256 is enough: nobody can guess it.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ...runtime import SharedFile
from ..tokens import hash_of, utc_stamp

FILE = "links.json"
PREFIX = "ffl_"
DEFAULT_DAYS, MAX_DAYS = 7, 365
MAX_LINKS = 1000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LONGEST_SECRET = 64


class LinksError(Exception):
    """A link that can't be added or revoked, or a file that can't be used; the message says what to do."""


class ReadLink(msgspec.Struct, frozen=True):
    """One link.

    Attributes:
        sha256: of its secret.
        added: RFC 3339, UTC.
        ends: RFC 3339, UTC.
        page: the name of the page that it shows, or the path of the page about one thing without its first slash.
        query: the product, the period and the conditions, as a query string.
        password: its argon2 hash; empty where none is needed.
        panel: what of the page it shows in a frame of another site; empty for the page itself.
        compare: whether the previous period is shown too.
        opened: what is open above the panels, as parameters of a page's address; empty where nothing is.
    """

    name: str
    sha256: str
    added: str
    ends: str
    product: str
    page: str
    query: str
    password: str = ""
    panel: str = ""
    compare: bool = False
    opened: str = ""


class LinksFile(msgspec.Struct):
    version: int = 1
    links: list[ReadLink] = []


class ReadLinks:
    """The links of a data directory. The running server looks for a change of the file at most once a second.

    Args:
        clock: monotonic seconds.
        now: epoch seconds, by which links end.
    """

    def __init__(
        self, data: Path, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time
    ) -> None:
        self._file = SharedFile(data / FILE, LinksFile, LinksError, clock)
        self._now = now
        self._by_hash: dict[str, ReadLink] = {}
        self._refresh()

    def find(self, secret: str) -> ReadLink | None:
        """The link of this secret, unless it has ended. Hashes are compared, so the time it takes tells nothing."""
        if not secret.startswith(PREFIX) or len(secret) > _LONGEST_SECRET:
            return None
        if self._file.check_due():
            self._refresh()
        link = self._by_hash.get(hash_of(secret))
        return link if link is not None and not self.has_ended(link) else None

    def has_ended(self, link: ReadLink) -> bool:
        return link.ends <= utc_stamp(self._now())

    def add(
        self,
        name: str,
        product: str,
        page: str,
        query: str,
        days: int = DEFAULT_DAYS,
        password: str = "",
        panel: str = "",
        compare: bool = False,
        opened: str = "",
    ) -> tuple[str, ReadLink]:
        """Add a link and return its secret, which is not kept. Raises LinksError where an argument is wrong.

        `password`: its argon2 hash.
        """
        if not 1 <= days <= MAX_DAYS:
            raise LinksError(f"a link ends after 1 to {MAX_DAYS} days")
        if not _NAME.fullmatch(name):
            raise LinksError("a link's name is 1 to 64 letters, digits, `_`, `-` and `.`, such as board-meeting")
        secret = PREFIX + secrets.token_urlsafe(32)
        with self._locked() as present:
            if any(link.name == name for link in present):
                raise LinksError("there is a link of this name; revoke it first, or choose another name")
            links = present
            if len(present) >= MAX_LINKS:
                links = [link for link in present if not self.has_ended(link)]
            if len(links) >= MAX_LINKS:
                raise LinksError(f"there are {MAX_LINKS} links, which is the most; revoke some first")
            now = self._now()
            times = utc_stamp(now), utc_stamp(now + days * 86_400)
            added = ReadLink(name, hash_of(secret), *times, product, page, query, password, panel, compare, opened)
            self._write([*links, added])
        return secret, added

    def revoke(self, name: str) -> None:
        """Refuse a link from now on. Raises LinksError where there is none of that name."""
        with self._locked() as links:
            remaining = [link for link in links if link.name != name]
            if len(remaining) == len(links):
                raise LinksError("there is no link of this name; `footfall-collector links list` shows them")
            self._write(remaining)

    def all(self) -> list[ReadLink]:
        """Every link, the oldest first."""
        self._refresh()
        return list(self._file.content.links)

    def _refresh(self) -> None:
        self._file.refresh()
        self._by_hash = {link.sha256: link for link in self._file.content.links}

    @contextmanager
    def _locked(self) -> Iterator[list[ReadLink]]:
        """The present links, while no other process can change them."""
        with self._file.locked():
            yield self.all()

    def _write(self, links: list[ReadLink]) -> None:
        self._file.replace(LinksFile(links=links))
        self._refresh()

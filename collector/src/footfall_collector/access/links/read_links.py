"""The list of read-only links in DATA/links.json. A link's secret is shown once and kept as a hash."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from ..tokens import SecretList, hash_of

FILE = "links.json"
PREFIX = "ffl_"
DEFAULT_DAYS, MAX_DAYS = 7, 365
MAX_LINKS = 1000


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
    entries: list[ReadLink] = msgspec.field(default_factory=list, name="links")


class ReadLinks(SecretList[ReadLink]):
    """The links of a data directory.

    Args:
        clock: monotonic seconds.
        now: epoch seconds, by which links end.
    """

    def __init__(
        self, data: Path, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(data / FILE, LinksFile, LinksError, "link", PREFIX, clock, now)

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
        self._check_name(name, "board-meeting")
        secret = self._new_secret()
        with self._changing() as present:
            self._refuse_known(name, present)
            links = present
            if len(present) >= MAX_LINKS:
                links = [link for link in present if not self.has_ended(link)]
            if len(links) >= MAX_LINKS:
                raise LinksError(f"there are {MAX_LINKS} links, which is the most; revoke some first")
            times = self._stamp(), self._stamp(days)
            added = ReadLink(name, hash_of(secret), *times, product, page, query, password, panel, compare, opened)
            self._write([*links, added])
        return secret, added

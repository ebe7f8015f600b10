"""Read-only links: one page of one product under fixed conditions, until an end, for who has the link.

`read_links` keeps them in DATA/links.json, as hashes, and `passwords` checks those of links that have one.
`shared_pages` answers the addresses below `/shared/`: it puts the link's conditions into each request, and refuses what
is not an answer of the link's page. `show` says what a page may ask and makes links; `SignIn` lets these addresses pass
without a sign-in.
"""

from typing import TYPE_CHECKING, Any

from .read_links import DEFAULT_DAYS, FILE, MAX_DAYS, LinksError, ReadLink, ReadLinks

if TYPE_CHECKING:
    from .passwords import hash_password
    from .shared_pages import PERIOD, PERIODS, PageReads, Pages, SharedPages, SharedView

__all__ = [
    "DEFAULT_DAYS",
    "FILE",
    "MAX_DAYS",
    "PERIOD",
    "PERIODS",
    "LinksError",
    "PageReads",
    "Pages",
    "ReadLink",
    "ReadLinks",
    "SharedPages",
    "SharedView",
    "hash_password",
]


def __getattr__(name: str) -> Any:
    # Late: the command line should not pay for Starlette.
    if name in ("PERIOD", "PERIODS", "PageReads", "Pages", "SharedPages", "SharedView"):
        from . import shared_pages

        return getattr(shared_pages, name)
    if name == "hash_password":
        from .passwords import hash_password

        return hash_password
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

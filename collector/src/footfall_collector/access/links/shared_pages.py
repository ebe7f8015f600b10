"""What a read-only link answers below `/shared/SECRET`: the link's page, and what this page asks for.

A request may repeat the link's conditions or leave them out. Any other parameter must be one that the page itself
sends, with a value that it sends: so no request widens or narrows what the link shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .read_links import ReadLink, ReadLinks

SHARED_PREFIX = "/shared/"
_SAFE_METHODS = ("GET", "HEAD")
_NO_LINK = "There is no such link: it has ended, was revoked, or is incomplete. Ask for a new one."
_ONE_PAGE = "This link shows one page; its filters and its period are fixed."

Parameters = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class PageReads:
    """What a page reads.

    Attributes:
        path: of the page.
        answers: paths below `/api` to the sets of parameters that the page sends there, besides filters.
    """

    path: str
    answers: Mapping[str, frozenset[Parameters]]


@dataclass(frozen=True)
class SharedView:
    """What a page is told of the link that shows it.

    Attributes:
        prefix: what stands before the paths of everything that the page asks for.
        query: the product, the period and the conditions.
        ends: RFC 3339, UTC.
    """

    prefix: str
    product: str
    query: str
    ends: str


class SharedPages:
    """ASGI application: answers for links, and passes to `app` what they may read. `pages`: by their names."""

    def __init__(self, app: ASGIApp, links: ReadLinks, pages: Mapping[str, PageReads]) -> None:
        self._app, self._links, self._pages = app, links, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        secret, _, inner = scope["path"].removeprefix(SHARED_PREFIX).partition("/")
        link = self._links.find(secret)
        reads = self._pages.get(link.page) if link else None
        allowed: Response | Scope
        if link is None or reads is None:
            allowed = _refusal(_NO_LINK, 404, inner)
        elif scope["method"] not in _SAFE_METHODS:
            allowed = PlainTextResponse("This link reads and changes nothing: use GET here.\n", 405, {"allow": "GET"})
        elif not inner:
            view = SharedView(SHARED_PREFIX + secret, link.product, link.query, link.ends)
            allowed = {**scope, "path": reads.path, "query_string": b"", "state": {"shared": view}}
        else:
            allowed = _scope_of_answer(scope, f"/{inner}", link, reads)
        if isinstance(allowed, Response):
            await allowed(scope, receive, send)
        else:
            await self._app(allowed, receive, send)


def _scope_of_answer(scope: Scope, path: str, link: ReadLink, reads: PageReads) -> Response | Scope:
    """The request with the link's conditions, or why it is refused."""
    conditions = parse_qsl(link.query)
    sent = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    others = frozenset(sent) - frozenset(conditions)
    if others not in reads.answers.get(path, ()):
        return _refusal(_ONE_PAGE, 403, path)
    query = urlencode([*conditions, *sorted(others)]).encode("ascii")
    return {**scope, "path": path, "query_string": query, "state": {"by_link": True}}


def _refusal(sentence: str, status: int, path: str) -> Response:
    # Scripts show the sentence of JSON.
    return JSONResponse({"error": sentence}, status) if path else PlainTextResponse(sentence + "\n", status)

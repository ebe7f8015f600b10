"""What a read-only link answers: below `/shared/SECRET` its page, at `/embed/SECRET` one panel, and what these ask for.

A panel in a frame of another site has no cookies: its requests have the link's secret in a header.

A request may repeat the link's conditions or leave them out. Any other parameter must be one that the page itself
sends, with a value that it sends: so no request widens or narrows what the link shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ...receive import OriginCheck
from ..attempts import SignInAttempts
from ..forms import StyledPage, cookie_of, is_over_tls, read_form
from .passwords import PROOF_SECONDS, LinkPasswords
from .read_links import ReadLink, ReadLinks

SHARED_PREFIX, EMBED_PREFIX = "/shared/", "/embed/"
EMBED_HEADER = "x-footfall-link"
COOKIE = "footfall_link"
_PAGE = StyledPage("link_password", "sign_in")
_LOCKED = "This link has a password: open its page and enter it."
_SAFE_METHODS = ("GET", "HEAD")
_NO_LINK = "There is no such link: it has ended, was revoked, or is incomplete. Ask for a new one."
_ONE_PAGE = "This link shows one page; its filters and its period are fixed."

PERIOD, PERIODS = "period", ("before", "compared", "before_compared")
"""The parameter that asks for the previous period, or for the parts of both periods that changes are between."""

Parameters = frozenset[tuple[str, str]]
Answers = Mapping[str, frozenset[Parameters]]


@dataclass(frozen=True)
class PageReads:
    """What a page reads.

    Attributes:
        path: of the page.
        answers: paths below `/api` to the sets of parameters that the page sends there, besides filters.
        panels: the same of each panel that a link can show alone.
        compared: paths of answers that a page with Compare reads of the previous period too.
    """

    path: str
    answers: Answers
    panels: Mapping[str, Answers] = field(default_factory=dict)
    compared: frozenset[str] = frozenset()


Pages = Callable[[str, str, str], PageReads | None]
"""What the page of a link reads, by its name, the product, and what is open above its panels.

None where there is no such page.
"""


@dataclass(frozen=True)
class SharedView:
    """What a page is told of the link that shows it.

    Attributes:
        prefix: what stands before the paths of everything that the page asks for.
        query: the product, the period and the conditions.
        ends: RFC 3339, UTC.
        panel: what it shows alone; empty for the whole page.
        compare: whether the previous period is shown too.
        opened: what is open above the panels, as parameters of a page's address.
    """

    prefix: str
    product: str
    query: str
    ends: str
    page: str
    panel: str
    compare: bool
    opened: str


class SharedPages:
    """ASGI application: answers for links, and passes to `app` what they may read.

    Args:
        pages: says what the page of a link reads.
        origins: says which pages may send the form of a password.
        root: the base path of all addresses.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        links: ReadLinks,
        pages: Pages,
        origins: OriginCheck,
        root: str,
        clock: Callable[[], float],
    ) -> None:
        self._app, self._links, self._pages, self._origins, self._root = app, links, pages, origins, root
        # Of their own: who guesses here locks nobody out of the sign-in, and who knows a password is not known there.
        self._attempts, self._passwords = SignInAttempts(clock), LinkPasswords()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_embedded = scope["path"].startswith(EMBED_PREFIX)
        secret, _, inner = scope["path"].removeprefix(SHARED_PREFIX).removeprefix(EMBED_PREFIX).partition("/")
        if is_embedded and inner:
            secret, inner = Request(scope).headers.get(EMBED_HEADER, ""), f"{secret}/{inner}"
        link = self._links.find(secret)
        reads = self._pages(link.page, link.product, link.opened) if link and bool(link.panel) == is_embedded else None
        allowed: Response | Scope
        if link is None or reads is None:
            allowed = _refusal(_NO_LINK, 404, inner)
        elif link.password and not inner and scope["method"] == "POST":
            allowed = await self._enter(Request(scope, receive), link, secret)
        elif scope["method"] not in _SAFE_METHODS:
            allowed = PlainTextResponse("This link reads and changes nothing: use GET here.\n", 405, {"allow": "GET"})
        elif not self._passwords.is_proved(link, cookie_of(Request(scope), COOKIE)):
            allowed = _refusal(_LOCKED, 401, inner) if inner else self._form(secret, "", 200)
        elif not inner:
            prefix, path = ("/embed", "/embed") if is_embedded else (SHARED_PREFIX + secret, reads.path)
            shown = (link.product, link.query, link.ends, link.page, link.panel, link.compare, link.opened)
            view = SharedView(prefix, *shown)
            allowed = {**scope, "path": path, "query_string": b"", "state": {"shared": view}}
        else:
            allowed = _scope_of_answer(scope, f"/{inner}", link, reads)
        if isinstance(allowed, Response):
            await allowed(scope, receive, send)
        else:
            await self._app(allowed, receive, send)

    async def _enter(self, request: Request, link: ReadLink, secret: str) -> Response:
        """The answer to a password: the link's page with a proof, or the form again."""
        if not self._origins.accepts(request.scope):
            # Not counted: a page of another site must not use up the attempts of its visitor.
            return self._form(secret, self._origins.refusal(request.scope), 403)
        # Counted before the body is read: bodies that are held back would else all be tried at once.
        attempt = self._attempts.begin(request.client.host if request.client else "")
        if attempt is None:
            return self._form(secret, "Too many wrong attempts; wait a minute.", 429, {"retry-after": "60"})
        offered = await read_form(request, "password")
        if offered is None or not await self._passwords.matches(link, offered):
            return self._form(secret, "Wrong password.", 401)
        attempt.succeed()
        path = self._root + SHARED_PREFIX + secret
        response = RedirectResponse(path, 303)
        proof, is_secure = self._passwords.proof(link), is_over_tls(request)
        # Sent to this link only.
        response.set_cookie(COOKIE, proof, PROOF_SECONDS, path=path, httponly=True, samesite="lax", secure=is_secure)
        return response

    def _form(
        self, secret: str, message: str, status: int, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Response:
        return _PAGE.response(status, {"message": message, "path": self._root + SHARED_PREFIX + secret}, headers)


def _scope_of_answer(scope: Scope, path: str, link: ReadLink, reads: PageReads) -> Response | Scope:
    """The request with the link's conditions, or why it is refused."""
    conditions = parse_qsl(link.query)
    sent = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    others = frozenset(sent) - frozenset(conditions)
    answers = reads.panels.get(link.panel, {}) if link.panel else reads.answers
    is_compared = link.compare and path in reads.compared
    period = next(((PERIOD, each) for each in PERIODS if is_compared and (PERIOD, each) in others), None)
    if others - {period} not in answers.get(path, ()):
        return _refusal(_ONE_PAGE, 403, path)
    query = urlencode([*conditions, *sorted(others)]).encode("ascii")
    return {**scope, "path": path, "query_string": query, "state": {"by_link": True}}


def _refusal(sentence: str, status: int, path: str) -> Response:
    # Scripts show the sentence of JSON.
    return JSONResponse({"error": sentence}, status) if path else PlainTextResponse(sentence + "\n", status)

"""The gate of everything that reads: open on loopback without a secret, else a session cookie or a bearer token.

A session or a token is 256 random bits, which nobody guesses: each is looked up by its hash, before any limit and
without being counted. The sign-in secret may be weaker, so that attempts to guess it are limited.
"""

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ..receive import OriginCheck
from .access_page import AccessPage
from .attempts import SignInAttempts
from .audit_log import SIGNED_IN
from .changes.endpoints import WEBHOOK_PATH, Changes
from .forms import StyledPage, cookie_of, is_over_tls, read_form
from .links import ReadLinks
from .links.shared_pages import EMBED_PREFIX, SHARED_PREFIX, Pages, SharedPages
from .secret import SignInSecret
from .sessions import SESSION_SECONDS, SignInSessions
from .tokens import Tokens
from .tokens.scopes import ACCESS_PATH, ANNOTATIONS_PATH, CHANGE_PATHS, CHANGED_PATHS, apply_scope

COOKIE = "footfall_session"
PATH = "/sign-in"
THIS_MACHINE = "this machine"
"""Who asks where no sign-in is needed."""
SIGN_OUT_PATH = "/sign-out"
_OPEN_PREFIXES = ("/static/", "/public/")
"""Files of the pages, and what is published for everyone (nothing unless `public_products` names a product)."""
_PAGE = StyledPage("sign_in")
_TOO_MANY = "Too many wrong attempts; wait a minute."
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class SignIn:
    """ASGI middleware. Without a secret it lets everything through; off loopback the start refuses that.

    Args:
        changes: answers what changes write keys and annotations.
        links: read-only links; `shared` says what the page of each reads.
        access_page: answers `/access` for who may read everything and has no token.
        origins: says which pages may sign in, sign out and use a session.
        data: the data directory, for the sessions.
        root: the base path of all addresses, empty or such as `/stats`.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        secret: str,
        tokens: Tokens,
        links: ReadLinks,
        shared: Pages,
        access_page: AccessPage,
        changes: Changes,
        origins: OriginCheck,
        data: Path,
        root: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._tokens, self._origins = app, tokens, origins
        self._access_page, self._changes, self._root = access_page, changes, root
        self._shared = SharedPages(app, links, shared, origins, root, clock)
        self._secret = SignInSecret(secret) if secret else None
        self._sessions = SignInSessions(data, secret, time.time)
        self._attempts = SignInAttempts(clock)

    def recognises(self, scope: Scope) -> bool:
        """Whether a request has a live session or a token. It costs two hashes, so no limit needs to come before it."""
        connection = HTTPConnection(scope)
        return self._sessions.is_live(_session_token(connection)) or self._tokens.find(_bearer(connection)) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path.startswith(_OPEN_PREFIXES):
            await self._app(scope, receive, send)
            return
        if path.startswith((SHARED_PREFIX, EMBED_PREFIX)):
            await self._shared(scope, receive, send)
            return
        if path == WEBHOOK_PATH:
            # It is signed with a secret of its own.
            await (await self._changes.deliver(Request(scope, receive)))(scope, receive, send)
            return
        if self._secret is None:
            await self._answer(scope, receive, send, THIS_MACHINE)
            return
        connection = HTTPConnection(scope)
        if path == PATH:
            response = await self._sign_in(Request(scope, receive), self._secret)
            await response(scope, receive, send)
        elif path == SIGN_OUT_PATH:
            response = await self._sign_out(connection)
            await response(scope, receive, send)
        elif self._sessions.is_live(_session_token(connection)):
            if scope["method"] in _SAFE_METHODS or self._origins.accepts(scope, required=True):
                # Pages show a button to sign out.
                scope.setdefault("state", {})["signed_in"] = True
                await self._answer(scope, receive, send)
            else:
                await PlainTextResponse(self._origins.refusal(scope) + "\n", 403)(scope, receive, send)
        else:
            refusal = await self._check_bearer(connection, self._secret)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
            token = self._tokens.find(_bearer(connection))
            who = (f"token {token.name}", token.product) if token is not None else (SIGNED_IN, "")
            await self._answer(scope, receive, send, *who)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, who: str = SIGNED_IN, product: str = ""
    ) -> None:
        """Answer a request that may be answered; a page of another site may not ask for what changes something."""
        path, is_safe = scope["path"], scope["method"] in _SAFE_METHODS
        if not is_safe and path in CHANGED_PATHS and not self._origins.accepts(scope):
            await PlainTextResponse(self._origins.refusal(scope) + "\n", 403)(scope, receive, send)
        elif path == ACCESS_PATH:
            response = await self._access_page.answer(Request(scope, receive))
            await response(scope, receive, send)
        elif path in CHANGE_PATHS and not (path == ANNOTATIONS_PATH and is_safe):
            response = await self._changes.answer(Request(scope, receive), who, product)
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _sign_out(self, connection: HTTPConnection) -> Response:
        """End the session on the server, so that a copy of its cookie is worthless."""
        if connection.scope["method"] != "POST":
            return PlainTextResponse("Use POST here.\n", 405, {"allow": "POST"})
        if not self._origins.accepts(connection.scope, required=True):
            return PlainTextResponse(self._origins.refusal(connection.scope) + "\n", 403)
        await self._sessions.end(_session_token(connection))
        response = RedirectResponse(self._root + PATH, 303)
        response.delete_cookie(COOKIE, path=self._root or "/", httponly=True, samesite="lax")
        return response

    async def _check_bearer(self, connection: HTTPConnection, secret: SignInSecret) -> Response | None:
        """None where the request carries the secret or a token, else the response that asks for it."""
        offered = _bearer(connection)
        if offered:
            token = self._tokens.find(offered)
            if token is not None:
                reason = apply_scope(token, connection.scope)
                return PlainTextResponse(reason + "\n", 403) if reason else None
            attempt = self._attempts.begin(_peer(connection))
            if attempt is None:
                return PlainTextResponse(f"{_TOO_MANY} Tokens are accepted at any time.\n", 429, {"retry-after": "60"})
            if await secret.matches(offered):
                attempt.succeed()
                return None
        elif "text/html" in connection.headers.get("accept", ""):
            # With the query, so that a link leads to the view it describes.
            next_page = connection.url.path + (f"?{connection.url.query}" if connection.url.query else "")
            return RedirectResponse(f"{self._root}{PATH}?next={quote(next_page, safe='')}", 303)
        return PlainTextResponse(
            "Sign in, or send `Authorization: Bearer <token or sign-in secret>`.\n", 401, {"www-authenticate": "Bearer"}
        )

    def _form(self, message: str, next_page: str, status: int, headers: dict[str, str] | None = None) -> Response:
        values = {"message": message, "path": self._root + PATH, "next_page": quote(next_page, safe="")}
        return _PAGE.response(status, values, headers or {})

    async def _sign_in(self, request: Request, secret: SignInSecret) -> Response:
        next_page = request.query_params.get("next", "/")
        if not next_page.startswith("/") or next_page.startswith("//") or "\\" in next_page:
            next_page = "/"
        if request.method == "GET":
            return self._form("", next_page, 200)
        if request.method != "POST":
            return PlainTextResponse("Use GET or POST here.\n", 405, {"allow": "GET, POST"})
        if not self._origins.accepts(request.scope):
            # Not counted: a page of another site must not use up the attempts of its visitor.
            return self._form(self._origins.refusal(request.scope), next_page, 403)
        # Counted before the body is read: bodies that are held back would else all be tried at once.
        attempt = self._attempts.begin(_peer(request))
        if attempt is None:
            return self._form(_TOO_MANY, next_page, 429, {"retry-after": "60"})
        offered = await read_form(request, "secret")
        if offered is None or not await secret.matches(offered):
            return self._form("Wrong secret.", next_page, 401)
        attempt.succeed()
        response = RedirectResponse(self._root + next_page, 303)
        response.set_cookie(
            COOKIE,
            await self._sessions.start(),
            max_age=SESSION_SECONDS,
            path=self._root or "/",
            httponly=True,
            samesite="lax",
            secure=is_over_tls(request),
        )
        return response


def _bearer(connection: HTTPConnection) -> str:
    """The bearer token of a request, or the empty text."""
    scheme, _, offered = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return ""
    try:
        # Headers are read as Latin-1; programs send a secret with other letters as UTF-8.
        return offered.strip().encode("latin-1").decode()
    except UnicodeDecodeError:
        return offered.strip()


def _session_token(connection: HTTPConnection) -> str:
    return cookie_of(connection, COOKIE)


def _peer(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""

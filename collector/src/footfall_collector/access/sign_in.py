"""The gate before everything that reads: open on loopback without a secret, else a session cookie or a bearer token."""

import asyncio
import base64
import hashlib
import hmac
import html
import secrets
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import parse_qs, quote

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ..runtime import SettingsError, problem_of
from .tokens import Tokens

COOKIE = "footfall_session"
PATH = "/sign-in"
OUT = "/sign-out"
_OPEN = ("/healthz", "/readyz", PATH)
_OPEN_BELOW = ("/static/", "/public/")
"""Files of the page, and what is published for everyone (nothing unless `public_products` names a product)."""
_SESSION_SECONDS = 12 * 3600
_MAX_SESSIONS = 1000
_MAX_FORM = 4096
_FAILURES, _WINDOW_SECONDS, _MAX_PEERS = 10, 60.0, 10_000
_FROM_ELSEWHERE = "This came from another site; nothing was done.\n"
_SAFE = ("GET", "HEAD", "OPTIONS")
_ARGON2 = "$argon2"

_STYLE = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--line:#8b93a3;--text:#14171f;--muted:#5a6272;--bad:#c0262d}
@media(prefers-color-scheme:dark){:root{--bg:#0d0f13;--card:#15181e;--line:#667085;--text:#e9ebf0;--muted:#a0a8b8;
--bad:#ff8f92}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:16px;background:var(--bg);color:var(--text);
font:16px/1.5 -apple-system,"Segoe UI",Roboto,Arial,sans-serif}
main{width:100%;max-width:380px;padding:28px;background:var(--card);border-radius:12px;box-shadow:0 8px 28px #10182829}
h1{margin:0;font-size:22px}p{margin:4px 0 18px;color:var(--muted)}p[role=status]{color:var(--bad)}
p[role=status]:empty{display:none}label{display:block;margin-bottom:6px;font-weight:600}
input,button{width:100%;padding:10px 12px;border:1px solid var(--line);border-radius:8px;font:inherit}
button{margin-top:14px;border:0;background:#4f46e5;color:#fff;font-weight:600;cursor:pointer}
:focus-visible{outline:2px solid #6366f1;outline-offset:2px}
"""
_PAGE = (
    """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Sign in · Footfall</title>
<style>"""
    + _STYLE.replace("{", "{{").replace("}", "}}")
    + """</style></head><body><main><h1>Footfall</h1><p>Reading needs this collector's sign-in secret.</p>
<p role="status">{message}</p><form method="post" action="{path}?next={next}"><label for="secret">Sign-in secret</label>
<input id="secret" name="secret" type="password" autocomplete="current-password" autofocus required>
<button>Sign in</button></form></main></body></html>"""
)
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "referrer-policy": "same-origin",
}


class Attempts:
    """Failed attempts per peer within a minute. A peer is kept as a salted hash, in memory only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._failures: dict[bytes, list[float]] = {}

    def blocked(self, peer: str) -> bool:
        """Whether the peer has failed too often."""
        return len(self._recent(self._key(peer))) >= _FAILURES

    def failed(self, peer: str) -> None:
        """Count a failure."""
        key = self._key(peer)
        recent = self._recent(key)
        # The latest failure goes to the end, so the one that makes room is the longest ago.
        self._failures.pop(key, None)
        if len(self._failures) >= _MAX_PEERS:
            del self._failures[next(iter(self._failures))]
        self._failures[key] = [*recent, self._clock()]

    def _key(self, peer: str) -> bytes:
        return hmac.digest(self._salt, peer.encode(), "sha256")

    def _recent(self, key: bytes) -> list[float]:
        since = self._clock() - _WINDOW_SECONDS
        return [at for at in self._failures.get(key, ()) if at > since]


class Secret:
    """The sign-in secret, given as it is or as its argon2 hash."""

    def __init__(self, given: str) -> None:
        if problem := problem_of("sign_in", given):
            raise SettingsError(f"sign_in_secret: {problem}")
        self._given = given
        self._accepted: bytes | None = None
        # A hash is made to cost memory: one at a time, or guessers together would take it all.
        self._one_at_a_time = asyncio.Lock()

    async def matches(self, offered: str) -> bool:
        """Compare in constant time; a hash is verified once per right secret, off the event loop."""
        digest = hashlib.sha256(offered.encode("utf-8", "surrogatepass")).digest()
        if not self._given.startswith(_ARGON2):
            return hmac.compare_digest(digest, hashlib.sha256(self._given.encode()).digest())
        if self._accepted is not None and hmac.compare_digest(digest, self._accepted):
            return True
        async with self._one_at_a_time:
            right = await asyncio.to_thread(self._verified, offered)
        if right:
            self._accepted = digest
        return right

    def _verified(self, offered: str) -> bool:
        try:
            return PasswordHasher().verify(self._given, offered)
        except (VerificationError, InvalidHashError):
            return False


class SignIn:
    """ASGI middleware. Without a secret it lets everything through: the start refuses that off loopback."""

    def __init__(self, app: ASGIApp, secret: str, tokens: Tokens, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._tokens = tokens
        self._secret = Secret(secret) if secret else None
        self._clock = clock
        self._sessions: dict[bytes, float] = {}
        self._attempts = Attempts(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        path = scope.get("path", "")
        if self._secret is None or (path in _OPEN and path != PATH) or path.startswith(_OPEN_BELOW):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        if path == PATH:
            await (await self._sign_in(Request(scope, receive)))(scope, receive, send)
        elif path == OUT:
            await self._sign_out(connection)(scope, receive, send)
        elif self._in_session(connection):
            if scope["method"] in _SAFE or _same_origin(connection, demanded=True):
                # Pages have a button for it.
                scope.setdefault("state", {})["signed_in"] = True
                await self._app(scope, receive, send)
            else:
                await PlainTextResponse(_FROM_ELSEWHERE, 403)(scope, receive, send)
        else:
            refused = await self._check_bearer(connection)
            if refused is None:
                await self._app(scope, receive, send)
            else:
                await refused(scope, receive, send)

    def _in_session(self, connection: HTTPConnection) -> bool:
        return self._sessions.get(_session_of(connection), float("-inf")) > self._clock()

    def _sign_out(self, connection: HTTPConnection) -> Response:
        """End the session here, so that a copy of its cookie is worth nothing either."""
        if connection.scope["method"] != "POST":
            return PlainTextResponse("Use POST here.\n", 405, {"allow": "POST"})
        if not _same_origin(connection, demanded=True):
            return PlainTextResponse(_FROM_ELSEWHERE, 403)
        self._sessions.pop(_session_of(connection), None)
        answer = RedirectResponse(PATH, 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer

    async def _check_bearer(self, connection: HTTPConnection) -> Response | None:
        """None where the request carries the secret or a token, else the answer that asks for it."""
        assert self._secret is not None
        scheme, _, offered = connection.headers.get("authorization", "").partition(" ")
        peer = _peer(connection)
        if scheme.lower() == "bearer" and offered:
            if self._attempts.blocked(peer):
                return PlainTextResponse("Too many wrong attempts; wait a minute.\n", 429, {"retry-after": "60"})
            if self._tokens.knows(offered.strip()) or await self._secret.matches(offered.strip()):
                return None
            self._attempts.failed(peer)
        elif "text/html" in connection.headers.get("accept", ""):
            # With its query, so that a link leads to what it shows.
            onwards = connection.url.path + (f"?{connection.url.query}" if connection.url.query else "")
            return RedirectResponse(f"{PATH}?next={quote(onwards, safe='')}", 303)
        return PlainTextResponse(
            "Sign in, or send `Authorization: Bearer <token or sign-in secret>`.\n", 401, {"www-authenticate": "Bearer"}
        )

    async def _sign_in(self, request: Request) -> Response:
        onwards = request.query_params.get("next", "/")
        if not onwards.startswith("/") or onwards.startswith("//") or "\\" in onwards:
            onwards = "/"
        if request.method == "GET":
            return _page("", onwards, 200)
        if request.method != "POST":
            return PlainTextResponse("Use GET or POST here.\n", 405, {"allow": "GET, POST"})
        assert self._secret is not None
        if self._attempts.blocked(_peer(request)):
            return _page("Too many wrong attempts; wait a minute.", onwards, 429, {"retry-after": "60"})
        if not _same_origin(request):
            return _page("The form came from another site; sign in here.", onwards, 403)
        offered = await _offered(request)
        if offered is None or not await self._secret.matches(offered):
            self._attempts.failed(_peer(request))
            return _page("That is not the secret.", onwards, 401)
        answer = RedirectResponse(onwards, 303)
        secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))
        answer.set_cookie(
            COOKIE, self._new_session(), max_age=_SESSION_SECONDS, httponly=True, samesite="lax", secure=secure
        )
        return answer

    def _new_session(self) -> str:
        now = self._clock()
        live = sorted((until, key) for key, until in self._sessions.items() if until > now)
        self._sessions = {key: until for until, key in live[-_MAX_SESSIONS + 1 :]}
        token = secrets.token_urlsafe(32)
        self._sessions[hashlib.sha256(token.encode()).digest()] = now + _SESSION_SECONDS
        return token


def _session_of(connection: HTTPConnection) -> bytes:
    return hashlib.sha256(connection.cookies.get(COOKIE, "").encode()).digest()


def _peer(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""


def _same_origin(request: HTTPConnection, *, demanded: bool = False) -> bool:
    """Browsers say where a request comes from. What says nothing is no browser, and passes unless it is `demanded`."""
    origin = request.headers.get("origin")
    if origin is None:
        return not demanded
    return origin.split("://", 1)[-1] == request.headers.get("host", "")


async def _offered(request: Request) -> str | None:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_FORM:
            return None
    try:
        return parse_qs(body.decode()).get("secret", [None])[0]
    except ValueError:
        return None


def _page(message: str, onwards: str, status: int, more: Mapping[str, str] = MappingProxyType({})) -> HTMLResponse:
    page = _PAGE.format(message=html.escape(message), path=PATH, next=quote(onwards, safe=""))
    return HTMLResponse(page, status, _HEADERS | dict(more))

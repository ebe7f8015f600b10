"""The page on which who signs in sees the tokens and the audit log, and revokes tokens."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from .audit_log import KEPT_DAYS, SIGNED_IN, AuditLog
from .forms import StyledPage, read_form
from .token_scopes import ACCESS_PATH
from .tokens import Tokens, TokensError

_PAGE = StyledPage("access")


class AccessPage:
    """Answers `/access`; whoever gets here has signed in, and the request is of one of the collector's pages.

    `root`: the base path of all addresses.
    """

    def __init__(self, tokens: Tokens, audit: AuditLog, root: str) -> None:
        self._tokens, self._audit, self._root = tokens, audit, root

    async def answer(self, request: Request) -> Response:
        if request.method == "GET":
            return self._page("", 200)
        if request.method != "POST":
            return PlainTextResponse("Use GET or POST here.\n", 405, {"allow": "GET, POST"})
        name = await read_form(request, "revoke")
        if name is None:
            return self._page("The form has no name of a token.", 400)
        try:
            self._tokens.revoke(name)
        except TokensError:
            return self._page("There is no token of this name; it may be revoked already.", 404)
        except OSError as error:
            return self._page(f"The token is not revoked: the data directory can't be written ({error.strerror}).", 503)
        self._audit.note(SIGNED_IN, f"tokens revoke name {name}")
        return RedirectResponse(self._root + ACCESS_PATH, 303)

    def _page(self, message: str, status: int) -> Response:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        tokens = [
            {"name": token.name, "scope": token.scope, "product": token.product, "added": token.added}
            | {"ends": token.ends, "ended": bool(token.ends) and token.ends <= now}
            for token in self._tokens.all()
        ]
        entries = self._audit.entries()[::-1]
        values = {"root": self._root, "path": ACCESS_PATH, "days": KEPT_DAYS, "message": message}
        return _PAGE.response(status, values | {"tokens": tokens, "entries": entries})

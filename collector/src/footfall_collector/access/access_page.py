"""The page on which who signs in sees tokens, read-only links and the audit log, and revokes tokens and links."""

from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from .audit_log import KEPT_DAYS, SIGNED_IN, AuditLog
from .forms import StyledPage, read_fields
from .links import LinksError, ReadLinks
from .tokens import Tokens, TokensError
from .tokens.scopes import ACCESS_PATH

_PAGE = StyledPage("access")


class AccessPage:
    """Answers `/access`; whoever gets here has signed in, and the request is of one of the collector's pages.

    `root`: the base path of all addresses.
    """

    def __init__(self, tokens: Tokens, links: ReadLinks, audit: AuditLog, root: str) -> None:
        self._tokens, self._links, self._audit, self._root = tokens, links, audit, root

    async def answer(self, request: Request) -> Response:
        if request.method == "GET":
            return self._page("", 200)
        if request.method != "POST":
            return PlainTextResponse("Use GET or POST here.\n", 405, {"allow": "GET, POST"})
        form = await read_fields(request)
        kind = next((each for each in ("revoke", "revoke_link") if each in form), None)
        if kind is None:
            return self._page("The form has no name of a token or a link.", 400)
        name, what = form[kind], "token" if kind == "revoke" else "link"
        try:
            self._tokens.revoke(name) if what == "token" else self._links.revoke(name)
        except (TokensError, LinksError):
            return self._page(f"There is no {what} of this name; it may be revoked already.", 404)
        except OSError as error:
            return self._page(
                f"The {what} is not revoked: the data directory can't be written ({error.strerror}).", 503
            )
        self._audit.note(SIGNED_IN, f"{what}s revoke name {name}")
        return RedirectResponse(self._root + ACCESS_PATH, 303)

    def _page(self, message: str, status: int) -> Response:
        tokens = [
            {"name": token.name, "scope": token.scope, "product": token.product, "added": token.added}
            | {"ends": token.ends, "ended": self._tokens.has_ended(token)}
            for token in self._tokens.all()
        ]
        links = [
            {name: getattr(link, name) for name in ("name", "product", "page", "panel", "added", "ends")}
            | {
                "protected": bool(link.password),
                "conditions": unquote_plus(link.query),
                "ended": self._links.has_ended(link),
            }
            for link in self._links.all()
        ]
        entries = self._audit.entries()[::-1]
        values = {"root": self._root, "path": ACCESS_PATH, "days": KEPT_DAYS, "message": message}
        return _PAGE.response(status, values | {"tokens": tokens, "links": links, "entries": entries})

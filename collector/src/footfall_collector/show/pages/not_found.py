"""The answer to an unknown address: a page with links to all pages, JSON below `/api`."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from .assets import Assets
from .layout import PAGES
from .templating import template_environment

_API = "There is no such address; {root}/api/openapi.json lists all of them."


def not_found_handler(assets: Assets) -> Callable[[Request, Exception], Response]:
    """The handler of 404. Its answers do not repeat the address."""
    page = (
        template_environment().get_template("not_found.html").render(static=assets.base, root=assets.root, pages=PAGES)
    )

    def answer(request: Request, error: Exception) -> Response:
        del error
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": _API.format(root=assets.root)}, 404)
        return HTMLResponse(page, 404)

    return answer

"""What is answered where there is nothing: a page with the ways to the others, JSON below `/api`."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from .assets import Assets
from .layout import PAGES
from .templating import environment

_API = "There is no such address; /api/openapi.json has all of them."


def missing(assets: Assets) -> Callable[[Request, Exception], Response]:
    """The handler of 404. Nothing of the address is repeated."""
    page = environment().get_template("missing.html").render(static=assets.base, pages=PAGES)

    def answer(request: Request, error: Exception) -> Response:
        del error
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": _API}, 404)
        return HTMLResponse(page, 404)

    return answer

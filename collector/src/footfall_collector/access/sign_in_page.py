"""The sign-in form. Its style is inline, so that the page needs no other file; its policy allows this style only."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

PATH = "/sign-in"
_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "sign_in.css").read_text("utf-8")
_PAGE = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined).get_template(
    "sign_in.html"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "same-origin",
}


def sign_in_page(
    message: str, address: str, next_page: str, status: int, headers: Mapping[str, str] = MappingProxyType({})
) -> HTMLResponse:
    """The form with a message above it; `address` is its own path, `next_page` the one that follows the sign-in."""
    page = _PAGE.render(style=Markup(_STYLE), message=message, path=address, next_page=quote(next_page, safe=""))  # noqa: S704 -- our own file
    return HTMLResponse(page, status, _HEADERS | dict(headers))

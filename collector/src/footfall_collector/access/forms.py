"""Pages with a form and no other file: their style is inline, and their policy allows this style only."""

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse

from ..runtime import plain_day

_TEMPLATES = Path(__file__).parent / "templates"
_ENVIRONMENT = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
_ENVIRONMENT.filters["plain_day"] = plain_day
_MAX_FORM_BYTES, _MAX_FORM_SECONDS = 4096, 10.0


class StyledPage:
    """The page of `templates/<name>.html` with the style of `templates/<style_name>.css`, by default `<name>`."""

    def __init__(self, name: str, style_name: str = "") -> None:
        style = (_TEMPLATES / f"{style_name or name}.css").read_text("utf-8")
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._style = Markup(style)  # noqa: S704 -- our own file
        self._template = _ENVIRONMENT.get_template(f"{name}.html")
        self._headers = {
            "cache-control": "no-store",
            "content-security-policy": f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'",
            "referrer-policy": "same-origin",
        }

    def response(
        self, status: int, values: Mapping[str, Any], headers: Mapping[str, str] = MappingProxyType({})
    ) -> HTMLResponse:
        """The page with these values of its template."""
        return HTMLResponse(self._template.render(style=self._style, **values), status, self._headers | dict(headers))


def is_over_tls(request: Request) -> bool:
    """Whether the browser's connection is over TLS, as a proxy or the browser itself says."""
    forwarded, origin = request.headers.get("x-forwarded-proto", ""), request.headers.get("origin", "")
    return "https" in (request.url.scheme, forwarded.partition(",")[0].strip().lower()) or origin.startswith("https:")


def cookie_of(connection: HTTPConnection, name: str) -> str:
    """The value of a cookie as sent, or the empty text.

    `connection.cookies` undoes quotes, for which Python before 3.11.10 needs a time that grows with the square of the
    length: a head of 32 kB takes it a second. The collector's own cookies have none.
    """
    pairs = (pair.partition("=") for line in connection.headers.getlist("cookie") for pair in line.split(";"))
    return next((value.strip() for key, _, value in pairs if key.strip() == name), "")


async def read_form(request: Request, name: str) -> str | None:
    """A field of a form; None where the form has none, is too large, or does not arrive in time."""
    return (await read_fields(request)).get(name)


async def read_fields(request: Request) -> dict[str, str]:
    """The fields of a form; none where it is too large, or does not arrive in time."""
    body = b""
    try:
        async with asyncio.timeout(_MAX_FORM_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > _MAX_FORM_BYTES:
                    return {}
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}
    except (TimeoutError, ClientDisconnect, ValueError):
        return {}

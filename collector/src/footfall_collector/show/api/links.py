"""`/api/links`: lists, makes and revokes read-only links.

A link's conditions are those of a page's address, written out and checked. Sign-in comes before: tokens can do none of
it.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.catalogue import Catalogue

from ...access.links import DEFAULT_DAYS, LinksError, ReadLinks, hash_password
from ...answer import DEFAULT_RANGE, EXTRA_FILTERS, FilterError, Filters, SavedSegments, check_conditions
from ...runtime import Command, ControlError, Settings
from ..pages import PAGES
from .answers import ApiError
from .opened_answers import OPENED, opened_by
from .page_reads import panel_shown, thing_named
from .segments import RefusedChangeError, json_answer, json_body

LINKS_PATH = "/api/links"
_VIEW_ONLY = (*OPENED, "by", "chart", "compare", "hide", "open", "tables")
"""Parameters of a page's address that are no conditions."""
_PERIOD = ("range", "start", "end")
_UNNAMEABLE = re.compile(r"[^A-Za-z0-9_.-]+")
"""What a link's name can't have."""


class LinkToMake(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST.

    Attributes:
        page: the name of the page that the link shows, or the path of that about one thing, as `things/tool/query`.
        query: the part of the page's address after the question mark.
        days: after which it ends.
        name: by which it is listed and revoked; one is made without it.
        password: what readers enter first; none where it is empty.
        panel: the panel of the page that it shows in a frame of another site; empty for the page itself.
    """

    page: str
    query: str = ""
    days: int = DEFAULT_DAYS
    name: str = ""
    password: str = ""
    panel: str = ""


class MadeLink(msgspec.Struct, frozen=True):
    """A new link.

    Attributes:
        path: of the link on this collector, with its secret, which is not kept.
        query: the product, the period and the conditions that it shows.
        ends: RFC 3339, UTC.
    """

    name: str
    path: str
    query: str
    ends: str


class LinksApi:
    """The endpoint. `commands` are those of `link_commands`, whose use is noted."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = commands

    async def endpoint(self, request: Request) -> Response:
        """GET, POST and DELETE."""
        methods = {"POST": self._make, "DELETE": self._revoke}
        try:
            if request.method not in ("GET", "HEAD", *methods):
                raise RefusedChangeError(405, "Use GET, POST or DELETE here.")
            return await methods.get(request.method, self._list)(request)
        except RefusedChangeError as refusal:
            return json_answer(ApiError(str(refusal)), refusal.status)
        except ControlError as error:
            text = str(error)
            return json_answer(ApiError(text[:1].upper() + text[1:].rstrip(".") + "."), 400)

    async def _list(self, request: Request) -> Response:
        del request
        return json_answer({"links": await asyncio.to_thread(self._commands["links_list"])}, 200)

    async def _make(self, request: Request) -> Response:
        body: LinkToMake = await json_body(request, LinkToMake)
        name = body.name or f"{_UNNAMEABLE.sub('-', body.page)[:40]}-{secrets.token_hex(4)}"
        arguments = {"name": name, "page": body.page, "query": body.query, "days": body.days}
        arguments |= {"password": body.password, "panel": body.panel}
        return json_answer(await asyncio.to_thread(self._commands["links_add"], **arguments), 201)

    async def _revoke(self, request: Request) -> Response:
        name = request.query_params.get("name", "")
        known = [link["name"] for link in await asyncio.to_thread(self._commands["links_list"])]
        if name not in known:
            raise RefusedChangeError(404, "There is no link of this name.")
        await asyncio.to_thread(self._commands["links_revoke"], name=name)
        return Response(status_code=204)


def link_commands(
    links: ReadLinks, saved: SavedSegments, catalogues: Mapping[str, Catalogue], settings: Settings
) -> dict[str, Command]:
    """What is done with links, by name: results are plain, and each raises ControlError with a sentence."""
    root, origins = settings.base_path, settings.embed_origins

    def add(
        name: str,
        page: str,
        query: str = "",
        days: int = DEFAULT_DAYS,
        product: str | None = None,
        password: str = "",
        panel: str = "",
    ) -> MadeLink:
        shown = _panel(page, panel, query, password)
        if shown and not origins:
            raise LinksError("no site may show a panel: name its origin in the setting embed_origins first")
        conditions = _conditions(page, query, product, saved, catalogues)
        compare = not shown and bool(dict(parse_qsl(query)).get("compare"))
        hashed = hash_password(password) if password else ""
        about = dict(conditions)["product"]
        opened = "" if shown else opened_by(page, query, saved, catalogues[about])
        secret, link = links.add(name, about, page, urlencode(conditions), days, hashed, shown, compare, opened)
        return MadeLink(link.name, f"{root}/{'embed' if shown else 'shared'}/{secret}", link.query, link.ends)

    def list_links() -> list[dict[str, Any]]:
        names = ("name", "product", "page", "panel", "query", "opened", "compare", "added", "ends")
        return [
            {name: getattr(link, name) for name in names}
            | {"protected": bool(link.password), "ended": links.has_ended(link)}
            for link in links.all()
        ]

    functions: dict[str, Callable[..., Any]] = {
        "links_add": add,
        "links_revoke": links.revoke,
        "links_list": list_links,
    }
    return {name: _plain(function) for name, function in functions.items()}


def _plain(function: Callable[..., Any]) -> Command:
    @wraps(function)
    def command(**arguments: Any) -> Any:
        try:
            return msgspec.to_builtins(function(**arguments))
        except (FilterError, LinksError) as error:
            raise ControlError(str(error)) from None
        except OSError as error:
            raise ControlError(f"the data directory can't be written ({error.strerror}); check --data") from None

    return command


def _panel(page: str, panel: str, query: str, password: str) -> str:
    """What of a page a link shows in a frame; empty for all of it. Raises LinksError."""
    pages = {each.name: each for each in PAGES}
    if page not in pages and not thing_named(page):
        raise LinksError(f"a link shows one of the pages {', '.join(pages)}, or one thing, as things/tool/NAME")
    if not panel:
        return ""
    if page not in pages or not (pages[page].main or pages[page].panels):
        raise LinksError("this page has no panel for a frame: a link shows all of it")
    if password:
        raise LinksError("a panel in a frame has no password: browsers keep no cookies there")
    shown = panel_shown(pages[page], panel, dict(parse_qsl(query)))
    if not shown:
        panels = [each.id for each in (pages[page].main, *pages[page].panels) if each]
        raise LinksError(f"the page {page} has the panels {', '.join(panels)}")
    return shown


def _conditions(
    page: str, query: str, product: str | None, saved: SavedSegments, catalogues: Mapping[str, Catalogue]
) -> list[tuple[str, str]]:
    """The product, the period and the conditions of an address. Raises FilterError.

    Those of a saved segment are written out, so that a later change of it changes no link.
    """
    sent = [(name, value) for name, value in parse_qsl(query) if name not in _VIEW_ONLY]
    values = {name: value for name, value in sent if name != "where"} | ({"product": product} if product else {})
    where = [value for name, value in sent if name == "where"]
    filters = Filters.parse(values, datetime.now(UTC), catalogues, where, saved)
    check_conditions(filters.where, catalogues[filters.product])
    period = [(name, values[name]) for name in _PERIOD if values.get(name)]
    common = [(name, values[name]) for name in ("version", "provider", *EXTRA_FILTERS) if name in values]
    if page == "health":
        # It is about the collector's events as they came in: nothing filters it.
        return [("product", filters.product)]
    return [
        ("product", filters.product),
        *(period or [("range", DEFAULT_RANGE)]),
        *([("internal", filters.internal)] if filters.internal != "hide" else []),
        *common,
        *(("where", text) for text in filters.where),
    ]

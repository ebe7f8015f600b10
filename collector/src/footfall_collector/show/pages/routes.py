"""Renders the HTML pages."""

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ...answer import DEFAULT_RANGE, MAX_VALUE_LENGTH, Answers, ChartSpec, Filters, ReadGate
from ...runtime import Status
from ..endpoint import Endpoint
from ..gated import AsyncEndpoint, gated
from ..health import change_token
from ..insight import EVENT_NAMES, printable
from .asked_panels import AskedPanel
from .assets import Assets
from .layout import PAGES, THING, Page
from .panels import Panel
from .security_headers import framed_policy
from .templating import template_environment
from .things import THING_KINDS

EMBED_PATH = "/embed"
"""Shows a panel to who comes by a link to it, and nothing otherwise."""
RANGE_BUTTONS = (
    {"name": "1h", "short": "1 h", "label": "Last hour, by the minute"},
    {"name": "24h", "short": "24 h", "label": "Last 24 hours"},
    {"name": "7d", "short": "7 d", "label": "Last 7 days"},
    {"name": "30d", "short": "30 d", "label": "Last 30 days"},
    {"name": "90d", "short": "90 d", "label": "Last 90 days"},
    {"name": "365d", "short": "1 y", "label": "Last 365 days"},
    {"name": "custom", "short": "Custom", "label": "Custom range of UTC days"},
)
FILTER_LABELS = {
    "version": "version",
    "provider": "provider",
    "tool": "tool",
    "error_type": "error",
    "mcp_client": "client",
    "mcp_client_version": "client version",
    "transport": "transport",
    "k8s_version": "Kubernetes",
    "deployment_method": "deployment",
}


class Pages:
    """The endpoints of `PAGES`. None needs a query, so each answers within milliseconds at any size of the store."""

    def __init__(
        self,
        assets: Assets,
        answers: Answers,
        status: Status,
        gate: ReadGate,
        documentation: str = "",
        embed_origins: Sequence[str] = (),
    ) -> None:
        self._assets, self._status, self._gate = assets, status, gate
        self._specs = {spec.id: spec for spec in answers.charts()}
        self._answers, self._documentation = answers, documentation
        self._embed_origins = tuple(embed_origins)
        self._templates = template_environment()
        self._templates.globals.update(icon=self._icon, panel_json=self._panel_json)

    def endpoints(self) -> list[tuple[str, AsyncEndpoint]]:
        """(path, endpoint) of every page."""
        pages = [(page.path, gated(self._gate, self._endpoint(page), first=True)) for page in (*PAGES, THING)]
        return [*pages, (EMBED_PATH, gated(self._gate, self._embedded, first=True))]

    def _embedded(self, request: Request) -> Response:
        """One panel for a frame of another site. Raises HTTPException without a link to it."""
        shared = getattr(request.state, "shared", None)
        page = next((each for each in PAGES if shared and each.name == shared.page), None)
        name, _, look = shared.panel.partition("?") if shared else ("", "", "")
        panels = (*page.panels, *([page.main] if page.main else [])) if page else ()
        panel = next((each for each in panels if each.id == name), None)
        if shared is None or page is None or panel is None:
            raise HTTPException(404)
        catalogues = self._answers.catalogues
        conditions = parse_qsl(shared.query)
        values = {name: value for name, value in conditions if name != "where"}
        filters = Filters.parse(values, datetime.now(UTC), catalogues, [])
        period = {"start": filters.start.isoformat(), "end": filters.end.isoformat(), "step": filters.bucket_seconds}
        context = self._context(page, shared.product) | {"panel": panel, "period": period}
        of_link = {"link": f"{shared.query}&{look}", "root": self._assets.root + shared.prefix}
        response = _page(request, self._templates.get_template("embed.html").render(context | of_link))
        response.headers["content-security-policy"] = framed_policy(self._embed_origins)
        return response

    def _endpoint(self, page: Page) -> Endpoint:
        template = self._templates.get_template(page.template)

        def show(request: Request) -> Response:
            shared = getattr(request.state, "shared", None)
            of_request = {
                "shared": shared,
                "root": self._assets.root + (shared.prefix if shared else ""),
                "origin": str(request.base_url).rstrip("/") + self._assets.root,
                "signed_in": getattr(request.state, "signed_in", False),
            }
            context = self._context(page, shared.product if shared else request.query_params.get("product", ""))
            if page is THING:
                context |= _thing(request)
                context["share"] = f"things/{context['kind']}/{context['name']}"
            return _page(request, template.render(context | of_request))

        return show

    def _context(self, page: Page, requested_product: str) -> dict[str, Any]:
        products = self._answers.products()
        product = requested_product if requested_product in products else products[0]
        return {
            "page": page,
            "thing": None,
            "share": page.name,
            "pages": PAGES,
            "static": self._assets.base,
            "root": self._assets.root,
            "documentation": self._documentation,
            "frames": bool(self._embed_origins),
            "pulse": change_token(self._status),
            "ranges": RANGE_BUTTONS,
            "default_range": DEFAULT_RANGE,
            "labels": json.dumps(FILTER_LABELS),
            "event_names": json.dumps(EVENT_NAMES),
            "products": products,
            "product": product,
            "several": len(products) > 1,
            "prefix": f"{product.upper().replace('-', '_')}_",
        }

    @staticmethod
    def _icon(name: str) -> Markup:
        return Markup('<svg class="icon" aria-hidden="true"><use href="#icon-{}"/></svg>').format(name)

    def _panel_json(self, panel: Panel) -> str:
        """The panel's definition for the scripts, as a data attribute."""
        asked = panel if isinstance(panel, AskedPanel) else None
        titles = asked.columns if asked else _titles(self._specs[panel.chart])
        own = panel.options.get("titles", {})
        columns = {name: {"name": own.get(name, title), "unit": unit} for name, (title, unit) in titles.items()}
        definition = {
            "id": panel.id,
            "chart": panel.chart,
            "kind": panel.kind,
            "title": panel.title,
            "unit": panel.unit,
            "segments": panel.segments,
        }
        question: dict[str, Any] = {"asks": True, "query": asked.query} if asked else {}
        return json.dumps(definition | {"empty": panel.empty, "columns": columns} | panel.options | question)


def _titles(spec: ChartSpec) -> dict[str, tuple[str, str]]:
    return {column.name: (column.title, column.unit) for column in spec.columns}


def _thing(request: Request) -> dict[str, Any]:
    """What the template of a thing's page knows of it. Raises HTTPException where there is no such page."""
    kind = THING_KINDS.get(request.path_params["kind"])
    name = request.path_params["name"]
    if kind is None or not name or len(name) > MAX_VALUE_LENGTH:
        raise HTTPException(404)
    return {"kind": request.path_params["kind"], "thing": kind, "name": name, "shown": printable(name)}


def _page(request: Request, text: str) -> Response:
    headers = {"cache-control": "no-cache", "vary": "accept-encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return HTMLResponse(text, headers=headers)
    return HTMLResponse(gzip.compress(text.encode(), 6), headers=headers | {"content-encoding": "gzip"})

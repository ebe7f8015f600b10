"""What anyone may see, where a product is named in `public_products`: closed months, badges, a dataset."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from footfall.catalogue import Catalogue

from ...answer import Answers
from ...runtime import Settings, SettingsError
from ..api import export
from ..pages import Assets, environment
from .archive import CLOSED_AFTER, DIMENSIONS, Archive
from .badges import badge
from .small_groups import LEAST, Month

Endpoint = Callable[[Request], Response]

COLUMNS = ("month", "dimension", "value", "instances")
TITLES = {
    "ai_provider": "AI providers",
    "mcp_client": "MCP clients",
    "transport": "Transports",
    "deployment_method": "Deployment methods",
}
BADGES = {"instances": "active instances", "calls": "tool calls a month"}
# Embedded in other pages: the browser must be allowed to show it there.
_OPEN = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "cache-control": "public, max-age=3600",
}


class Public:
    """The endpoints below `/public`; a product that is not published has none."""

    def __init__(self, assets: Assets, answers: Answers, settings: Settings) -> None:
        self._assets, self._answers = assets, answers
        self._products = frozenset(settings.public_products)
        if unknown := self._products - set(answers.products()):
            raise SettingsError(
                f"public_products names {', '.join(sorted(unknown))}, which this collector doesn't have; "
                "name a product of its, or add it to the settings file as [products.NAME]"
            )
        self._archive = Archive(settings.data / "public", answers, settings.retention_days)
        self._template = environment().get_template("public.html")

    def endpoints(self) -> list[tuple[str, Endpoint]]:
        """Path and endpoint of each."""
        found: dict[str, Callable[[str, Request], Response]] = {
            "/public/{product}": self._page,
            "/public/{product}/data.json": self._json,
            "/public/{product}/data.parquet": self._parquet,
            "/public/{product}/dictionary.json": self._dictionary,
            "/public/{product}/badge/{name}.svg": self._badge,
        }
        return [(path, self._guarded(endpoint)) for path, endpoint in found.items()]

    def _guarded(self, endpoint: Callable[[str, Request], Response]) -> Endpoint:
        def answer(request: Request) -> Response:
            product = request.path_params["product"]
            if product not in self._products:
                return PlainTextResponse("Nothing is published here.\n", 404)
            return endpoint(product, request)

        return answer

    def _months(self, product: str) -> list[Month]:
        return self._archive.months(product, datetime.now(UTC))

    def _page(self, product: str, request: Request) -> Response:
        months = self._months(product)
        body = self._template.render(
            product=product,
            months=months[::-1],
            titles=TITLES,
            static=self._assets.base,
            least=LEAST,
            closed_days=CLOSED_AFTER.days,
            badges=BADGES,
            address=request.url.path.rstrip("/"),
        )
        return HTMLResponse(body, headers={"cache-control": "no-cache"})

    def _json(self, product: str, request: Request) -> Response:
        rows = [row for month in self._months(product) for row in month.rows()]
        body = {"product": product, "columns": COLUMNS, "rows": rows, "dictionary": "dictionary.json"}
        return Response(msgspec.json.encode(body), media_type="application/json", headers=_OPEN)

    def _parquet(self, product: str, request: Request) -> Response:
        rows = [row for month in self._months(product) for row in month.rows()]
        headers = _OPEN | {"content-disposition": f'attachment; filename="{product}.parquet"'}
        return Response(export.as_parquet(COLUMNS, rows), media_type="application/vnd.apache.parquet", headers=headers)

    def _dictionary(self, product: str, request: Request) -> Response:
        body = dictionary(self._answers.catalogues[product])
        return Response(msgspec.json.encode(body), media_type="application/json", headers=_OPEN)

    def _badge(self, product: str, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in BADGES:
            return PlainTextResponse(f"There is no such badge; known are {', '.join(BADGES)}.\n", 404)
        months = self._months(product)
        number = getattr(months[-1], name) if months else None
        text = "too few to say" if number is None else f"{number:,}"
        return Response(badge(BADGES[name], text), media_type="image/svg+xml", headers=_OPEN)


def dictionary(catalogue: Catalogue) -> dict[str, Any]:
    """What the columns and dimensions of the dataset mean, from the catalogue."""
    meanings = {
        name: property_.meaning
        for event in catalogue.events.values()
        for name, property_ in {**catalogue.common, **event.properties}.items()
        if name in DIMENSIONS
    }
    return {
        "month": "UTC month; published once, a week after its end",
        "dimension": {"all": "All instances of the month"} | meanings,
        "value": "A word of the dimension's closed list; others and small groups are left out",
        "instances": "Instances that were active in the month, rounded to tens; each counts once in a dimension, under "
        "the value that it had on most days",
    }

"""The endpoints below `/public`, for the products in `public_products`: page, badges, dataset and dictionary."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from footfall.catalogue import Catalogue

from ...answer import MIN_GROUP, Answers, ReadGate
from ...runtime import Settings, SettingsError
from ..api import as_parquet
from ..endpoint import Endpoint
from ..gated import AsyncEndpoint, gated
from ..pages import Assets, template_environment
from .archive import CLOSED_AFTER, DIMENSIONS, MonthArchive
from .badges import badge
from .own_words import own_words
from .small_groups import CALLS_SPREAD, NAMED_FROM, THRESHOLDS, PublicRow, PublishedMonth

ProductEndpoint = Callable[[str, Request], Response]
"""Takes the product and the request."""

PARQUET = "application/vnd.apache.parquet"
COLUMNS = ("month", "dimension", "value", "instances")
TITLES = {
    "ai_provider": "AI providers",
    "mcp_client": "MCP clients",
    "transport": "Transports",
    "deployment_method": "Deployment methods",
}
BADGES = {"instances": "active instances", "calls": "tool calls a month"}
# Other sites embed badges and read the dataset.
_EMBEDDABLE = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "cache-control": "public, max-age=3600",
}


class PublicDataset(msgspec.Struct, frozen=True):
    """Published numbers of all months.

    Attributes:
        dictionary: the address of the `DataDictionary`, relative to this one.
    """

    product: str
    columns: tuple[str, ...]
    rows: list[PublicRow]
    dictionary: str


class DataDictionary(msgspec.Struct, frozen=True):
    """The meaning of each column, and of each dimension."""

    month: str
    dimension: dict[str, str]
    value: str
    instances: str


class PublicPages:
    """The endpoints below `/public`. Products that are not in `public_products` are answered with 404.

    `trusted_time`: epoch seconds that no wrong clock moves forward. A month is published once it is over by this time.
    The noise of published numbers is drawn from `secret`.
    """

    def __init__(
        self,
        assets: Assets,
        answers: Answers,
        settings: Settings,
        trusted_time: Callable[[], float],
        secret: bytes,
        gate: ReadGate,
    ) -> None:
        self._assets, self._answers, self._time, self._gate = assets, answers, trusted_time, gate
        self._products = frozenset(settings.public_products)
        self._per_sender = settings.established_per_sender
        if unknown := self._products - set(answers.products()):
            raise SettingsError(
                f"public_products names {', '.join(sorted(unknown))}, which this collector doesn't have; "
                "name one of its products, or add it to the settings file as [products.NAME]"
            )
        self._archive = MonthArchive(settings.data / "public", answers, settings.days_in_store, secret)
        self._template = template_environment().get_template("public.html")

    def endpoints(self) -> list[tuple[str, AsyncEndpoint]]:
        """(path, endpoint) of each. Equal requests that wait share an answer: they differ in nothing but the path."""
        endpoints: dict[str, ProductEndpoint] = {
            "/public/{product}": self._page,
            "/public/{product}/data.json": self._json,
            "/public/{product}/data.parquet": self._parquet,
            "/public/{product}/dictionary.json": self._dictionary,
            "/public/{product}/badge/{name}.svg": self._badge,
        }
        return [
            (path, self._published_only(gated(self._gate, _of_product(endpoint), lambda _: "public")))
            for path, endpoint in endpoints.items()
        ]

    def _published_only(self, endpoint: AsyncEndpoint) -> AsyncEndpoint:
        """Refuse other paths before the gate: anyone could fill it with a hundred of them, and keep out readers."""

        async def answer(request: Request) -> Response:
            if request.path_params["product"] not in self._products:
                return PlainTextResponse("Nothing is published here.\n", 404)
            if request.path_params.get("name", "instances") not in BADGES:
                return PlainTextResponse(f"There is no such badge; known are {', '.join(BADGES)}.\n", 404)
            return await endpoint(request)

        return answer

    def _months(self, product: str) -> list[PublishedMonth]:
        return self._archive.months(product, datetime.fromtimestamp(self._time(), UTC))

    def _rows(self, product: str) -> list[PublicRow]:
        return [row for month in self._months(product) for row in month.rows()]

    def _page(self, product: str, request: Request) -> Response:
        months = self._months(product)
        names = {each.month: f"{datetime.fromisoformat(each.month + '-01'):%B %Y}" for each in months}
        body = self._template.render(
            product=product,
            months=months[::-1],
            names=names,
            newest=names[months[-1].month] if months else "",
            titles=TITLES | {word.dimension: word for word in own_words(self._answers.catalogues[product])},
            static=self._assets.base,
            min_group=MIN_GROUP,
            per_sender=self._per_sender,
            named_from=NAMED_FROM,
            named_surely=NAMED_FROM + THRESHOLDS - 1,
            calls_spread=round(100 * CALLS_SPREAD),
            closed_days=CLOSED_AFTER.days,
            badges=BADGES,
            address=self._assets.root + request.url.path.rstrip("/"),
        )
        return HTMLResponse(body, headers={"cache-control": "no-cache"})

    def _json(self, product: str, request: Request) -> Response:
        dataset = PublicDataset(product, COLUMNS, self._rows(product), "dictionary.json")
        return Response(msgspec.json.encode(dataset), media_type="application/json", headers=_EMBEDDABLE)

    def _parquet(self, product: str, request: Request) -> Response:
        headers = _EMBEDDABLE | {"content-disposition": f'attachment; filename="{product}.parquet"'}
        return Response(as_parquet(COLUMNS, self._rows(product)), media_type=PARQUET, headers=headers)

    def _dictionary(self, product: str, request: Request) -> Response:
        body = dictionary(self._answers.catalogues[product])
        return Response(msgspec.json.encode(body), media_type="application/json", headers=_EMBEDDABLE)

    def _badge(self, product: str, request: Request) -> Response:
        name = request.path_params["name"]
        months = self._months(product)
        number = getattr(months[-1], name) if months else None
        text = "too few to say" if number is None else f"{number:,}"
        return Response(badge(BADGES[name], text), media_type="image/svg+xml", headers=_EMBEDDABLE)


def _of_product(endpoint: ProductEndpoint) -> Endpoint:
    return lambda request: endpoint(request.path_params["product"], request)


def dictionary(catalogue: Catalogue) -> DataDictionary:
    """The meanings of dimensions come from the catalogue."""
    meanings = {
        name: property_.meaning
        for event in catalogue.events.values()
        for name, property_ in {**catalogue.common, **event.properties}.items()
        if name in DIMENSIONS
    }
    return DataDictionary(
        month="UTC month; published once, a week after its end",
        dimension={"all": "All instances of the month"}
        | meanings
        | {word.dimension: word.declared.meaning for word in own_words(catalogue)},
        value="A word of the dimension's closed list; others and small groups are left out",
        instances="Established instances that were active in the month, with random noise, rounded to tens; each "
        "counts once in a dimension, under the value that it had on most days. An instance is established once it was "
        "seen on three days over a week or more",
    )

"""The JSON that the pages and everybody else read. A wrong filter is a 400 with one plain sentence."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ...answer import Answers, Chart, FilterError, Filters
from ...runtime import Settings, Status
from ..insight import data_health as health
from ..insight import releases
from ..pages import PAGES
from ..pages import page_answers as pageanswers
from ..report import contents as report
from . import export, openapi

Endpoint = Callable[[Request], Response]


class Api:
    """The endpoints below `/api`. They run in worker threads, since a query blocks."""

    def __init__(self, answers: Answers, status: Status, settings: Settings) -> None:
        self._answers, self._status, self._settings = answers, status, settings
        self._ids = {spec.id for spec in answers.charts()}

    def endpoints(self) -> list[tuple[str, Endpoint]]:
        """Path and endpoint of everything below `/api`."""
        found = {
            "/api/charts": self.charts,
            "/api/charts/{name}": self.chart,
            "/api/pages/{name}": self.page,
            "/api/options": self.options,
            "/api/releases": self.releases,
            "/api/report": self.report,
            "/api/health": self.health,
            "/api/pulse": self.pulse,
            openapi.PATH: self.openapi,
        }
        return [(path, _guarded(endpoint)) for path, endpoint in found.items()]

    def _filters(self, request: Request) -> Filters:
        return Filters.parse(request.query_params, datetime.now(UTC), self._answers.catalogues)

    def charts(self, request: Request) -> Response:
        """`{"charts": [{"id", "title", "question", "columns": [{"name", "title", "unit"}], "filters"}]}`."""
        return _json({"charts": [msgspec.to_builtins(spec) for spec in self._answers.charts()]})

    def chart(self, request: Request) -> Response:
        """One chart as JSON, or as a file where the name ends in `.csv` or `.parquet`."""
        name, _, form = request.path_params["name"].partition(".")
        if name not in self._ids or (form and form not in openapi.FILES):
            return _json({"error": f"There is no such chart; known are {', '.join(sorted(self._ids))}."}, 404)
        chart = self._answers.chart(name, self._filters(request))
        if not form:
            return _json(msgspec.to_builtins(chart))
        return _file(chart, form)

    def page(self, request: Request) -> Response:
        """What a page says above its charts: the answer in a sentence, tiles, release days, what is hidden."""
        name = request.path_params["name"]
        if name not in {page.name for page in PAGES}:
            return _json({"error": "There is no such page."}, 404)
        return _json(pageanswers.of(name, self._answers, self._filters(request), self._status, datetime.now(UTC)))

    def options(self, request: Request) -> Response:
        """The values that the filter bar offers for the product."""
        return _json(pageanswers.options(self._answers, self._filters(request)))

    def releases(self, request: Request) -> Response:
        """Every version against the one before it."""
        return _json(releases.compared(self._answers, self._filters(request), datetime.now(UTC).date()))

    def report(self, request: Request) -> Response:
        """All answers of the period in one piece."""
        return _json(report.gather(self._answers, self._filters(request), self._status, datetime.now(UTC)))

    def health(self, request: Request) -> Response:
        """The collector's own counters, as facts and tables."""
        return _json(health.report(self._status, self._answers, datetime.now(UTC)))

    def pulse(self, request: Request) -> Response:
        """`{"token"}`, which changes whenever something was loaded: cheap enough to ask every two seconds."""
        return _json({"token": health.token(self._status)})

    def openapi(self, request: Request) -> Response:
        """The OpenAPI document of all this."""
        return _json(openapi.document(self._answers.products(), self._answers.charts()))


def _guarded(endpoint: Endpoint) -> Endpoint:
    def answer(request: Request) -> Response:
        try:
            return endpoint(request)
        except FilterError as error:
            return _json({"error": str(error)}, 400)

    return answer


def _json(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def _file(chart: Chart, form: str) -> Response:
    body = export.as_csv(chart.columns, chart.rows) if form == "csv" else export.as_parquet(chart.columns, chart.rows)
    headers = {"content-disposition": f'attachment; filename="{chart.id}.{form}"'}
    return Response(body, media_type=openapi.FILES[form], headers=headers)

"""The endpoints below `/api`. A filter that can't be used is a 400 with one plain sentence."""

from collections.abc import Collection, Hashable
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ...access.links import PERIOD
from ...answer import (
    MAX_VALUE_LENGTH,
    QUESTION_PARAMETERS,
    Answers,
    Cell,
    FilterError,
    Filters,
    Question,
    ReadGate,
    ask,
    default_questions,
    parse_question,
)
from ...runtime import Status
from ..endpoint import Endpoint
from ..explain import (
    EXPLAINED_MEASURES,
    compare,
    explain,
    named_conditions,
    what_changed,
)
from ..gated import AsyncEndpoint, gated
from ..health import change_token, data_health, other_values
from ..insight import compare_releases, period_named, shown_annotations
from ..pages import PAGES, THING_KINDS, filter_options, page_head, thing_head
from ..report import build_report
from . import openapi
from .answers import ApiError, ChartList, Pulse
from .export import as_csv, as_parquet


class Api:
    """The endpoints below `/api`."""

    def __init__(self, answers: Answers, status: Status, gate: ReadGate, root: str = "") -> None:
        self._answers, self._status, self._gate, self._root = answers, status, gate, root
        self._ids = {spec.id for spec in answers.charts()}

    def endpoints(self) -> list[tuple[str, AsyncEndpoint]]:
        """(path, endpoint) of everything below `/api`."""
        of_the_store = {
            "/api/charts/{name}": self.chart,
            "/api/options": self.options,
            "/api/releases": self.releases,
            "/api/week": self.week,
            "/api/annotations": self.annotations,
            "/api/report": self.report,
        }
        fixed = {"/api/charts": self.charts, openapi.PATH: self.openapi}
        # Their counters change without the store. The page of that name stands before all other pages.
        of_the_collector = {"/api/pages/health": self.health_page, "/api/health": self.health, "/api/other": self.other}
        asked = {f"/api/ask{end}": self.ask for end in ("", *(f".{extension}" for extension in openapi.FILES))}
        things = "/api/things/{name}", gated(self._gate, _refuse_wrong_filters(self.thing), self._thing, keep=True)
        heads = "/api/pages/{name}", gated(self._gate, _refuse_wrong_filters(self.page), self._head, keep=True)
        compared = {"/api/explain": self.explain, "/api/compare": self.compare}
        return [
            *(
                (path, gated(self._gate, _refuse_wrong_filters(each), self._whole_question, keep=True))
                for path, each in asked.items()
            ),
            *(
                (path, gated(self._gate, _refuse_wrong_filters(each), self._comparison, keep=True))
                for path, each in compared.items()
            ),
            *((path, self._gated(endpoint)) for path, endpoint in of_the_collector.items()),
            *((path, self._gated(endpoint, keep=True)) for path, endpoint in of_the_store.items()),
            *((path, self._gated(endpoint, keep=True, first=True)) for path, endpoint in fixed.items()),
            heads,
            things,
            ("/api/pulse", self.pulse),
        ]

    def _gated(self, endpoint: Endpoint, keep: bool = False, first: bool = False) -> AsyncEndpoint:
        return gated(self._gate, _refuse_wrong_filters(endpoint), self._question, keep, first)

    def _question(self, request: Request) -> Hashable:
        """The filters, and the day on which they are asked; the order of a query's parameters doesn't matter."""
        try:
            filters = self._filters(request)
        except FilterError:
            return None
        conditions = (filters.version, filters.provider, filters.internal, tuple(sorted(filters.extra.items())))
        where = tuple(sorted(filters.where))
        asked = (filters.product, filters.start, filters.end, datetime.now(UTC).date(), *conditions, where)
        return *asked, _is_by_link(request)

    def _head(self, request: Request) -> Hashable:
        """As `_question`, with the state of the alerts, which heads show and charts do not."""
        asked = self._question(request)
        return None if asked is None else (asked, self._status.alerts_revision)

    def _whole_question(self, request: Request) -> Hashable:
        """As `_question`, with the question itself."""
        try:
            filters, question = self._filters_and_question(request)
        except FilterError:
            return None
        return filters.product, filters.start, filters.end, filters.internal, datetime.now(UTC).date(), question

    def _comparison(self, request: Request) -> Hashable:
        """The filters, the sides, and the day on which they are asked."""
        try:
            filters, against, sides, where = self._compared(request)
        except FilterError:
            return None
        conditions = (filters.version, filters.provider, filters.internal, tuple(sorted(filters.extra.items())))
        measure = request.query_params.get(openapi.MEASURE, "")
        texts = (against, measure, tuple(sides[0]), tuple(sides[1]), tuple(where))
        return filters.product, filters.start, filters.end, datetime.now(UTC).date(), *conditions, *texts

    def _thing(self, request: Request) -> Hashable:
        """As `_head`, with the thing's name."""
        try:
            filters = self._filters(request, (openapi.THING,))
        except FilterError:
            return None
        conditions = (filters.version, filters.provider, filters.internal, tuple(sorted(filters.extra.items())))
        return (
            filters.product,
            filters.start,
            filters.end,
            datetime.now(UTC).date(),
            *conditions,
            filters.where,
            request.query_params.get(openapi.THING),
            self._status.alerts_revision,
        )

    def _filters_and_question(self, request: Request) -> tuple[Filters, Question]:
        """What `/api/ask` is asked. Raises FilterError."""
        filters = self._filters(request, QUESTION_PARAMETERS)
        return filters, parse_question(request.query_params, (), filters, self._answers.catalogues[filters.product])

    def _filters(self, request: Request, others: Collection[str] = ()) -> Filters:
        """The filters of a query that has the parameters `others` too. Raises FilterError."""
        query = {name: value for name, value in request.query_params.items() if name not in (*others, "where")}
        where = request.query_params.getlist("where")
        # The page of a link may send no other period, so it asks for those of a comparison by their names.
        period = query.pop(PERIOD, "") if _is_by_link(request) else ""
        now = datetime.now(UTC)
        filters = Filters.parse(query, now, self._answers.catalogues, where, self._answers.segments)
        return period_named(self._answers, filters, now, period) if period else filters

    def _checked_filters(self, request: Request) -> Filters:
        """The filters, for an answer that asks the store nothing with them. Raises FilterError as a question does."""
        filters = self._filters(request)
        parse_question({"measure": "events"}, (), filters, self._answers.catalogues[filters.product])
        return filters

    def charts(self, request: Request) -> Response:
        catalogues = self._answers.catalogues
        if _is_by_link(request):
            product = self._filters(request).product
            catalogues = {product: catalogues[product]}
        return _json(ChartList(self._answers.charts(), default_questions(catalogues)))

    def ask(self, request: Request) -> Response:
        """The answer to a question as JSON, or as a file where the path ends in `.csv` or `.parquet`."""
        filters, question = self._filters_and_question(request)
        answer = ask(self._answers, question, filters)
        extension = request.url.path.rpartition("/")[2].partition(".")[2]
        return _file("answer", answer.columns, answer.rows, extension) if extension else _json(answer)

    def chart(self, request: Request) -> Response:
        """One chart as JSON, or as a file where the name ends in `.csv` or `.parquet`."""
        name, _, extension = request.path_params["name"].partition(".")
        if name not in self._ids or (extension and extension not in openapi.FILES):
            return _json(ApiError(f"There is no such chart; known are {', '.join(sorted(self._ids))}."), 404)
        chart = self._answers.chart(name, self._filters(request))
        return _file(chart.id, chart.columns, chart.rows, extension) if extension else _json(chart)

    def page(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in {page.name for page in PAGES}:
            return _json(ApiError("Page not found."), 404)
        now, by_link = datetime.now(UTC), _is_by_link(request)
        return _json(page_head(name, self._answers, self._filters(request), self._status, now, by_link))

    def thing(self, request: Request) -> Response:
        """What is said of one thing, such as a tool."""
        kind = THING_KINDS.get(request.path_params["name"])
        if kind is None:
            return _json(ApiError(f"There is no such kind of thing; known are {', '.join(THING_KINDS)}."), 404)
        name = request.query_params.get(openapi.THING, "")
        if not name:
            raise FilterError(f"{openapi.THING} says which {kind.noun} is meant.")
        filters = self._filters(request, (openapi.THING,))
        now, by_link = datetime.now(UTC), _is_by_link(request)
        return _json(thing_head(kind, name, self._answers, filters, self._status, now, by_link))

    def health_page(self, request: Request) -> Response:
        now, by_link = datetime.now(UTC), _is_by_link(request)
        filters = self._checked_filters(request)
        return _json(page_head("health", self._answers, filters, self._status, now, by_link))

    def options(self, request: Request) -> Response:
        return _json(filter_options(self._answers, self._checked_filters(request)))

    def releases(self, request: Request) -> Response:
        return _json(compare_releases(self._answers, self._filters(request), datetime.now(UTC).date()))

    def explain(self, request: Request) -> Response:
        """A segment against another one, or a version; without either, the range against the weeks before."""
        filters, against, sides, where = self._compared(request)
        measure = request.query_params.get(openapi.MEASURE) or EXPLAINED_MEASURES[0]
        return _json(explain(self._answers, filters, against, sides, where, measure))

    def compare(self, request: Request) -> Response:
        """A segment with another one, or a version; without either, the range with the weeks before."""
        filters, against, sides, where = self._compared(request)
        if request.query_params.get(openapi.MEASURE):
            raise FilterError("A comparison has every measure: leave out measure.")
        if against:
            raise FilterError(f"Give {' and '.join(openapi.SIDES)} instead of {openapi.AGAINST}.")
        return _json(compare(self._answers, filters, sides, datetime.now(UTC), where))

    def week(self, request: Request) -> Response:
        """What changed in the last seven days that are over."""
        return _json(what_changed(self._answers, self._filters(request), datetime.now(UTC)))

    def _compared(self, request: Request) -> tuple[Filters, str, tuple[list[str], list[str]], list[str]]:
        """The filters, the other version, the conditions of both sides, and those of all. Raises FilterError."""
        names = (openapi.AGAINST, openapi.MEASURE, *openapi.SIDES, openapi.WHERE)
        query = {name: value for name, value in request.query_params.items() if name not in names}
        against = request.query_params.get(openapi.AGAINST, "")
        if len(against) > MAX_VALUE_LENGTH:
            raise FilterError(f"{openapi.AGAINST} is longer than {MAX_VALUE_LENGTH} characters.")
        first, second, where = (
            [text for text in request.query_params.getlist(name) if text] for name in (*openapi.SIDES, openapi.WHERE)
        )
        filters = Filters.parse(query, datetime.now(UTC), self._answers.catalogues, (), self._answers.segments)
        a, b = (named_conditions(self._answers, filters.product, side) for side in (first, second))
        return filters, against, (a, b), [*filters.where, *where]

    def report(self, request: Request) -> Response:
        return _json(build_report(self._answers, self._filters(request), datetime.now(UTC)))

    def annotations(self, request: Request) -> Response:
        return _json(shown_annotations(self._answers, self._checked_filters(request)))

    def health(self, request: Request) -> Response:
        product = self._filters(request).product if _is_by_link(request) else None
        return _json(data_health(self._status, self._answers, datetime.now(UTC), product))

    def other(self, request: Request) -> Response:
        del request
        return _json(other_values(self._answers))

    async def pulse(self, request: Request) -> Response:
        """Without the gate: it reads two counters."""
        del request
        return _json(Pulse(change_token(self._status)))

    def openapi(self, request: Request) -> Response:
        return _json(openapi.document(self._answers.products(), self._answers.charts(), self._root))


def _refuse_wrong_filters(endpoint: Endpoint) -> Endpoint:
    def answer(request: Request) -> Response:
        try:
            return endpoint(request)
        except FilterError as error:
            return _json(ApiError(str(error)), 400)

    return answer


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def _file(name: str, columns: list[str], rows: list[list[Cell]], extension: str) -> Response:
    body = as_csv(columns, rows) if extension == "csv" else as_parquet(columns, rows)
    headers = {"content-disposition": f'attachment; filename="{name}.{extension}"'}
    return Response(body, media_type=openapi.FILES[extension], headers=headers)


def _is_by_link(request: Request) -> bool:
    """Whether who asks has a read-only link instead of a session or a token."""
    return bool(getattr(request.state, "by_link", False))

"""The head of a page: the answer as a sentence, tiles, release marks, and the count of hidden events."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from ...answer import COMMON_FILTERS, EARLIEST, Answers, Filters
from ...runtime import Status
from ..health import health_sentence
from ..insight import (
    CALL_FILTERS,
    ChartRow,
    ComparedPeriod,
    Moment,
    ReleaseMark,
    Tile,
    compared_period,
    earlier_period,
    keep_filters,
    known_versions,
    newest_release_adoption,
    page_tiles,
    regressions_in_range,
    release_marks,
    rows_as_dicts,
    sentences,
)
from .layout import PAGES


class ChartPageHead(msgspec.Struct, frozen=True):
    """The head of a page with charts.

    Attributes:
        answer: one or two sentences; `code`, **strong**, {bad|…} and {good|…} are markup.
        empty: whether the product has never sent an event.
        hidden_internal: internal events of the range that are left out.
        not_applied: given filters that the answer does not use.
        releases: marks for charts over time.
        tiles: empty on pages without them.
        generated_at: RFC 3339, UTC.
    """

    answer: str
    empty: bool
    hidden_internal: int
    not_applied: list[str]
    period: ComparedPeriod
    releases: list[ReleaseMark]
    tiles: list[Tile]
    generated_at: Moment


class HealthPageHead(msgspec.Struct, frozen=True):
    """The head of the data-health page.

    Attributes:
        answer: whether the numbers can be trusted, with the same markup as on the other pages.
    """

    answer: str


class FilterOptions(msgspec.Struct, frozen=True):
    """The values that the filter bar offers."""

    products: list[str]
    versions: list[str]
    providers: list[str]


class ChartReader:
    """Reads the charts that a page's sentence is computed from, under the page's filters."""

    def __init__(self, answers: Answers, filters: Filters, now: datetime) -> None:
        self.answers, self.filters, self.now = answers, filters, now

    def rows(self, chart: str, names: tuple[str, ...], filters: Filters | None = None) -> list[ChartRow]:
        """The chart's rows under those filters that are in `names`."""
        return rows_as_dicts(self.answers.chart(chart, keep_filters(filters or self.filters, names)))

    def summary(self, names: tuple[str, ...], filters: Filters | None = None) -> ChartRow:
        """The totals under those filters that are in `names`."""
        return rows_as_dicts(self.answers.summary(keep_filters(filters or self.filters, names)))[0]


def _overview(reader: ChartReader) -> str:
    names = SENTENCE_FILTERS["overview"]
    earlier = earlier_period(reader.answers, reader.filters)
    calls_before = reader.summary(names, earlier)["calls"] if earlier else 0
    usage, errors = reader.rows("tool-usage", names), reader.rows("tool-errors", names)
    return sentences.overview(usage, errors, calls_before, reader.summary(names)["callers"])


def _tools(reader: ChartReader) -> str:
    usage, durations = (reader.rows(chart, COMMON_FILTERS) for chart in ("tool-usage", "tool-duration"))
    regressions = regressions_in_range(reader.answers, keep_filters(reader.filters, ("provider", "internal")))
    focus = reader.filters.extra.get("tool")
    return sentences.tools(usage, reader.summary(COMMON_FILTERS)["instances"], durations, focus, regressions)


def _errors(reader: ChartReader) -> str:
    names = SENTENCE_FILTERS["errors"]
    earlier = earlier_period(reader.answers, reader.filters)
    before = reader.rows("tool-errors", names, earlier) if earlier else []
    return sentences.errors(reader.rows("tool-errors", names), before, reader.rows("error-types", names))


def _clients(reader: ChartReader) -> str:
    providers, clients = reader.rows("ai-providers", COMMON_FILTERS), reader.rows("mcp-clients", COMMON_FILTERS)
    return sentences.clients(providers, clients, reader.summary(COMMON_FILTERS)["instances"])


def _next(reader: ChartReader) -> str:
    names = SENTENCE_FILTERS["next"]
    today = reader.now.date()
    known = known_versions(reader.answers, reader.filters)
    adoption = newest_release_adoption(reader.rows("versions", names), today, known)
    regressions = regressions_in_range(reader.answers, keep_filters(reader.filters, names))
    kubernetes, cohorts = (reader.rows(chart, COMMON_FILTERS) for chart in ("kubernetes-versions", "retention"))
    return sentences.next_steps(adoption, kubernetes, cohorts, regressions, today)


SENTENCES: dict[str, Callable[[ChartReader], str]] = {
    "overview": _overview,
    "tools": _tools,
    "errors": _errors,
    "clients": _clients,
    "next": _next,
}
SENTENCE_FILTERS = {
    "overview": CALL_FILTERS,
    "tools": (*COMMON_FILTERS, "tool"),
    "errors": (*COMMON_FILTERS, "tool"),
    "clients": COMMON_FILTERS,
    "next": ("provider", "internal"),
}
"""The filters that a page's sentence uses."""
_PAGES_WITH_TILES = frozenset(page.name for page in PAGES if page.tiles)


def page_head(
    name: str, answers: Answers, filters: Filters, status: Status, now: datetime
) -> ChartPageHead | HealthPageHead:
    if name == "health":
        return HealthPageHead(health_sentence(status))
    return chart_page_head(name, answers, filters, now)


def chart_page_head(name: str, answers: Answers, filters: Filters, now: datetime) -> ChartPageHead:
    """Raises KeyError where no page with charts has this name."""
    events = answers.chart("events", filters)
    is_empty = not events.rows and _has_no_events(answers, filters, now)
    answer, not_applied = sentences.NO_EVENTS, []
    if events.rows:
        answer = SENTENCES[name](ChartReader(answers, filters, now))
        not_applied = [filter_name for filter_name in filters.active if filter_name not in SENTENCE_FILTERS[name]]
    elif is_empty:
        answer = sentences.NO_EVENTS_EVER
    elif events.hidden_internal:
        answer = sentences.only_internal(events.hidden_internal)
    return ChartPageHead(
        answer=answer,
        empty=is_empty,
        hidden_internal=events.hidden_internal,
        not_applied=not_applied,
        period=compared_period(answers, filters),
        releases=release_marks(answers, filters),
        tiles=page_tiles(answers, filters) if name in _PAGES_WITH_TILES else [],
        generated_at=events.generated_at,
    )


def _has_no_events(answers: Answers, filters: Filters, now: datetime) -> bool:
    all_events = Filters(filters.product, EARLIEST, now + timedelta(days=1), internal="all")
    return not answers.chart("events", all_events).rows


def filter_options(answers: Answers, filters: Filters) -> FilterOptions:
    return FilterOptions(answers.products(), answers.versions(filters.product), answers.providers(filters.product))

"""The head of a page: the answer as a sentence, tiles, release marks, and the count of hidden events."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from ...access.changes import Annotation
from ...answer import CALLS_EVENT, EARLIEST, Answers, Filters
from ...runtime import Status
from ..health import OpenAlert, health_sentence, only_product, open_alerts, stored_events
from ..insight import (
    ChartRow,
    ComparedPeriod,
    Moment,
    ReleaseMark,
    Tile,
    compared_filters,
    compared_period,
    counts_callers,
    daily_filters,
    filter_names,
    known_versions,
    newest_release_adoption,
    page_tiles,
    regressions_in_range,
    release_marks,
    rows_as_dicts,
    sentences,
    stored_annotations,
    without_filters,
)
from .layout import PAGES


class ChartPageHead(msgspec.Struct, frozen=True):
    """The head of a page with charts.

    Attributes:
        answer: one or two sentences; `code`, **strong**, {bad|…} and {good|…} are markup.
        empty: whether the product has never sent an event.
        hidden_internal: internal events of the range that are left out.
        not_applied: given filters that the answer does not use.
        scope: what counts, in one phrase for calls and one for events of any name.
        releases: marks for charts over time.
        annotations: what else happened in the range, for the same charts.
        tiles: empty on pages without them.
        generated_at: RFC 3339, UTC.
        alerts: those that were open in the range, for the same charts.
    """

    answer: str
    empty: bool
    hidden_internal: int
    not_applied: list[str]
    scope: str
    period: ComparedPeriod
    releases: list[ReleaseMark]
    annotations: list[Annotation]
    tiles: list[Tile]
    generated_at: Moment
    alerts: list[OpenAlert] = []


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

    def rows(self, chart: str, filters: Filters | None = None) -> list[ChartRow]:
        """The chart's rows under the page's filters, or under others."""
        return rows_as_dicts(self.answers.chart(chart, filters or self.filters))

    def summary(self, filters: Filters | None = None) -> ChartRow:
        """The totals under the page's filters, or under others."""
        return rows_as_dicts(self.answers.summary(filters or self.filters))[0]

    @property
    def of_all_versions(self) -> Filters:
        """The page's filters without those by version, for what compares versions."""
        return without_filters(self.filters, "version")


def _overview(reader: ChartReader) -> str:
    compared = compared_filters(reader.answers, reader.filters, reader.now)
    calls_ended, calls_before = (reader.summary(each)["calls"] for each in compared) if compared else (None, 0)
    usage, errors = reader.rows("tool-usage"), reader.rows("tool-errors")
    return sentences.overview(usage, errors, calls_before, reader.summary()["callers"], calls_ended)


def _tools(reader: ChartReader) -> str:
    # A sentence about one tool needs the others, to say what its part is.
    focus = reader.filters.extra.get("tool")
    filters = without_filters(reader.filters, "tool") if focus else reader.filters
    usage, durations = (reader.rows(chart, filters) for chart in ("tool-usage", "tool-duration"))
    regressions = regressions_in_range(reader.answers, without_filters(filters, "version"))
    instances = reader.summary(filters)["callers" if counts_callers(filters) else "instances"]
    return sentences.tools(usage, instances, durations, focus, regressions)


def _errors(reader: ChartReader) -> str:
    compared = compared_filters(reader.answers, reader.filters, reader.now)
    ended, before = (reader.rows("tool-errors", each) for each in compared) if compared else ([], [])
    return sentences.errors(reader.rows("tool-errors"), before, reader.rows("error-types"), ended)


def _clients(reader: ChartReader) -> str:
    providers, clients = reader.rows("ai-providers"), reader.rows("mcp-clients")
    return sentences.clients(providers, clients, reader.summary()["instances"])


def _next(reader: ChartReader) -> str:
    today = reader.now.date()
    known = known_versions(reader.answers, reader.filters)
    adoption = newest_release_adoption(reader.rows("versions", daily_filters(reader.of_all_versions)), today, known)
    regressions = regressions_in_range(reader.answers, reader.of_all_versions)
    kubernetes, cohorts = (reader.rows(chart) for chart in ("kubernetes-versions", "retention"))
    return sentences.next_steps(adoption, kubernetes, cohorts, regressions, today)


def _events(reader: ChartReader) -> str:
    return sentences.events(reader.rows("events"), reader.answers.scope(reader.filters, None))


SENTENCES: dict[str, Callable[[ChartReader], str]] = {
    "overview": _overview,
    "tools": _tools,
    "errors": _errors,
    "clients": _clients,
    "next": _next,
    "events": _events,
}
UNFILTERED_SENTENCES = {"next": ("version",)}
"""Page to the filters that its sentence does not use: it compares versions."""
_PAGES_WITH_TILES = frozenset(page.name for page in PAGES if page.tiles)


def page_head(
    name: str, answers: Answers, filters: Filters, status: Status, now: datetime, by_link: bool = False
) -> ChartPageHead | HealthPageHead:
    """Who asks by a read-only link may know of one product only. Raises KeyError where no page has this name."""
    if name == "health":
        of_product = filters.product if by_link else None
        stored = stored_events(only_product(answers, of_product) if of_product else answers, now)
        return HealthPageHead(health_sentence(status, stored, of_product))
    head = chart_page_head(name, answers, filters, now)
    # Alerts are about the whole product and the collector, whatever the filters of a link are.
    return head if by_link else replace(head, alerts=open_alerts(status, filters))


def chart_page_head(name: str, answers: Answers, filters: Filters, now: datetime) -> ChartPageHead:
    """Raises KeyError where no page with charts has this name."""
    events = answers.chart("events", filters)
    # A tool that is left out takes its instances out of the chart of events, and its calls out of those of calls.
    counts = bool(events.rows) or bool(rows_as_dicts(answers.summary(filters))[0]["calls"])
    is_empty = not counts and _has_no_events(answers, filters, now)
    answer, not_applied = sentences.NO_EVENTS, []
    if counts:
        answer = SENTENCES[name](ChartReader(answers, filters, now))
        not_applied = [one for one in filter_names(filters) if one in UNFILTERED_SENTENCES.get(name, ())]
    elif is_empty:
        answer = sentences.NO_EVENTS_EVER
    elif events.hidden_internal:
        answer = sentences.only_internal(events.hidden_internal)
    return ChartPageHead(
        answer=answer,
        empty=is_empty,
        hidden_internal=events.hidden_internal,
        not_applied=not_applied,
        scope="; ".join((answers.scope(filters, CALLS_EVENT), answers.scope(filters, None))),
        period=compared_period(answers, filters, now),
        releases=release_marks(answers, filters),
        annotations=stored_annotations(answers, filters),
        tiles=page_tiles(answers, filters, now) if name in _PAGES_WITH_TILES else [],
        generated_at=events.generated_at,
    )


def _has_no_events(answers: Answers, filters: Filters, now: datetime) -> bool:
    all_events = Filters(filters.product, EARLIEST, now + timedelta(days=1), internal="all")
    return not answers.chart("events", all_events).rows


def filter_options(answers: Answers, filters: Filters) -> FilterOptions:
    return FilterOptions(answers.products(), answers.versions(filters.product), answers.providers(filters.product))

"""What a page says above its charts: the answer in a sentence, the tiles, the days of releases, what is hidden."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ...answer import Answers, Filters
from ...runtime import Status
from ..insight import EARLIEST, Record, before, described, narrowed, records, releases, sentences, tiles
from ..insight import data_health as health

Sentence = Callable[["Head"], str]


class Head:
    """The head of one page. `filters` are those of the page; its sentence uses the ones that all its charts carry."""

    def __init__(self, answers: Answers, filters: Filters, now: datetime) -> None:
        self.answers, self.filters, self.now = answers, filters, now

    def rows(self, chart: str, by: tuple[str, ...], filters: Filters | None = None) -> list[Record]:
        """The chart's rows under the filters that are named in `by`."""
        return records(self.answers.chart(chart, narrowed(filters or self.filters, by)))

    def summary(self, by: tuple[str, ...], filters: Filters | None = None) -> Record:
        """The totals under the filters that are named in `by`."""
        return records(self.answers.summary(narrowed(filters or self.filters, by)))[0]


def _overview(head: Head) -> str:
    by = CARRIED["overview"]
    was = head.summary(by, before(head.filters))
    rows = head.rows("tool-usage", by), head.rows("tool-errors", by)
    return sentences.overview(*rows, was["calls"], head.summary(by)["callers"])


def _tools(head: Head) -> str:
    usage, durations = (head.rows(chart, tiles.COMMON) for chart in ("tool-usage", "tool-duration"))
    flags = releases.flagged(head.answers, narrowed(head.filters, ("provider", "internal")))
    focus = head.filters.extra.get("tool")
    return sentences.tools(usage, head.summary(tiles.COMMON)["instances"], durations, focus, flags)


def _errors(head: Head) -> str:
    by = CARRIED["errors"]
    earlier = head.rows("tool-errors", by, before(head.filters))
    return sentences.errors(head.rows("tool-errors", by), earlier, head.rows("error-types", by))


def _clients(head: Head) -> str:
    rows = head.rows("ai-providers", tiles.COMMON), head.rows("mcp-clients", tiles.COMMON)
    return sentences.clients(*rows, head.summary(tiles.COMMON)["instances"])


def _next(head: Head) -> str:
    by = ("provider", "internal")
    adoption = releases.adopted(head.rows("versions", by), head.now.date())
    flags = releases.flagged(head.answers, narrowed(head.filters, by))
    kubernetes, cohorts = (head.rows(chart, tiles.COMMON) for chart in ("kubernetes-versions", "retention"))
    return sentences.next_steps(adoption, kubernetes, cohorts, flags, head.now.date())


SENTENCES: dict[str, Sentence] = {
    "overview": _overview,
    "tools": _tools,
    "errors": _errors,
    "clients": _clients,
    "next": _next,
}
CARRIED = {
    "overview": tiles.CALLS,
    "tools": (*tiles.COMMON, "tool"),
    "errors": (*tiles.COMMON, "tool"),
    "clients": tiles.COMMON,
    "next": ("provider", "internal"),
}
"""The filters that a page's sentence is about."""
TILED = ("overview", "tools")


def of(name: str, answers: Answers, filters: Filters, status: Status, now: datetime) -> dict[str, Any]:
    """The head of a page: `{"answer", "empty", "hidden_internal", "not_applied", "period", "releases", "tiles"}`.

    `empty` says that the product never sent anything. `not_applied` names filters that the sentence is not about.
    """
    if name == "health":
        return {"answer": health.sentence(status)}
    events = answers.chart("events", filters)
    found = {
        "answer": sentences.NO_EVENTS,
        "empty": not events.rows and _is_new(answers, filters, now),
        "hidden_internal": events.hidden_internal,
        "not_applied": [],
        "period": described(filters),
        "releases": releases.marks(answers, filters),
        "tiles": [],
        "generated_at": events.generated_at,
    }
    if events.rows:
        found["answer"] = SENTENCES[name](Head(answers, filters, now))
        found["not_applied"] = [given for given in filters.given if given not in CARRIED[name]]
    elif found["empty"]:
        found["answer"] = sentences.NO_EVENTS_EVER
    elif events.hidden_internal:
        found["answer"] = sentences.only_internal(events.hidden_internal)
    if name in TILED:
        found["tiles"] = tiles.of(tiles.numbers(answers, filters), filters)
    return found


def _is_new(answers: Answers, filters: Filters, now: datetime) -> bool:
    everything = Filters(filters.product, EARLIEST, now + timedelta(days=1), internal="all")
    return not answers.chart("events", everything).rows


def options(answers: Answers, filters: Filters) -> dict[str, Any]:
    """`{"products", "versions", "providers"}`: what the filter bar offers."""
    return {
        "products": answers.products(),
        "versions": answers.versions(filters.product),
        "providers": answers.providers(filters.product),
    }

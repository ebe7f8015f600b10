"""A page about one thing: a tool, an error class, a client, a provider, a version. Its head, and the kinds of things.

Everything on the page is what other pages show, with a condition more: `condition` of the thing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace as struct_replace

from ...access.changes import Annotation
from ...answer import CALLS_EVENT, EARLIEST, PROPERTY_WORDS, Answers, Filters, ask, condition_text, parse_question
from ...runtime import Status
from ..health import OpenAlert, open_alerts
from ..insight import (
    ChartRow,
    ComparedPeriod,
    Moment,
    ReleaseMark,
    Tile,
    compared_filters,
    compared_period,
    met_error,
    page_tiles,
    release_marks,
    rows_as_dicts,
    sentences,
    stored_annotations,
    unknown_thing,
    unused_thing,
    used_thing,
)

_ERRORS_EVENT, _ERROR_TYPE = "tool_error", "error_type"


@dataclass(frozen=True)
class ThingKind:
    """What a page can be about.

    Attributes:
        property: the property whose value names the thing.
        page: the name of the page that lists such things.
        noun: stands before the name in headings and sentences.
    """

    property: str
    page: str
    noun: str

    def condition(self, name: str) -> str:
        """The condition that selects the thing, in the form of a query string."""
        return condition_text(self.property, False, [name])


def _kind(name: str, page: str) -> ThingKind:
    return ThingKind(name, page, PROPERTY_WORDS.get(name, name))


THING_KINDS = {
    "tool": _kind("tool", "tools"),
    "error_type": _kind(_ERROR_TYPE, "errors"),
    "mcp_client": _kind("mcp_client", "clients"),
    "provider": _kind("ai_provider", "clients"),
    "transport": _kind("transport", "clients"),
    "deployment_method": _kind("deployment_method", "clients"),
    "version": _kind("product_version", "next"),
    "k8s_version": _kind("k8s_version", "next"),
}
"""The names of filters, which are the kinds in addresses."""

_ERROR_TILES = {
    "events": Tile("errors", "Errors", "errors", "less", "Calls that failed with it"),
    "instances": Tile("met_by", "Instances that met it", "instances", "less", "Instances with such a call"),
}
"""Measure to tile."""


class ThingHead(msgspec.Struct, frozen=True):
    """The head of a page about one thing.

    Attributes:
        answer: one or two sentences; `code` and **strong** are markup.
        known: whether any event ever named the thing.
        empty: whether the product has never sent an event.
        hidden_internal: internal events of the range that are left out.
        not_applied: given filters that the answer does not use: none.
        scope: what counts, in one phrase.
        releases: marks for charts over time.
        annotations: what else happened in the range, for the same charts.
        tiles: of an error class its errors and instances, of anything else those of other pages.
        generated_at: RFC 3339, UTC.
        alerts: those that were open in the range, for the same charts.
    """

    answer: str
    known: bool
    empty: bool
    hidden_internal: int
    not_applied: list[str]
    scope: str
    period: ComparedPeriod
    releases: list[ReleaseMark]
    annotations: list[Annotation]
    tiles: list[Tile]
    generated_at: Moment
    alerts: list[OpenAlert]


def thing_head(
    kind: ThingKind, name: str, answers: Answers, filters: Filters, status: Status, now: datetime, by_link: bool = False
) -> ThingHead:
    """Who asks by a read-only link sees no alerts.

    Raises FilterError where the product has no such property, or the name is too long.
    """
    condition = kind.condition(name)
    about = replace(filters, where=(*filters.where, condition))
    events = answers.chart("events", about)
    ever = Filters(filters.product, EARLIEST, now + timedelta(days=1), internal="all")
    # Under filters that leave a tool out, calls count that the chart of events does not have.
    counts = bool(events.rows) or bool(rows_as_dicts(answers.summary(about))[0]["calls"])
    known = counts or bool(answers.chart("events", replace(ever, where=(condition,))).rows)
    empty = not known and not answers.chart("events", ever).rows
    answer, tiles = sentences.NO_EVENTS_EVER if empty else unknown_thing(kind.noun, name), []
    if counts:
        answer = _sentence(kind, name, answers, filters, about)
        tiles = _error_tiles(answers, about, now) if kind.property == _ERROR_TYPE else page_tiles(answers, about, now)
    elif known:
        answer = unused_thing(kind.noun, name)
    return ThingHead(
        answer=answer,
        known=known,
        empty=empty,
        hidden_internal=events.hidden_internal,
        not_applied=[],
        scope=answers.scope(about, _ERRORS_EVENT if kind.property == _ERROR_TYPE else CALLS_EVENT),
        period=compared_period(answers, about, now),
        releases=release_marks(answers, about),
        annotations=stored_annotations(answers, about),
        tiles=tiles,
        generated_at=events.generated_at,
        alerts=[] if by_link else open_alerts(status, about),
    )


def _sentence(kind: ThingKind, name: str, answers: Answers, filters: Filters, about: Filters) -> str:
    kinds = _rows(answers, "error-types", about)
    if kind.property == _ERROR_TYPE:
        errors = rows_as_dicts(answers.summary(filters))[0]["errors"] or 0
        return met_error(name, kinds, _errors(answers, about, "instances"), errors)
    now, whole = (rows_as_dicts(answers.summary(each))[0] for each in (about, filters))
    return used_thing(kind.property, name, now, whole, _rows(answers, "tool-usage", about), kinds)


def _rows(answers: Answers, chart: str, filters: Filters) -> list[ChartRow]:
    return rows_as_dicts(answers.chart(chart, filters))


def _errors(answers: Answers, filters: Filters, measure: str) -> int:
    """The failed calls of a segment, or the instances that they are of."""
    query = {"measure": measure, "event": _ERRORS_EVENT}
    question = parse_question(query, (), filters, answers.catalogues[filters.product])
    rows = ask(answers, question, filters).rows
    return int(rows[0][0] or 0) if rows else 0


def _error_tiles(answers: Answers, about: Filters, now: datetime) -> list[Tile]:
    compared, scope = compared_filters(answers, about, now), answers.scope(about, _ERRORS_EVENT)
    ended, earlier = compared or (about, None)
    return [
        struct_replace(
            tile,
            value=_errors(answers, about, measure),
            before=_errors(answers, earlier, measure) if earlier else None,
            ended=_errors(answers, ended, measure) if ended != about else None,
            scope=scope,
        )
        for measure, tile in _ERROR_TILES.items()
    ]

"""The tools of `/mcp`: each reads the answers that the pages show; none changes anything."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

from footfall import Product, Telemetry
from footfall.mcp import instrument

from ...answer import (
    Answers,
    FilterError,
    Filters,
    ReadGate,
    ask,
    default_questions,
    has_open_words,
    is_version,
    parse_question,
    version_key,
)
from ...runtime import Status, __version__
from ..health import data_health, health_sentence, stored_events
from ..insight import ChartRow, compare_releases, rows_as_dicts, shown_annotations
from ..report import build_report
from .alerts_tool import add_alerts_tool
from .comparison_tools import ComparisonTools
from .parameters import (
    By,
    ChartId,
    Conditions,
    EventName,
    Internal,
    Measure,
    Measured,
    ProductName,
    ProviderFilter,
    Range,
    SegmentFilter,
    SinceVersion,
    Step,
    ToolFilter,
    VersionFilter,
)
from .server import RedactingServer, gated_tool, log_class_names_only
from .untrusted import (
    NOTE,
    WITHHELD,
    has_own_text,
    mark,
    mark_annotations,
    mark_fields,
    mark_rows,
    mark_scope,
    mark_sentence,
    sentence_of,
)

INSTRUCTIONS = (
    "Usage analytics of an MCP server: which tools are used, what breaks, with which AI providers and "
    "clients, and how releases are adopted. Begin with `answers`. Ask `what_broke` for regressions since a version. "
    "`explain` says what makes calls fail, take longer or be more, and `compare` has every measure of two segments or "
    "periods. "
    "`chart` has the numbers behind everything, and `ask` counts any event by any property. Counts are events or "
    "pseudonymous instances; days are UTC. Internal events (CI and tests) are left out unless asked for. "
    f"{NOTE}"
)
_OWN_HEALTH_COLUMNS = frozenset(
    {"product", "what", "reason", "last_event_(UTC)", "since_(UTC)", "first_seen_(UTC)", "day_(UTC)", "line_to_add"}
    | {"alert", "begin_(UTC)", "end_(UTC)", "sent"}
)
"""Columns of the data-health page whose texts are the collector's."""
PRODUCT = "footfall-answers"
"""The product under which this endpoint counts its own calls; its variables begin with FOOTFALL_ANSWERS_."""

_Answer = TypeVar("_Answer")


def build_server(answers: Answers, gate: ReadGate, status: Status, shows_all_names: bool = True) -> "MCPServer[Any]":
    """The MCP server. Its own telemetry counts its calls, and is off unless its variables name a destination."""
    server = RedactingServer(
        "footfall", title="Footfall's answers", version=__version__, instructions=INSTRUCTIONS, log_level="WARNING"
    )
    log_class_names_only()
    annotations = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    comparisons = ComparisonTools(answers, _note(shows_all_names))
    described = _Tools(answers, status, shows_all_names).descriptions() | comparisons.descriptions()
    for tool, (title, description) in described.items():
        server.tool(title=title, description=description, annotations=annotations)(gated_tool(tool, gate))
    add_alerts_tool(server, status, annotations)
    instrument(server, Telemetry(Product(PRODUCT, version=__version__)))
    return server


class _Tools:
    """Each public method but `descriptions` is a tool: the model reads its name, description and parameters."""

    def __init__(self, answers: Answers, status: Status, shows_all_names: bool) -> None:
        self._answers, self._status, self._shows_all_names = answers, status, shows_all_names
        self._note = _note(shows_all_names)

    def descriptions(self) -> dict[Callable[..., dict[str, Any]], tuple[str, str]]:
        """Tool → title and description. They are no docstrings, because `python -OO` removes those."""
        return {
            self.answers: (
                "The four answers",
                (
                    "The four questions answered: sentences, key numbers against the previous period, short tables, "
                    "regressions.\n\n"
                    f"In sentences **strong** is Markdown; {{bad|…}} and {{good|…}} mark a change.\n\n{NOTE}"
                ),
            ),
            self.what_broke: (
                "What broke since a version",
                f"What got worse after a version: tools that fail more or take longer, new error classes.\n\n{NOTE}",
            ),
            self.charts: (
                "All charts",
                f"All charts: ids, questions, columns with units; questions of properties; saved segments.\n\n{NOTE}",
            ),
            self.chart: ("One chart", f"The numbers of one chart; `scope` says which events count.\n\n{NOTE}"),
            self.ask: (
                "Any question",
                f"A measure of any event, by any property, over time; `scope` says which events count.\n\n{NOTE}",
            ),
            self.annotations: (
                "What happened",
                f"Releases and annotations of a period, such as an outage or a published release.\n\n{NOTE}",
            ),
            self.data_health: (
                "Data health",
                f"Whether the numbers can be trusted: what was accepted, refused and why; the charts' lag.\n\n{NOTE}",
            ),
        }

    def _filters(self, period: str, where: list[str] | None = None, **values: str | None) -> Filters:
        query = {"range": period} | {name: value for name, value in values.items() if value}
        try:
            return Filters.parse(
                query, datetime.now(UTC), self._answers.catalogues, where or (), self._answers.segments
            )
        except FilterError as error:
            raise ToolError(sentence_of(error)) from error

    def answers(
        self,
        range: Range = "30d",  # noqa: A002 - the name that the pages use
        product: ProductName = None,
        version: VersionFilter = None,
        provider: ProviderFilter = None,
        internal: Internal = "hide",
        where: Conditions = None,
        segment: SegmentFilter = None,
    ) -> dict[str, Any]:
        named = {"product": product, "version": version, "provider": provider, "segment": segment}
        filters = self._filters(range, where, internal=internal, **named)
        shown = build_report(self._answers, filters, datetime.now(UTC), open_words=self._shows_all_names)
        report = _as_dict(shown)
        report["tiles"] = [
            mark_scope({name: tile[name] for name in tile if name != "spark"}) for tile in report["tiles"]
        ]
        report["answer"] = mark_sentence(report["answer"])
        report["annotations"] = mark_annotations(shown.annotations)
        for section in report["sections"]:
            section["answer"] = mark_sentence(section["answer"])
            section["notes"] = [mark_sentence(note) for note in section["notes"]]
            for table in section["tables"]:
                table["rows"] = mark_rows(table["rows"], [bool(column["unit"]) for column in table["columns"]])
        return {"note": self._note} | report

    def what_broke(
        self,
        since: SinceVersion,
        range: Range = "90d",  # noqa: A002 - as above
        product: ProductName = None,
    ) -> dict[str, Any]:
        if not is_version(since):
            raise ToolError("since is not a version; write one such as 2.2.0")
        filters = self._filters(range, product=product)
        comparison = compare_releases(self._answers, filters, datetime.now(UTC).date())
        newer = [release for release in comparison.releases if version_key(release.version) > version_key(since)]
        names = {release.version for release in newer}
        regressions = [regression for regression in comparison.regressions if regression.version in names]
        return {
            "note": self._note,
            "since": since,
            "versions_after_it": [mark_fields(_as_dict(each), {"verdict", "first_seen"}) for each in newer],
            "regressions": [
                mark_fields(_as_dict(each), {"kind", "text"}) | {"text": mark_sentence(each.text)}
                for each in regressions
            ],
            "new_error_classes": [mark_fields(row, ()) for row in self._new_errors(filters, names)],
            "how_a_regression_is_told": comparison.note,
        }

    def _new_errors(self, filters: Filters, newer: set[str]) -> list[ChartRow]:
        rows = rows_as_dicts(self._answers.release_errors(filters))
        old = {(row["tool"], row["error_type"]) for row in rows if row["product_version"] not in newer}
        return [row for row in rows if row["product_version"] in newer and (row["tool"], row["error_type"]) not in old]

    def charts(self) -> dict[str, Any]:
        questions, segments = default_questions(self._answers.catalogues), self._answers.segments
        return {
            "note": self._note,
            "charts": [_as_dict(spec) for spec in self._answers.charts()],
            "questions": [_as_dict(question) for question in questions],
            "segments": self._answered(
                lambda: {each: [mark(name) for name in segments.names(each)] for each in self._answers.products()}
            ),
        }

    def chart(
        self,
        id: ChartId,  # noqa: A002 - the chart's id, as `charts` calls it
        range: Range = "30d",  # noqa: A002 - as above
        product: ProductName = None,
        version: VersionFilter = None,
        provider: ProviderFilter = None,
        tool: ToolFilter = None,
        internal: Internal = "hide",
        where: Conditions = None,
        segment: SegmentFilter = None,
    ) -> dict[str, Any]:
        known = {spec.id: spec for spec in self._answers.charts()}
        if id not in known:
            raise ToolError(f"There is no such chart; known are {', '.join(known)}.")
        named = {"product": product, "version": version, "provider": provider, "tool": tool, "segment": segment}
        filters = self._filters(range, where, internal=internal, **named)
        chart = self._answered(lambda: self._answers.chart(id, filters))
        return (
            {"note": self._note}
            | mark_scope(_as_dict(chart))
            | {"rows": mark_rows(chart.rows, has_own_text(known[id]))}
        )

    def ask(
        self,
        measure: Measure = "events",
        event: EventName = None,
        measured: Measured = None,
        by: By = None,
        step: Step = "",
        where: Conditions = None,
        range: Range = "30d",  # noqa: A002 - as above
        product: ProductName = None,
        internal: Internal = "hide",
        segment: SegmentFilter = None,
    ) -> dict[str, Any]:
        filters = self._filters(range, where, product=product, internal=internal, segment=segment)
        texts = {"measure": measure, "event": event or "", "of": measured or "", "by": by or "", "step": step}
        catalogue = self._answers.catalogues[filters.product]
        question = self._answered(lambda: parse_question(texts, (), filters, catalogue))
        if question.by and not self._shows_all_names and has_open_words(question.by):
            raise ToolError(f"Values of {question.by.name} are shown to who signs in only; ask without `by`.")
        answer = self._answered(lambda: ask(self._answers, question, filters))
        own = [name == step for name in answer.columns]
        return {"note": self._note} | mark_scope(_as_dict(answer)) | {"rows": mark_rows(answer.rows, own)}

    @staticmethod
    def _answered(work: Callable[[], _Answer]) -> _Answer:
        """The result; what is wrong with a question is said to who asks."""
        try:
            return work()
        except FilterError as error:
            raise ToolError(sentence_of(error)) from error

    def annotations(self, range: Range = "30d", product: ProductName = None) -> dict[str, Any]:  # noqa: A002 - as above
        shown = shown_annotations(self._answers, self._filters(range, product=product)).annotations
        return {"note": self._note, "annotations": mark_annotations(shown)}

    def data_health(self) -> dict[str, Any]:
        health = _as_dict(data_health(self._status, self._answers, datetime.now(UTC)))
        for table in health["tables"]:
            own = [name in _OWN_HEALTH_COLUMNS for name in table["columns"]]
            table["rows"] = mark_rows(table["rows"], own)
        return {
            "note": self._note,
            "answer": mark_sentence(health_sentence(self._status, stored_events(self._answers, datetime.now(UTC)))),
        } | health


def _note(shows_all_names: bool) -> str:
    return NOTE if shows_all_names else NOTE + WITHHELD


def _as_dict(answer: object) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(answer)
    return fields

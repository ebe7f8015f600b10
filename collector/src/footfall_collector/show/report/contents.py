"""All answers of a period in one piece: sentences, key numbers, short tables."""

from datetime import datetime

import msgspec

from ...access.changes import Annotation
from ...answer import Answers, Filters
from ..insight import (
    Cell,
    ChartRow,
    Moment,
    Tile,
    code,
    compare_releases,
    compared_filters,
    page_tiles,
    rows_as_dicts,
    share,
    shown_annotations,
)
from ..pages import PAGES, chart_page_head
from .own_events import HEADING, OwnEvents
from .tables import MAX_ROWS, ReportTable, make_table

MAX_ANNOTATIONS_SHOWN = 20


class ReportSection(msgspec.Struct, frozen=True):
    """One of the four questions, or the product's own events.

    Attributes:
        heading: the question.
        answer: as in the report.
        notes: regressions, one sentence each.
    """

    heading: str
    answer: str
    tables: list[ReportTable]
    notes: list[str]


class Report(msgspec.Struct, frozen=True):
    """All answers of a period.

    Attributes:
        start: RFC 3339.
        end: RFC 3339; the first moment after the period.
        generated_at: RFC 3339, UTC.
        hidden_internal: internal events of the period that are left out.
        empty: whether the product has never sent an event.
        answer: one or two sentences; `code`, **strong**, {bad|…} and {good|…} are markup.
        annotations: the latest of the period, the earliest first.
    """

    product: str
    start: Moment
    end: Moment
    generated_at: Moment
    hidden_internal: int
    empty: bool
    answer: str
    tiles: list[Tile]
    sections: list[ReportSection]
    annotations: list[Annotation] = []


def annotation_sentences(report: Report) -> list[str]:
    """A line for each annotation, in the markup of answers: its text is code, for anyone may have chosen it."""
    return [f"{each.at[:10]} {each.at[11:16]} UTC: {code(each.text)}" for each in report.annotations]


def build_report(answers: Answers, filters: Filters, now: datetime, *, open_words: bool = True) -> Report:
    """The report; without `open_words` it has no words of own events that senders choose."""
    heads = {name: chart_page_head(name, answers, filters, now) for name in ("overview", *_SECTIONS)}
    tables = _SectionTables(answers, filters, now)
    headings = {page.name: page.question for page in PAGES}
    overview = heads["overview"]
    return Report(
        product=filters.product,
        start=filters.start.isoformat(),
        end=min(filters.end, now).isoformat(timespec="seconds"),
        generated_at=overview.generated_at,
        hidden_internal=overview.hidden_internal,
        empty=overview.empty,
        answer=overview.answer,
        tiles=page_tiles(answers, filters, now),
        sections=[
            *(
                ReportSection(
                    heading=headings[name],
                    answer=heads[name].answer,
                    tables=[table for table in tables.section(name) if table.rows],
                    notes=tables.regression_notes() if name == "errors" else [],
                )
                for name in _SECTIONS
            ),
            *_own_sections(OwnEvents(answers, filters, now, open_words=open_words)),
        ],
        annotations=shown_annotations(answers, filters).annotations[-MAX_ANNOTATIONS_SHOWN:],
    )


def _own_sections(own: OwnEvents) -> list[ReportSection]:
    """One, where the product has something of its own."""
    tables = [table for table in own.tables() if table.rows] if own.exist else []
    return [ReportSection(HEADING, own.answer(), tables, [])] if own.exist else []


_SECTIONS = ("tools", "errors", "clients", "next")


class _SectionTables:
    """The tables of each question."""

    def __init__(self, answers: Answers, filters: Filters, now: datetime) -> None:
        self._answers, self._filters = answers, filters
        self._compared = compared_filters(answers, filters, now)
        self._comparison = compare_releases(answers, filters, now.date())

    def section(self, name: str) -> list[ReportTable]:
        sections = {"tools": self._tools, "errors": self._errors, "clients": self._clients, "next": self._next}
        return sections[name]()

    def regression_notes(self) -> list[str]:
        return [f"{code(each.version)}: {code(each.tool)} {each.text}." for each in self._comparison.regressions]

    def _rows(self, chart: str) -> list[ChartRow]:
        return rows_as_dicts(self._answers.chart(chart, self._filters))

    def _changes(self, chart: str, column: str, *keys: str) -> dict[tuple[str | None, ...], float | None]:
        """The changes of `column`, by the values of the columns `keys`; none without a full earlier period."""
        if self._compared is None:
            return {}
        now, was = (
            {tuple(row[key] for key in keys): row[column] for row in rows_as_dicts(self._answers.chart(chart, each))}
            for each in self._compared
        )
        return {key: _change(now.get(key, 0), number) for key, number in was.items()}

    def _tools(self) -> list[ReportTable]:
        changes = self._changes("tool-usage", "calls", "tool")
        errors = {row["tool"]: row["error_rate"] for row in self._rows("tool-errors")}
        durations = {row["tool"]: row for row in self._rows("tool-duration")}
        rows = []
        for row in self._rows("tool-usage")[:MAX_ROWS]:
            tool, duration = row["tool"], durations.get(row["tool"], {})
            numbers = [row["calls"], changes.get((tool,)), row["instances"], errors.get(tool)]
            rows.append([tool, *numbers, duration.get("p50_ms"), duration.get("p95_ms")])
        names = ("Tool", "Calls", "Change", "Instances", "Error rate", "Median", "95th pct.")
        units = ("", "calls", "change", "instances", "ratio", "milliseconds", "milliseconds")
        return [make_table("Tools", names, units, rows)]

    def _errors(self) -> list[ReportTable]:
        changes = self._changes("error-types", "errors", "tool", "error_type")
        rows = [
            [row["error_type"], row["tool"], row["errors"], changes.get(key), row["instances"]]
            for row in self._rows("error-types")[:MAX_ROWS]
            for key in [(row["tool"], row["error_type"])]
        ]
        names = ("Error class", "Tool", "Errors", "Change", "Instances")
        return [make_table("Errors", names, ("", "", "errors", "change", "instances"), rows)]

    def _clients(self) -> list[ReportTable]:
        changes = self._changes("ai-providers", "instances", "ai_provider")
        providers = [
            [row["ai_provider"], row["instances"], changes.get((row["ai_provider"],)), row["calls"]]
            for row in self._rows("ai-providers")[:MAX_ROWS]
        ]
        changes = self._changes("mcp-clients", "connections", "mcp_client", "mcp_client_version")
        clients = [
            [*key, row["connections"], changes.get(key), row["instances"]]
            for row in self._rows("mcp-clients")[:MAX_ROWS]
            for key in [(row["mcp_client"], row["mcp_client_version"])]
        ]
        return [
            make_table(
                "AI providers",
                ("Provider", "Instances", "Change", "Calls"),
                ("", "instances", "change", "calls"),
                providers,
            ),
            make_table(
                "MCP clients",
                ("Client", "Version", "Connections", "Change", "Instances"),
                ("", "", "connections", "change", "instances"),
                clients,
            ),
        ]

    def _next(self) -> list[ReportTable]:
        versions: list[list[Cell]] = [
            [each.version, each.first_seen, each.adoption, each.calls, each.error_rate, each.p50_ms]
            for each in self._comparison.releases
        ]
        kubernetes = [
            [row["k8s_version"], row["instances"], row["starts"]]
            for row in self._rows("kubernetes-versions")[:MAX_ROWS]
        ]
        return [
            make_table(
                "Releases",
                ("Version", "First seen (UTC)", "Adoption", "Calls", "Error rate", "Median"),
                ("", "day", "ratio", "calls", "ratio", "milliseconds"),
                versions,
            ),
            make_table("Kubernetes", ("Version", "Instances", "Starts"), ("", "instances", "starts"), kubernetes),
        ]


def _change(now: int, was: int) -> float | None:
    ratio = share(now, was)
    return None if ratio is None else ratio - 1

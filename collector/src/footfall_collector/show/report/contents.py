"""All answers of one period in one piece, for a terminal or a weekly mail: sentences, four numbers, short tables."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from ...answer import Answers, Filters
from ...runtime import Status
from ..insight import Record, before, records, releases, share, tiles
from ..pages import PAGES
from ..pages import page_answers as pageanswers

ROWS = 10
"""Rows of a table; the dashboard has the rest."""

Table = dict[str, Any]


def gather(answers: Answers, filters: Filters, status: Status, now: datetime) -> dict[str, Any]:
    """`{"product", "start", "end", "generated_at", "hidden_internal", "empty", "answer", "tiles", "sections"}`.

    `sections` are the four questions: `{"heading", "answer", "tables": [{"title", "columns": [{"name", "unit"}],
    "rows"}], "notes"}`. A column whose unit is `change` holds a ratio against the period before, None where that
    had nothing. Both ends of the period are in RFC 3339, the end is excluded.
    """
    heads = {name: pageanswers.of(name, answers, filters, status, now) for name in ("overview", *_SECTIONS)}
    tables = _Tables(answers, filters, now)
    headings = {page.name: page.heading for page in PAGES}
    overview = heads["overview"]
    return {
        "product": filters.product,
        "start": filters.start.isoformat(),
        "end": min(filters.end, now).isoformat(timespec="seconds"),
        "generated_at": overview["generated_at"],
        "hidden_internal": overview["hidden_internal"],
        "empty": overview["empty"],
        "answer": overview["answer"],
        "tiles": [asdict(tile) for tile in tiles.of(tiles.numbers(answers, filters), filters)],
        "sections": [
            {
                "heading": headings[name],
                "answer": heads[name]["answer"],
                "tables": [table for table in tables.of(name) if table["rows"]],
                "notes": tables.regressions() if name == "errors" else [],
            }
            for name in _SECTIONS
        ],
    }


_SECTIONS = ("tools", "errors", "clients", "next")


class _Tables:
    """The short tables of each question."""

    def __init__(self, answers: Answers, filters: Filters, now: datetime) -> None:
        self._answers, self._filters = answers, filters
        self._compared = releases.compared(answers, filters, now.date())

    def of(self, name: str) -> list[Table]:
        """The tables of a section."""
        sections = {"tools": self._tools, "errors": self._errors, "clients": self._clients, "next": self._next}
        return sections[name]()

    def regressions(self) -> list[str]:
        """Every regression in a line."""
        return [f"**{flag['version']}** `{flag['tool']}` {flag['text']}." for flag in self._compared["regressions"]]

    def _rows(self, chart: str) -> list[Record]:
        return records(self._answers.chart(chart, self._filters))

    def _before(self, chart: str, *keys: str, of: str) -> dict[tuple[Any, ...], int]:
        rows = records(self._answers.chart(chart, before(self._filters)))
        return {tuple(row[key] for key in keys): row[of] for row in rows}

    def _tools(self) -> list[Table]:
        earlier = self._before("tool-usage", "tool", of="calls")
        errors = {row["tool"]: row["error_rate"] for row in self._rows("tool-errors")}
        durations = {row["tool"]: row for row in self._rows("tool-duration")}
        rows = []
        for row in self._rows("tool-usage")[:ROWS]:
            tool, took = row["tool"], durations.get(row["tool"], {})
            numbers = [row["calls"], _change(row["calls"], earlier.get((tool,))), row["instances"], errors.get(tool)]
            rows.append([tool, *numbers, took.get("p50_ms"), took.get("p95_ms")])
        names = ("Tool", "Calls", "Change", "Instances", "Error rate", "Median", "95th pct.")
        units = ("", "calls", "change", "instances", "ratio", "milliseconds", "milliseconds")
        return [_table("Tools", names, units, rows)]

    def _errors(self) -> list[Table]:
        earlier = self._before("error-types", "tool", "error_type", of="errors")
        rows = [
            [row["error_type"], row["tool"], row["errors"], _change(row["errors"], earlier.get(key)), row["instances"]]
            for row in self._rows("error-types")[:ROWS]
            for key in [(row["tool"], row["error_type"])]
        ]
        names = ("Error class", "Tool", "Errors", "Change", "Instances")
        return [_table("Errors", names, ("", "", "errors", "change", "instances"), rows)]

    def _clients(self) -> list[Table]:
        earlier = self._before("ai-providers", "ai_provider", of="instances")
        providers = [
            [row["ai_provider"], row["instances"], _change(row["instances"], was), row["calls"]]
            for row in self._rows("ai-providers")[:ROWS]
            for was in [earlier.get((row["ai_provider"],))]
        ]
        earlier = self._before("mcp-clients", "mcp_client", "mcp_client_version", of="connections")
        clients = [
            [*key, row["connections"], _change(row["connections"], earlier.get(key)), row["instances"]]
            for row in self._rows("mcp-clients")[:ROWS]
            for key in [(row["mcp_client"], row["mcp_client_version"])]
        ]
        return [
            _table(
                "AI providers",
                ("Provider", "Instances", "Change", "Calls"),
                ("", "instances", "change", "calls"),
                providers,
            ),
            _table(
                "MCP clients",
                ("Client", "Version", "Connections", "Change", "Instances"),
                ("", "", "connections", "change", "instances"),
                clients,
            ),
        ]

    def _next(self) -> list[Table]:
        columns = ("version", "first_seen", "adoption", "calls", "error_rate", "p50_ms")
        versions = [[release[column] for column in columns] for release in self._compared["releases"]]
        kubernetes = [
            [row["k8s_version"], row["instances"], row["starts"]] for row in self._rows("kubernetes-versions")
        ]
        return [
            _table(
                "Releases",
                ("Version", "First seen (UTC)", "Adoption", "Calls", "Error rate", "Median"),
                ("", "day", "ratio", "calls", "ratio", "milliseconds"),
                versions,
            ),
            _table("Kubernetes", ("Version", "Instances", "Starts"), ("", "instances", "starts"), kubernetes[:ROWS]),
        ]


def _table(title: str, names: tuple[str, ...], units: tuple[str, ...], rows: list[list[Any]]) -> Table:
    columns = [{"name": name, "unit": unit} for name, unit in zip(names, units, strict=True)]
    return {"title": title, "columns": columns, "rows": rows}


def _change(now: int, was: int | None) -> float | None:
    ratio = share(now, was or 0)
    return None if ratio is None else ratio - 1

"""Numbers, changes, periods and sentences of a report as text."""

import io
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.console import Console

from footfall_collector.answer import Cell
from footfall_collector.show.insight import NBSP, Tile, code, format_points, printable, render_markup
from footfall_collector.show.report import Report, html, markdown, terminal
from footfall_collector.show.report.contents import ReportSection
from footfall_collector.show.report.formatting import (
    format_cell,
    format_change,
    format_period,
    format_tile_change,
    sparkline,
)
from footfall_collector.show.report.tables import ReportColumn, ReportTable


def plain(text: str) -> str:
    return text.replace(NBSP, " ").replace("\u2212", "-")


@pytest.mark.parametrize(
    ("cell", "unit", "text"),
    [
        (1234567, "calls", "1,234,567"),
        (0.042, "ratio", "4.2 %"),
        (9400.0, "milliseconds", "9.4 s"),
        ("query", "", "query"),
        (None, "", "not given"),
        (None, "ratio", "\u2013"),
        (None, "change", "new"),
        (0.125, "change", "+12 %"),
        (-0.5, "change", "-50 %"),
        (0.001, "change", "same"),
    ],
)
def test_a_cell_is_formatted_by_its_unit(cell: Cell, unit: str, text: str) -> None:
    assert plain(format_cell(cell, unit)) == text


@pytest.mark.parametrize(
    ("now", "was", "unit", "text"),
    [
        (110, 100, "calls", "+10 %"),
        (0.05, 0.062, "ratio", "-1.2 points"),
        (0.05, 0.0501, "ratio", "same"),
        (7, None, "calls", ""),
        (None, 7, "milliseconds", ""),
        (7, 0, "calls", "new"),
    ],
)
def test_a_tile_shows_its_change(now: float | None, was: float | None, unit: str, text: str) -> None:
    assert plain(format_tile_change(Tile("calls", "Tool calls", unit, "more", "", now, was))) == text


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2026-11-18T00:00:00+00:00", "2026-11-25T00:00:00+00:00", "18 to 24 November 2026 (UTC)"),
        ("2026-10-26T00:00:00+00:00", "2026-11-25T00:00:00+00:00", "26 October to 24 November 2026 (UTC)"),
        ("2025-12-30T00:00:00+00:00", "2026-01-02T00:00:00+00:00", "30 December 2025 to 1 January 2026 (UTC)"),
        ("2026-11-24T09:30:00+00:00", "2026-11-24T10:30:00+00:00", "24 November 2026 09:30 to 10:30 UTC"),
    ],
)
def test_a_period_is_named_by_its_days(start: str, end: str, text: str) -> None:
    assert format_period(start, end) == text


def test_a_sparkline_shows_the_days() -> None:
    assert sparkline([0, 5, None, 10]) == "▁▅ █"
    assert len(sparkline([1.0] * 365)) <= 30
    assert sparkline([3]) == sparkline([]) == sparkline([0, 0, None]) == ""


def test_a_sentence_keeps_its_words_in_every_form() -> None:
    sentence = "`query` is used by **61 % of instances**; {bad|`query` got worse} in `2.3.0`."
    words = render_markup(sentence, dict.fromkeys(("code", "strong", "bad", "good", "text"), "{}"))
    assert words == "query is used by 61 % of instances; query got worse in 2.3.0."


@given(st.lists(st.none() | st.floats(0, 1e12), max_size=400))
def test_a_sparkline_has_at_most_thirty_blocks(days: list[float | None]) -> None:
    assert len(sparkline(days)) <= 30


@given(st.floats(-1, 1e9))
def test_every_change_has_a_sign_or_is_same(ratio: float) -> None:
    assert plain(format_change(ratio)) == "same" or plain(format_change(ratio))[0] in "+-"


def report(answer: str, section: ReportSection) -> Report:
    return Report(
        product="dot-ai",
        start="2026-11-18T00:00:00+00:00",
        end="2026-11-25T00:00:00+00:00",
        generated_at="2026-11-24T12:00:00Z",
        hidden_internal=0,
        empty=False,
        answer=answer,
        tiles=[],
        sections=[section],
    )


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
def test_no_name_becomes_markup_in_a_mail(name: str) -> None:
    table = ReportTable(name, [ReportColumn(name, "")], [[name]])
    section = ReportSection(name, f"{code(name)} **{name}**", [table], [name])
    parsed = _Elements()
    parsed.feed(html.render(report(name, section)))
    known = {"html", "head", "meta", "title", "body", "div", "p", "h1", "h2", "table", "caption", "tr", "th", "td"}
    assert parsed.tags <= known | {"ul", "li", "code", "strong", "span"}
    hostile = html.render(report(name, replace(section, heading="<script>")))
    assert "<script>" not in hostile


def test_a_range_of_numbers_stays_on_one_line_of_a_mail() -> None:
    interval = format_points(0.36, 0.65)
    mail = html.render(report("dot-ai", ReportSection("Errors?", f"It fails more: up {interval[3:]}.", [], [])))
    assert interval == "up 36\u201365\u00a0points"
    assert '<span style="white-space:nowrap">36\u201365\u00a0points.</span>' in mail


def test_a_pipe_in_a_name_does_not_split_a_markdown_table() -> None:
    table = ReportTable("Tools", [ReportColumn("Tool", "")], [["a|b"]])
    section = ReportSection("Tools?", "One.", [table], [])
    assert "| `a\\u007cb` |" in markdown.render(report("", section))


@given(st.text(max_size=40))
def test_no_name_commands_a_terminal_or_becomes_more_than_code_in_markdown(name: str) -> None:
    table = ReportTable("Tools", [ReportColumn("Tool", ""), ReportColumn("Calls", "calls")], [[name, 1]])
    written = report(
        f"{code(name)} is called most.", ReportSection("Tools?", "One.", [table], [f"{code(name)} is slow."])
    )
    screen = io.StringIO()
    terminal.print_report(written, Console(file=screen, width=500, no_color=True))
    assert all(character.isprintable() or character == "\n" for character in screen.getvalue())
    shown = f"`{printable(name)}`"
    lines = markdown.render(written).split("\n")
    assert [line for line in lines if "Calls" not in line and "called" not in line and shown in line] == [
        f"- {shown} is slow.",
        f"| {shown} | 1 |",
    ]
    assert f"{shown} is called most." in lines

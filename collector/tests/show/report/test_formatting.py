"""Numbers, changes, periods and sentences of a report as text."""

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.show.insight.sentences import NBSP
from footfall_collector.show.report import html, markdown
from footfall_collector.show.report.formatting import change, dressed, period, sparkline, tile_change, value


def said(text: str) -> str:
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
def test_cells_are_read_at_a_glance(cell: Any, unit: str, text: str) -> None:
    assert said(value(cell, unit)) == text


@pytest.mark.parametrize(
    ("now", "was", "unit", "text"),
    [
        (110, 100, "calls", "+10 %"),
        (0.05, 0.062, "ratio", "-1.2 pp"),
        (0.05, 0.0501, "ratio", "same"),
        (7, None, "calls", ""),
        (None, 7, "milliseconds", ""),
        (7, 0, "calls", "new"),
    ],
)
def test_a_tile_says_how_it_changed(now: float | None, was: float | None, unit: str, text: str) -> None:
    assert said(tile_change({"value": now, "before": was, "unit": unit})) == text


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
    assert period(start, end) == text


def test_a_line_of_blocks_shows_the_days() -> None:
    assert sparkline([0, 5, None, 10]) == "▁▅ █"
    assert len(sparkline([1.0] * 365)) <= 30
    assert sparkline([3]) == sparkline([]) == sparkline([0, 0, None]) == ""


def test_a_sentence_keeps_its_words_in_every_form() -> None:
    sentence = "`query` is used by **61 % of instances**; {bad|`query` got worse} in 2.3.0."
    plain = dressed(sentence, lambda _, words: words)
    assert plain == "query is used by 61 % of instances; query got worse in 2.3.0."


@given(st.lists(st.none() | st.floats(0, 1e12), max_size=400))
def test_any_days_make_a_short_line(days: list[float | None]) -> None:
    assert len(sparkline(days)) <= 30


@given(st.floats(-1, 1e9))
def test_every_change_is_short(ratio: float) -> None:
    assert said(change(ratio)) == "same" or said(change(ratio))[0] in "+-"


REPORT: dict[str, Any] = {
    "product": "dot-ai",
    "start": "2026-11-18T00:00:00+00:00",
    "end": "2026-11-25T00:00:00+00:00",
    "generated_at": "2026-11-24T12:00:00Z",
    "hidden_internal": 0,
    "empty": False,
    "answer": "",
    "tiles": [],
}


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
    table = {"title": name, "columns": [{"name": name, "unit": ""}], "rows": [[name]]}
    section = {"heading": name, "answer": f"`{name}` **{name}**", "tables": [table], "notes": [name]}
    parsed = _Elements()
    parsed.feed(html.render(REPORT | {"answer": name, "sections": [section]}))
    known = {"html", "head", "meta", "title", "body", "div", "p", "h1", "h2", "table", "caption", "tr", "th", "td"}
    assert parsed.tags <= known | {"ul", "li", "code", "strong"}
    hostile = html.render(REPORT | {"sections": [section | {"heading": "<script>"}]})
    assert "<script>" not in hostile


def test_a_bar_in_a_name_does_not_split_a_table_in_markdown() -> None:
    table = {"title": "Tools", "columns": [{"name": "Tool", "unit": ""}], "rows": [["a|b"]]}
    section = {"heading": "Tools?", "answer": "One.", "tables": [table], "notes": []}
    assert "| a\\|b |" in markdown.render(REPORT | {"sections": [section]})

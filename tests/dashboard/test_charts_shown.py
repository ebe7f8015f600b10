"""Every chart of every page holds exactly the numbers of what happened."""

import math
import os
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page

from tests.dashboard.conftest import Opener
from tests.dashboard.reading import PAGES, answer, chart_of, panels, shown_table, tile
from tests.dashboard.truths import Expected, same
from tests.oracle.fleet import Fleet, stamp

QUERIES: dict[str, dict[str, str]] = {
    "as it opens": {},
    "a week": {"range": "7d"},
    "with internal events": {"range": "90d", "internal": "all"},
    "internal events alone": {"internal": "only"},
    "one version": {"version": "1.11.0", "range": "90d"},
    "one provider and tool": {"provider": "anthropic", "tool": "recommend"},
    "one client and transport": {"mcp_client": "claude-code", "transport": "stdio"},
    "one error and way of installing": {"error_type": "TimeoutError", "deployment_method": "helm", "range": "90d"},
}
ALL = [(page, about) for page in PAGES for about in QUERIES]
# Every page as it opens, and each other query on a page or two; with SOAK set, all of them.
SOME = [pair for n, pair in enumerate(ALL) if pair[1] == "as it opens" or n % 8 in ((n // 8) + 1, (n // 8 + 3) % 7 + 1)]
BY_PAGE = ALL if os.environ.get("SOAK") else SOME


def path(page: str, query: dict[str, str]) -> str:
    return f"{PAGES[page]}?{urlencode(query)}" if query else PAGES[page]


@pytest.mark.parametrize(("name", "about"), BY_PAGE)
def test_each_table_holds_what_happened(opened: Opener, expected: Expected, name: str, about: str) -> None:
    query = QUERIES[about]
    page = opened(path(name, query))
    shown = panels(page)
    assert len(shown) >= 4
    for panel in shown:
        chart = chart_of(panel)
        same(shown_table(panel), expected.rows(chart, query))
        spared = expected.not_carried(chart, query)
        assert panel.locator("> .panel-note").is_visible() == bool(spared), (chart, spared)


@pytest.mark.parametrize("name", ["overview", "tools", "clients"])
def test_a_range_of_hours_is_counted_to_the_second(opened: Opener, expected: Expected, fleet: Fleet, name: str) -> None:
    query = {"range": "custom", "start": stamp(fleet.end - 131_234), "end": stamp(fleet.end - 7)}
    page = opened(path(name, query))
    for panel in panels(page):
        same(shown_table(panel), expected.rows(chart_of(panel), query))


@pytest.mark.parametrize("about", ["as it opens", "one version", "with internal events"])
def test_the_tiles_and_the_hidden_count_hold_what_happened(opened: Opener, expected: Expected, about: str) -> None:
    query = QUERIES[about]
    page = opened(path("overview", query))
    calls = expected.rows("tool-usage", query)
    errors = expected.rows("tool-errors", query)
    assert tile(page, "calls") == sum(row[1] for row in calls)
    assert tile(page, "error_rate") == pytest.approx(sum(row[2] for row in errors) / sum(row[1] for row in errors))
    durations = expected.rows("active-instances", query)
    assert tile(page, "instances") >= max(row[1] for row in durations)
    text = page.locator("#hidden-internal").inner_text()
    hidden = expected.hidden(query)
    assert hidden > 0
    assert (f"{hidden:,} internal events hidden" in text) == ("internal" not in query)


def test_the_sentence_is_computed_from_the_same_numbers(opened: Opener, expected: Expected) -> None:
    page = opened("/")
    calls = sum(row[1] for row in expected.rows("tool-usage", {}))
    assert f"made {calls:,} tool calls" in answer(page)
    page = opened("/errors")
    [kinds, errors] = [expected.rows(name, {}) for name in ("error-types", "tool-errors")]
    assert f"of {calls:,} calls failed" in answer(page)
    by_kind: dict[str, int] = {}
    for _, kind, n, _ in kinds:
        by_kind[kind] = by_kind.get(kind, 0) + n
    leading = max(by_kind, key=lambda kind: by_kind[kind])
    assert leading in answer(page)
    assert sum(row[2] for row in errors) == sum(by_kind.values())


def drawn(page: Page, panel: str) -> list[dict[str, Any]]:
    """The series that the chart library was given, by name."""
    found: list[dict[str, Any]] = page.evaluate(
        "id => echarts.getInstanceByDom(document.querySelector(`#panel-${id} .canvas`)).getOption().series"
        ".filter(line => line.name).map(line => ({name: line.name, data: line.data}))",
        panel,
    )
    return found


def test_what_is_drawn_is_what_the_table_says(opened: Opener, expected: Expected) -> None:
    page = opened("/")
    true: dict[str, int] = {}
    for _, event, n in expected.rows("events", {}):
        true[event] = true.get(event, 0) + n
    assert {line["name"]: sum(line["data"]) for line in drawn(page, "events")} == true
    daily, weekly = drawn(page, "active-instances")
    rows = expected.rows("active-instances", {})
    assert (daily["data"], weekly["data"]) == ([row[1] for row in rows], [row[2] for row in rows])
    page = opened("/tools")
    durations = expected.rows("tool-duration", {})[:12]
    for column, line in enumerate(drawn(page, "tool-duration"), start=2):
        assert all(map(math.isclose, reversed(line["data"]), [max(row[column], 0.1) for row in durations]))
    page = opened("/next")
    [sessions] = drawn(page, "uptime")
    assert sessions["data"] == [row[3] for row in expected.rows("uptime", {})]

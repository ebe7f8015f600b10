"""Every chart of every page has exactly the true numbers of the fleet."""

import math
import os
from urllib.parse import urlencode

import pytest

from tests.dashboard.conftest import Opener
from tests.dashboard.reading import PAGES, answer, chart_of, drawn_series, panels, shown_table, tile
from tests.dashboard.truths import Expected, assert_same
from tests.oracle.fleet import Fleet, stamp

EVENT_NAMES = {
    "tool_executed": "tool calls",
    "tool_error": "tool errors",
    "server_started": "server starts",
    "server_stopped": "server stops",
    "client_connected": "client connections",
}
QUERIES: dict[str, dict[str, str]] = {
    "no filters": {},
    "a week": {"range": "7d"},
    "with internal events": {"range": "90d", "internal": "all"},
    "internal events alone": {"internal": "only"},
    "one version": {"version": "1.11.0", "range": "90d"},
    "one provider and tool": {"provider": "anthropic", "tool": "recommend"},
    "one client and transport": {"mcp_client": "claude-code", "transport": "stdio"},
    "one error and deployment method": {"error_type": "TimeoutError", "deployment_method": "helm", "range": "90d"},
}
ALL = [(page, about) for page in PAGES for about in QUERIES]
# Every page without filters, and each other query on a page or two; with SOAK set, all of them.
SOME = [pair for n, pair in enumerate(ALL) if pair[1] == "no filters" or n % 8 in ((n // 8) + 1, (n // 8 + 3) % 7 + 1)]
BY_PAGE = ALL if os.environ.get("SOAK") else SOME


def path(page: str, query: dict[str, str]) -> str:
    return f"{PAGES[page]}?{urlencode(query)}" if query else PAGES[page]


def rates_by_day(rows: list[list[str]]) -> dict[str, tuple[int, int]]:
    """Failed calls and all calls of each day with a call."""
    return {day: (int(failed), int(calls)) for day, _, failed, calls in rows if int(calls)}


def true_rates(expected: Expected, query: dict[str, str]) -> dict[str, tuple[int, int]]:
    """The same of the fleet: the sums over its versions."""
    sums: dict[str, tuple[int, int]] = {}
    for day, _, _, calls, failed in expected.rows("versions", query):
        before = sums.get(day, (0, 0))
        sums[day] = (before[0] + failed, before[1] + calls)
    return {day: numbers for day, numbers in sums.items() if numbers[1]}


@pytest.mark.parametrize(("name", "about"), BY_PAGE)
def test_each_table_has_the_true_numbers(opened: Opener, expected: Expected, name: str, about: str) -> None:
    query = QUERIES[about]
    page = opened(path(name, query))
    shown = panels(page)
    assert len(shown) >= 3
    if name == "errors":
        assert rates_by_day(shown_table(page.locator("#panel-error-rate"))) == true_rates(expected, query)
    for panel in shown:
        chart = chart_of(panel)
        assert_same(shown_table(panel), expected.rows(chart, query))
        assert not panel.locator("> .panel-note").is_visible(), chart


@pytest.mark.parametrize("name", ["overview", "tools", "clients"])
def test_a_range_of_hours_is_counted_to_the_second(opened: Opener, expected: Expected, fleet: Fleet, name: str) -> None:
    query = {"range": "custom", "start": stamp(fleet.end - 131_234), "end": stamp(fleet.end - 7)}
    page = opened(path(name, query))
    for panel in panels(page):
        assert_same(shown_table(panel), expected.rows(chart_of(panel), query))


@pytest.mark.parametrize("about", ["no filters", "one version", "with internal events"])
def test_the_tiles_and_the_hidden_count_have_the_true_numbers(opened: Opener, expected: Expected, about: str) -> None:
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


def test_a_chart_draws_the_numbers_of_its_table(opened: Opener, expected: Expected) -> None:
    page = opened("/events")
    true: dict[str, int] = {}
    for _, event, n in expected.rows("events", {}):
        true[EVENT_NAMES[event]] = true.get(EVENT_NAMES[event], 0) + n
    assert {line["name"]: sum(line["data"]) for line in drawn_series(page, "events")} == true
    page = opened("/next")
    daily, weekly = drawn_series(page, "active-instances")
    rows = expected.rows("active-instances", {})
    assert (daily["data"], weekly["data"]) == ([row[1] for row in rows], [row[2] for row in rows])
    page = opened("/tools")
    durations = expected.rows("tool-duration", {})[:12]
    for column, line in enumerate(drawn_series(page, "tool-duration"), start=2):
        assert all(map(math.isclose, reversed(line["data"]), [max(row[column], 0.1) for row in durations]))
    page = opened("/next")
    [sessions] = drawn_series(page, "uptime")
    assert sessions["data"] == [row[3] for row in expected.rows("uptime", {})]

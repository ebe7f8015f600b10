"""The overview: tiles choose the main chart, buttons divide it, and the week is three sentences that lead on."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser import ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.reading import ALL_PAGES, fetch, shown_table, with_days
from tests.dashboard.truths import Expected, assert_same

WIRE_NAMES = re.compile(
    r"tool_executed|tool_error|server_started|server_stopped|client_connected|error_type|mcp_client|ai_provider|"
    r"product_version|k8s_version|deployment_method|duration_ms|uptime_seconds"
)
CHARTS = {
    "calls": {"measure": "events", "event": "tool_executed"},
    "instances": {"measure": "instances"},
    "error_rate": {"measure": "rate", "event": "tool_executed"},
    "median": {"measure": "median", "event": "tool_executed", "of": "duration_ms"},
}
DIVISIONS = {
    "By tool": "tool",
    "By client": "mcp_client",
    "By provider": "ai_provider",
    "By version": "product_version",
}


def click(page: Page, name: str, within: str) -> None:
    before = ready_count(page)
    page.locator(within).get_by_role("button", name=name, exact=True).click()
    wait_until_drawn(page, before + 1)


def parameters(page: Page) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(page.url).query).items()}


def cells(rows: list[list[object]]) -> list[list[str]]:
    return [["" if cell is None else str(cell) for cell in row] for row in rows]


@pytest.mark.parametrize("chart", CHARTS)
def test_a_tile_chooses_the_chart_and_a_button_divides_it(opened: Opener, url: str, chart: str) -> None:
    page = opened("/")
    page.locator(f"[data-tile={chart}]").click(position={"x": 20, "y": 60})
    expect(page.locator(f"[data-tile={chart}] .choose")).to_have_attribute("aria-pressed", "true")
    assert page.locator(".choose[aria-pressed=true]").count() == 1
    assert parameters(page) == {"chart": chart}
    wait_until_drawn(page)
    panel = page.locator("#panel-main")
    assert panel.locator("h2").inner_text() == page.locator(f"[data-tile={chart}] h2").inner_text()
    rows = fetch(url, "/api/ask", step="day", **CHARTS[chart])["rows"]
    assert [[row[0], float(row[1])] for row in shown_table(panel)] == [[row[0], pytest.approx(row[1])] for row in rows]
    for button, by in DIVISIONS.items():
        click(page, button, "#panel-main")
        assert parameters(page)["by"] == by
        assert f"by {button.split()[1]}" in panel.locator(".unit").inner_text()
        divided = fetch(url, "/api/ask", step="day", by=by, **CHARTS[chart])["rows"]
        assert [row[:2] for row in shown_table(panel)] == cells([row[:2] for row in divided])
    again = opened(page.url.removeprefix(page.evaluate("location.origin")))
    assert again.locator("#panel-main [aria-pressed=true]").first.inner_text() in ("By version", "")


def test_the_parts_of_the_error_rate_add_up_to_it(opened: Opener, url: str) -> None:
    page = opened("/?chart=error_rate&by=mcp_client&tables=main")
    parts: dict[str, float] = {}
    for row in shown_table(page.locator("#panel-main")):
        parts[row[0]] = parts.get(row[0], 0.0) + float(row[2])
    rates = fetch(url, "/api/ask", step="day", **CHARTS["error_rate"])["rows"]
    assert parts == {row[0]: pytest.approx(row[1]) for row in rates}


def test_new_returning_and_lost_instances_have_their_chart(opened: Opener, expected: Expected) -> None:
    page = opened("/")
    panel = page.locator("#panel-weekly-instances")
    assert panel.locator(".legend").inner_text().splitlines() == ["New", "Returning", "Lost"]
    assert_same(shown_table(panel), expected.rows("weekly-instances", {}))


def test_each_sentence_of_the_week_leads_to_what_it_speaks_of(opened: Opener, url: str) -> None:
    page = opened("/?provider=anthropic")
    sentences = fetch(url, "/api/week", provider="anthropic")["sentences"]
    links = page.locator("#week a")
    expect(links).to_have_count(len(sentences))
    for index, sentence in enumerate(sentences):
        plain = re.sub(r"\{(?:bad|good)\|([^}]*)\}|[`*]", r"\1", sentence["text"]).split(".")[0]
        assert with_days(plain).replace("\u00a0", " ") in links.nth(index).inner_text().replace("\u00a0", " ")
        page.locator("#week a").nth(index).click()
        wait_until_drawn(page)
        shown = parameters(page)
        assert shown["provider"] == "anthropic"
        asked = parse_qs(urlsplit(sentence["ask"]).query)
        assert ([shown["start"]], [shown["end"]]) == (asked["start"], asked["end"])
        page.go_back()
        wait_until_drawn(page)


def test_names_of_the_wire_are_in_data_health_only(opened: Opener) -> None:
    for name, path in ALL_PAGES.items():
        page = opened(path)
        page.evaluate("document.querySelectorAll('[data-do=table]').forEach(button => button.click())")
        text = page.locator("body").inner_text()
        assert name == "health" or not (found := WIRE_NAMES.search(text)), f"{name}: {found}"
        page.close()

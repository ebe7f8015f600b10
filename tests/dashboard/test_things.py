"""The page about one thing: reached by its name, with the numbers of the API, and a word for unknown ones."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser import axe_violations, cut_off, ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.feeding import send
from tests.dashboard.reading import answer, fetch, shown_table, tile
from tests.dashboard.test_live import call
from tests.support.collector_process import CollectorProcess, start_collector

SOON_MS = 15_000
THINGS = {
    "tool": ("tool", "Tool", "query"),
    "error_type": ("error_type", "Error class", "TimeoutError"),
    "mcp_client": ("mcp_client", "Client", "claude-code"),
    "provider": ("ai_provider", "Provider", "anthropic"),
    "version": ("product_version", "Version", "1.13.0"),
    "k8s_version": ("k8s_version", "Kubernetes version", "1.33"),
    "transport": ("transport", "Transport", "stdio"),
    "deployment_method": ("deployment_method", "Deployment method", "helm"),
}
REACHED_FROM = {
    "tool": ("/tools", "#panel-tool-usage"),
    "error_type": ("/errors", "#panel-error-types"),
    "mcp_client": ("/clients", "#panel-mcp-clients"),
    "provider": ("/clients", "#panel-ai-providers"),
    "transport": ("/clients", "#panel-transports"),
    "deployment_method": ("/clients", "#panel-deployment-methods"),
    "k8s_version": ("/next", "#panel-kubernetes-versions"),
    "version": ("/next", "#releases"),
}


def asked(url: str, where: str, **query: str) -> list[list[Any]]:
    """The rows of a question about the thing."""
    rows: list[list[Any]] = fetch(url, "/api/ask", where=where, **query)["rows"]
    return rows


@pytest.mark.parametrize("kind", THINGS)
def test_a_thing_has_a_page_that_names_it_with_the_numbers_of_the_api(opened: Opener, url: str, kind: str) -> None:
    about, noun, name = THINGS[kind]
    where = f"{about}:is:{name}"
    page = opened(f"/things/{kind}/{name}")
    assert page.title() == f"{noun} {name} · Footfall"
    assert page.locator("h1").inner_text() == f"{noun} {name}"
    assert name in answer(page)
    event = "tool_error" if kind == "error_type" else "tool_executed"
    [[number]] = asked(url, where, measure="events", event=event)
    assert tile(page, "errors" if kind == "error_type" else "calls") == number > 0
    days = shown_table(page.locator("#panel-main"))
    assert sum(int(row[1]) for row in days) == number
    headings = page.locator("#thing h2").all_inner_texts()
    assert headings == (
        ["Where it is met", "Who meets it", "Sequences"]
        if kind == "error_type"
        else ["What fails", "Durations", "Who uses it", "Sequences"]
    )
    other = "ai_provider" if about != "ai_provider" else "tool"
    shown = shown_table(page.locator(f"#panel-{'errors' if kind == 'error_type' else 'failures'}-by-{other}"))
    measure = "events" if kind == "error_type" else "rate"
    rows = asked(url, where, measure=measure, event=event, by=other)
    assert {(row[0], row[-1]) for row in shown} == {(row[0] or "", str(row[-1])) for row in rows}
    assert page.locator("#thing [data-view=error]").count() == 0


@pytest.mark.parametrize("kind", REACHED_FROM)
def test_a_name_leads_to_its_page_from_bars_and_tables(opened: Opener, kind: str) -> None:
    path, panel = REACHED_FROM[kind]
    page = opened(f"{path}?range=90d")
    link = page.locator(f"{panel} a.open").first
    expect(link).to_have_attribute("aria-label", re.compile("^Open the page of the "))
    link.press("Enter")
    wait_until_drawn(page)
    address = urlsplit(page.url)
    assert address.path.startswith(f"/things/{kind}/")
    assert address.query == "range=90d", "the other filters come along"
    name = page.locator("h1 code").inner_text()
    page.go_back()
    wait_until_drawn(page)
    if panel == "#releases":
        return
    shown_table(page.locator(panel))
    page.locator(f"{panel} table.data").get_by_role("link", name=name, exact=True).first.click()
    wait_until_drawn(page)
    assert page.locator("h1 code").inner_text() == name


def test_the_menu_of_a_bar_opens_the_pages_of_all_that_it_says(opened: Opener) -> None:
    page = opened("/errors")
    row = page.locator("#panel-error-types button.bar-row").first
    error, tool = row.inner_text().split(" · ")
    row.focus()
    row.click(button="right")
    links = page.locator("#pick-menu a")
    assert links.all_inner_texts() == [
        f"Open the page of the error {error}",
        f"Open the page of the tool {tool}",
    ]
    links.last.click()
    wait_until_drawn(page)
    assert urlsplit(page.url).path == f"/things/tool/{tool}"


def test_the_page_obeys_filters_and_a_thing_of_the_same_kind_leads_to_its_own_page(opened: Opener, url: str) -> None:
    page = opened("/things/tool/query?provider=anthropic&range=7d")
    [[calls]] = asked(url, "tool:is:query", measure="events", event="tool_executed", provider="anthropic", range="7d")
    assert tile(page, "calls") == calls
    assert page.locator("#chips li:visible").count() == 0, "the thing is no filter that could be removed"
    before = ready_count(page)
    page.locator("#panel-failures-by-mcp_client button.bar-row", has_text="claude-code").click()
    wait_until_drawn(page, before + 1)
    assert urlsplit(page.url).path == "/things/tool/query"
    assert "mcp_client=claude-code" in page.url
    page.locator("#panel-called-next button.bar-row", has_text="recommend").click()
    page.wait_for_url("**/things/tool/recommend?*")
    wait_until_drawn(page)
    assert "mcp_client=claude-code" in page.url


def test_the_charts_of_sequences_are_about_the_tool_alone(opened: Opener, url: str) -> None:
    page = opened("/things/tool/query")
    rows = fetch(url, "/api/charts/tool-sequences", where="tool:is:query")["rows"]
    following = {row[1]: row[2] for row in rows if row[0] == "query"}
    shown = shown_table(page.locator("#panel-called-next"))
    assert {row[1]: int(row[2]) for row in shown} == following
    pairs = fetch(url, "/api/charts/tool-pairs", where="tool:is:query")["rows"]
    together = {row[1] if row[0] == "query" else row[0]: row[2] for row in pairs if "query" in row[:2]}
    assert {row[1]: int(row[2]) for row in shown_table(page.locator("#panel-used-together"))} == together
    # Older calls are not read, and hidden events are not why nothing is shown.
    page = opened("/things/mcp_client/claude-code?k8s_version=9.9&range=90d")
    expect(page.locator("#panel-sequences")).to_contain_text("No call of the last 32 days of the range has another one")


@pytest.mark.parametrize("width", [390, 1440])
def test_an_unknown_thing_is_said_to_be_unknown(opened: Opener, width: int) -> None:
    page = opened("/things/mcp_client/no%2Fsuch%20client", width=width)
    assert answer(page) == "No event names the client no/such client."
    expect(page.locator("#unknown-thing")).to_contain_text("No such client")
    expect(page.locator("#panel-main")).to_be_hidden()
    assert page.locator("#thing section:visible").count() == 0
    assert axe_violations(page) == []
    assert cut_off(page) == []
    page.locator("#unknown-thing a").click()
    wait_until_drawn(page)
    assert urlsplit(page.url).path == "/clients"


@pytest.mark.parametrize("path", ["/things/colour/red", "/things/tool/", "/things/tool", f"/things/tool/{'x' * 300}"])
def test_what_can_be_no_thing_is_not_found(chromium: Any, url: str, path: str) -> None:
    page = chromium.new_page()
    response = page.goto(f"{url}{path}")
    assert response.status == 404
    page.context.close()


@pytest.fixture
def below(tmp_path: Path) -> Iterator[CollectorProcess]:
    """A collector below a base path, with one call of a tool whose name needs an escape."""
    with start_collector(tmp_path / "data", segment_seconds=0.1, base_path="/stats") as collector:
        yield collector


def go_to(page: Page, link: str) -> None:
    page.locator(link).first.click()
    wait_until_drawn(page)


def test_links_to_things_are_below_the_base_path_and_escape_names(opened: Opener, below: CollectorProcess) -> None:
    tool = "files/read.v2"
    send(below.url, [call(tool)])
    page = opened("/stats/tools", origin=below.url)
    expect(page.locator("#panel-tool-usage .name")).to_have_text(tool, timeout=SOON_MS)
    go_to(page, "#panel-tool-usage a.open")
    assert urlsplit(page.url).path == f"/stats/things/tool/{quote(tool, safe='')}"
    assert page.locator("h1 code").inner_text() == tool
    assert tile(page, "calls") == 1


def test_short_lists_stand_beside_short_ones(opened: Opener) -> None:
    page = opened("/things/error_type/AIProviderError")
    titles = page.locator("#thing .things").first.locator("h3").all_inner_texts()
    assert titles[:2] == ["By tool", "By transport"]
    page = opened("/things/tool/query")
    titles = page.locator("#thing .things").first.locator("h3").all_inner_texts()
    assert titles[-3:] == ["By transport", "By error class", "By deployment"]
    methods = page.locator("#panel-instances-by-deployment_method tbody tr")
    assert 0 < methods.count() <= 5, "the transports beside them are four at most"

"""A read-only link in the browser: made and copied in two clicks, and a page that shows one view."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboard.browser import READY_MS, PageWatch, axe_violations, cut_off, ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener, Windows
from tests.dashboard.reading import change, fetch, shown_table
from tests.dashboard.truths import assert_same

_LOOK = """([chart, by]) => {
  history.pushState(null, "", `?chart=${chart}&by=${by}`);
  dispatchEvent(new PopStateEvent("popstate"));
}"""


def made(url: str, page: str, query: str, password: str = "") -> str:
    fields = {"page": page, "query": query, "password": password}
    path: str = change("POST", f"{url}/api/links", fields)["path"]
    return path


def ways_out(page: Page) -> list[str]:
    """Visible links to anything that is not below the page's own address, and controls that choose something else."""
    own = urlsplit(page.url).path
    links = [each.get_attribute("href") or "" for each in page.locator("a[href]").locator("visible=true").all()]
    # A client's versions are in the answer that is shown; other rows are asked for when they are opened.
    others = page.locator(
        ".nav, .word, .chip, .arrow, button.expander:not([aria-label^='Versions of']), [data-do=explain], #week, "
        "#filters :is(select, [data-range])"
    )
    return [href for href in links if href != "#content" and not href.startswith(own)] + [
        each.inner_text() for each in others.locator("visible=true").all()
    ]


def test_the_link_of_a_page_shows_its_view_and_no_way_out_of_it(opened: Opener, url: str) -> None:
    conditions = {"range": "90d", "provider": "anthropic", "where": "tool:is_not:query"}
    before = opened("/tools?range=90d&provider=anthropic&where=tool:is_not:query")
    rows = shown_table(before.locator("#panel-tool-usage"))
    page = opened(made(url, "tools", "range=90d&provider=anthropic&where=tool:is_not:query&tables=tool-usage"))
    assert shown_table(page.locator("#panel-tool-usage")) == rows
    assert_same(rows, fetch(url, "/api/charts/tool-usage", **conditions)["rows"])
    head = page.locator("#print-head")
    expect(page.locator("#panel-tool-usage .unit")).to_have_text("calls and active instances by tool")
    expect(head).to_contain_text("dot-ai · ")
    expect(head).to_contain_text("tool is not query")
    expect(head).to_contain_text("provider: anthropic")
    expect(page.locator("#filters")).to_contain_text(re.compile(r"Read-only link, until \d+ [A-Z][a-z]+ 20\d\d"))
    assert ways_out(page) == []
    for key in ("[", "c", "x", "d"):
        page.keyboard.press(key)
    page.locator("#panel-tool-errors .name").first.click()
    assert urlsplit(page.url).query == "tables=tool-usage"
    assert shown_table(page.locator("#panel-tool-usage")) == rows


@pytest.mark.parametrize(
    "name", ["clients", "next", "events", "health", "things/tool/query", "things/error_type/TimeoutError"]
)
def test_the_panels_of_a_page_ask_for_nothing_that_is_refused(opened: Opener, url: str, name: str) -> None:
    """The watch of the page fails at the first answer that is refused."""
    page = opened(made(url, name, "range=7d"))
    assert ways_out(page) == []
    assert page.locator("[data-view=error]").count() == 0
    for folded in page.locator("details.event:not([open]) > summary").all()[:1]:
        folded.click()
        expect(page.locator("details.event[open]").last.locator("[data-view]").first).to_be_visible(timeout=READY_MS)


def test_a_link_keeps_compare(opened: Opener, url: str) -> None:
    before = opened("/tools?range=7d&compare=1")
    deltas = before.locator("#panel-tool-usage .delta").all_inner_texts()
    assert deltas
    page = opened(made(url, "tools", "range=7d&compare=1"))
    expect(page.locator("#compared")).to_have_text(before.locator("#compared").inner_text())
    assert page.locator("#panel-tool-usage .delta").all_inner_texts() == deltas


def test_a_link_keeps_what_differs_and_a_comparison(opened: Opener, url: str) -> None:
    query = "range=30d&explain=error_rate&a=mcp_client:is:cursor&b=mcp_client:is_not:cursor"
    before = opened(f"/errors?{query}")
    kept = [before.locator(f"#{each} {part}") for each, part in (("explain", ".answer"), ("comparison", "tbody"))]
    words = [before.locator("#explain .unit").first.inner_text(), *(each.inner_text() for each in kept)]
    before.close()
    page = opened(made(url, "errors", query))
    shown = [page.locator(f"#{each} {part}") for each, part in (("explain", ".answer"), ("comparison", "tbody"))]
    assert [page.locator("#explain .unit").first.inner_text(), *(each.inner_text() for each in shown)] == words
    assert words[0] == "error rate of cursor against all others"
    assert page.locator("#explain, #comparison").locator("button, select").count() == 0
    assert ways_out(page) == []


@pytest.mark.parametrize("width", [390, 1440])
def test_what_a_link_shows_is_accessible_and_nothing_is_cut(
    opened: Opener, chromium: Browser, url: str, width: int
) -> None:
    page = opened(made(url, "errors", "range=90d"), width=width)
    assert (axe_violations(page), cut_off(page)) == ([], [])
    form = chromium.new_page(viewport={"width": width, "height": 700})
    form.goto(url + made(url, "errors", "range=90d", password="correct horse"))
    expect(form.locator("input[type=password]")).to_be_focused()
    assert (axe_violations(form), cut_off(form)) == ([], [])
    form.keyboard.type("correct horse")
    form.keyboard.press("Enter")
    wait_until_drawn(form)
    expect(form.locator("#print-head")).to_contain_text("dot-ai · ")
    form.close()


def test_the_looks_of_the_main_chart_are_within_the_link(opened: Opener, url: str) -> None:
    page = opened(made(url, "overview", "range=7d"))
    for chart, by in (("error_rate", "tool"), ("instances", "mcp_client"), ("median", "product_version")):
        before = ready_count(page)
        page.evaluate(_LOOK, [chart, by])
        wait_until_drawn(page, before + 1)
        expect(page.locator("#panel-main [data-view=chart]")).to_be_visible()
    expect(page.locator("#week")).to_have_count(0)


def test_a_view_is_shared_in_two_clicks(chromium: Browser, url: str) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    page = context.new_page()
    watch = PageWatch(url)
    watch.attach(page)
    page.goto(f"{url}/tools?range=7d&tool=query&tables=tool-usage")
    wait_until_drawn(page)
    page.locator("[data-do=saved]").click()
    page.get_by_role("button", name="Copy a link").click()
    shown = page.locator("#saved-menu .shared input")
    expect(shown).to_be_focused()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == shown.input_value()
    page.goto(link)
    wait_until_drawn(page)
    assert urlsplit(page.url).path.startswith("/shared/ffl_")
    assert {row[0] for row in shown_table(page.locator("#panel-tool-usage"))} == {"query"}
    expect(page.locator("#panel-tool-usage table.data")).to_be_visible()
    assert watch.complaints == []
    assert watch.foreign_requests == []
    context.close()


def test_links_and_actions_fit_a_phone(windows: Windows, url: str) -> None:
    made(url, "overview", "range=7d&where=tool:is_not:query,recommend,remediate&where=mcp_client:is:claude-code")
    page = windows.context(390, "dark").new_page()
    page.goto(f"{url}/access")
    revoke = page.locator("[name=revoke_link]").first
    box = revoke.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] < 390
    assert page.evaluate("document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth")
    assert (axe_violations(page), cut_off(page)) == ([], [])
    page.close()

"""Saved segments and views in the page: saved, found again, applied, compared and deleted, by the keyboard alone."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser import cut_off, ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.reading import change, fetch, shown_table
from tests.dashboard.truths import assert_same


def names(url: str) -> list[str]:
    return [each["name"] for each in fetch(url, "/api/segments")["segments"]]


@pytest.fixture
def saved(url: str) -> Iterator[str]:
    """The collector's address; the segments `claude` and `others`, and whatever a test saves, are gone afterwards."""
    for name, where in (("claude", "mcp_client:is:claude-code"), ("others", "mcp_client:is_not:claude-code")):
        change("POST", f"{url}/api/segments", {"name": name, "where": [where]})
    yield url
    for name in names(url):
        change("DELETE", f"{url}/api/segments?name={name.replace(' ', '%20')}")


def parameters(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def open_menu(page: Page) -> None:
    page.locator("[data-do=saved]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#saved-menu")).to_be_visible()
    # The focus moves into it once the list is there.
    expect(page.locator("#saved-menu :focus")).to_have_count(1)


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with this accessible name has the focus."""
    for _ in range(40):
        focused = page.locator("#saved-menu :focus")
        if focused.count() and (focused.get_attribute("aria-label") or focused.inner_text()).startswith(name):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {name}")


def pressed(page: Page, before: int) -> None:
    wait_until_drawn(page, before + 1)


def test_a_view_is_saved_reloaded_applied_and_deleted_by_the_keyboard(opened: Opener, url: str) -> None:
    page = opened("/tools?range=90d&version=1.11.0&where=tool:is_not:query&tables=tool-usage")
    rows = shown_table(page.locator("#panel-tool-usage"))
    open_menu(page)
    expect(page.locator("#saved-menu [name=name]")).to_be_focused()
    page.keyboard.type("No queries")
    page.keyboard.press("Enter")
    expect(page.locator("#saved-menu")).to_be_hidden()
    expect(page.locator("[data-do=saved]")).to_be_focused()
    expect(page.locator("[data-do=saved] .text")).to_have_text("No queries")
    [stored] = fetch(url, "/api/segments")["segments"]
    assert sorted(stored["where"]) == ["product_version:is:1.11.0", "tool:is_not:query"]
    assert (stored["page"], stored["view"]) == ("tools", {"range": "90d", "tables": "tool-usage"})
    other = opened("/errors")
    open_menu(other)
    tab_to(other, "No queries")
    other.keyboard.press("Enter")
    other.wait_for_url("**/tools?**")
    wait_until_drawn(other)
    assert parameters(other) == parameters(page), "the conditions are written out, so that a link stays as it is"
    assert shown_table(other.locator("#panel-tool-usage")) == rows
    assert_same(rows, fetch(url, "/api/charts/tool-usage", range="90d", segment="No queries")["rows"])
    open_menu(other)
    tab_to(other, "Delete No queries")
    other.keyboard.press("Enter")
    expect(other.locator("#saved-menu")).to_contain_text("None yet.")
    assert names(url) == []
    other.keyboard.press("Escape")
    expect(other.locator("[data-do=saved]")).to_be_focused()
    again = opened(page.url.removeprefix(url))
    assert shown_table(again.locator("#panel-tool-usage")) == rows, "the link outlives the saved view"


def test_a_segment_filters_the_page_and_a_link_by_its_name_follows_it(opened: Opener, saved: str) -> None:
    page = opened("/clients?range=90d")
    open_menu(page)
    before = ready_count(page)
    page.locator("#saved-menu").get_by_role("button", name="claude filters only").press("Enter")
    pressed(page, before)
    assert parameters(page) == {"range": ["90d"], "mcp_client": ["claude-code"]}
    expect(page.locator("[data-do=saved] .text")).to_have_text("claude")
    following = opened("/clients?segment=others")
    clients = "#panel-mcp-clients .name"
    assert not any("claude-code" in name for name in following.locator(clients).all_inner_texts())
    expect(following.locator("#chips")).to_contain_text("saved segment: others")
    body = {"name": "others", "where": ["mcp_client:is:claude-code"], "replace": True}
    change("POST", f"{saved}/api/segments", body)
    following.reload()
    wait_until_drawn(following)
    assert all("claude-code" in name for name in following.locator(clients).all_inner_texts())
    before = ready_count(following)
    following.locator("#chips .cross").first.press("Enter")
    pressed(following, before)
    assert parameters(following) == {}


def test_an_unknown_name_in_the_address_says_which_there_are(opened: Opener, saved: str) -> None:
    page = opened("/data-health", tolerant=True)
    page.goto(f"{saved}/tools?segment=nobody")
    expect(page.locator("#answer")).to_contain_text(
        "There is no saved segment of this name; dot-ai has claude, others."
    )


def test_two_saved_segments_are_compared(opened: Opener, saved: str) -> None:
    page = opened("/tools?range=90d&provider=anthropic")
    open_menu(page)
    before = ready_count(page)
    page.get_by_role("button", name="Compare", exact=True).last.press("Enter")
    pressed(page, before)
    assert parameters(page) == {"range": ["90d"], "a": ["claude"], "b": ["others"]}
    told = fetch(saved, "/api/compare", range="90d", a="claude", b="others")
    calls = next(each for each in told["measures"] if each["name"] == "calls")
    row = page.locator("#comparison tbody tr", has_text="Calls").first
    assert [cell.get_attribute("data-value") for cell in row.locator("td[data-value]").all()] == [
        str(int(calls["a"])),
        str(int(calls["b"])),
    ]
    before = ready_count(page)
    page.get_by_role("button", name="Close the comparison").press("Enter")
    pressed(page, before)
    expect(page.locator("#comparison")).to_be_hidden()


@pytest.mark.parametrize("path", ["/", "/next", "/events", "/data-health"])
def test_the_menu_is_on_every_page_and_fits_a_phone(opened: Opener, saved: str, path: str) -> None:
    page = opened(path, width=390)
    if path != "/data-health":
        page.locator("[data-do=fold]").click()
    open_menu(page)
    box = page.locator("#saved-menu").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    expect(page.locator("#saved-menu .open").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#saved-menu .open").last).to_be_focused()


def test_a_name_that_is_taken_is_replaced_only_on_a_second_word(opened: Opener, saved: str) -> None:
    page = opened("/tools?tool=query")
    open_menu(page)
    page.locator("#saved-menu [name=name]").fill("claude")
    page.keyboard.press("Enter")
    expect(page.locator("#saved-menu .problem")).to_have_text("There is a claude already.")
    assert fetch(saved, "/api/segments")["segments"][0]["where"] == ["mcp_client:is:claude-code"]
    page.get_by_role("button", name="Replace claude").press("Enter")
    expect(page.locator("#saved-menu")).to_be_hidden()
    assert fetch(saved, "/api/segments")["segments"][0]["where"] == ["tool:is:query"]


@pytest.mark.parametrize(
    ("other", "b", "heading"),
    [
        ("all others", "tool:is_not:query", "query against all others"),
        ("recommend", "tool:is:recommend", "query against recommend"),
    ],
)
def test_any_row_is_compared_with_another_or_with_all_others(
    opened: Opener, url: str, other: str, b: str, heading: str
) -> None:
    page = opened("/tools?tool=query")
    page.locator("#panel-tool-usage button.bar-row").first.click(button="right")
    before = ready_count(page)
    page.get_by_label("Compare query with").select_option(other)
    wait_until_drawn(page, before + 1)
    query = parse_qs(urlsplit(page.url).query)
    assert query == {"a": ["tool:is:query"], "b": [b]}, "a filter on the tool would restrict both sides"
    expect(page.locator("#title-comparison")).to_have_text(heading)
    measured = fetch(url, "/api/compare", a="tool:is:query", b=b)["measures"][0]
    shown = page.locator("#comparison tbody tr").first.locator("td[data-value]").all()
    assert [float(cell.get_attribute("data-value") or 0) for cell in shown] == [measured["a"], measured["b"]]
    page.set_viewport_size({"width": 360, "height": 800})
    assert cut_off(page) == []
    table = page.locator("#comparison .scroll")
    assert table.evaluate("node => node.scrollWidth - node.clientWidth") <= 0, "the interval is in sight"

"""From a spike to its cause: zoom, what differs, words of the answer, and the charts of every property of events."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.dashboard.browser import ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.reading import fetch


def test_a_drag_zooms_to_its_days_and_a_click_on_a_word_filters(opened: Opener) -> None:
    page = opened("/errors")
    canvas = page.locator("#panel-error-rate .canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    before, y = ready_count(page), box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, y, steps=3)
    page.mouse.up()
    wait_until_drawn(page, before + 1)
    query = {name: value for name, [value] in parse_qs(urlsplit(page.url).query).items()}
    assert query["range"] == "custom"
    assert query["start"] < query["end"]
    before = ready_count(page)
    word = page.locator("#answer .word").first
    text = word.inner_text()
    word.click()
    wait_until_drawn(page, before + 1)
    assert text in parse_qs(urlsplit(page.url).query)["error_type"]


def test_what_differs_has_the_findings_of_the_api(opened: Opener, url: str) -> None:
    page = opened("/errors?range=7d")
    before = ready_count(page)
    page.get_by_role("button", name="What differs here?").click()
    wait_until_drawn(page, before + 1)
    found = fetch(url, "/api/explain", range="7d")
    expect(page.locator("#explain .findings li")).to_have_count(len(found["findings"]) + len(found["error_classes"]))
    expect(page.locator("#explain .answer")).to_contain_text(found["answer"].split("**")[-1].split("`")[0].strip())
    before = ready_count(page)
    page.get_by_label("Explain").select_option("median")
    wait_until_drawn(page, before + 1)
    found = fetch(url, "/api/explain", range="7d", measure="median")
    assert parse_qs(urlsplit(page.url).query)["explain"] == ["median"]
    expect(page.locator("#explain .unit").first).to_contain_text("median duration of this range")
    expect(page.locator("#explain .answer")).to_contain_text(found["answer"].split("**")[-1].split("`")[0].strip())
    expect(page.locator("#explain .findings li")).to_have_count(len(found["findings"]))


def test_every_property_of_every_event_has_its_chart(opened: Opener, url: str) -> None:
    page = opened("/events")
    questions = fetch(url, "/api/charts")["questions"]
    expect(page.locator("#events [data-panel]")).to_have_count(len(questions))
    page.locator("#events details.event > summary").last.click()
    expect(page.locator("#panel-client_connected-transport-bars .name", has_text="stdio")).to_be_visible()

"""From a spike to its cause: zoom, what differs, words of the answer, and the charts of every property of events."""

from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import expect

from footfall_collector.show.explain import EXPLAINED_MEASURES
from tests.dashboard.browser import ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.reading import fetch, shown_table, with_days


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


def test_a_day_of_the_error_rate_has_its_hours_and_an_hour_its_minutes(opened: Opener, url: str) -> None:
    query = {"measure": "rate", "event": "tool_executed"}
    day = fetch(url, "/api/ask", range="7d", step="day", **query)["rows"][1][0]
    for step, period in (
        ("hour", {"start": day, "end": day}),
        ("minute", {"start": f"{day}T10:00:00Z", "end": f"{day}T12:00:00Z"}),
    ):
        rows = fetch(url, "/api/ask", step=step, **period, **query)["rows"]
        page = opened(f"/errors?{urlencode({'range': 'custom', **period})}")
        expect(page.locator("#panel-error-rate .unit")).to_have_text(f"share of each {step}'s calls that failed, UTC")
        assert [row[0] for row in shown_table(page.locator("#panel-error-rate"))] == [row[0] for row in rows]


def end_of(answer: str) -> str:
    """What follows the last number of a sentence, up to the next value, as the page shows it."""
    return with_days(answer.rsplit("**", maxsplit=1)[-1].split("`", maxsplit=1)[0].strip())


def test_what_differs_has_the_findings_of_the_api(opened: Opener, url: str) -> None:
    page = opened("/errors?range=7d")
    before = ready_count(page)
    page.get_by_role("button", name="What differs here?").click()
    wait_until_drawn(page, before + 1)
    found = fetch(url, "/api/explain", range="7d")
    expect(page.locator("#explain .findings li")).to_have_count(len(found["findings"]) + len(found["error_classes"]))
    expect(page.locator("#explain .answer")).to_contain_text(end_of(found["answer"]))
    offered = page.get_by_label("Explain").locator("option")
    assert [option.get_attribute("value") for option in offered.all()] == list(EXPLAINED_MEASURES)
    for measure, title in (("p99", "99th percentile of durations"), ("calls", "number of calls")):
        before = ready_count(page)
        page.get_by_label("Explain").select_option(measure)
        wait_until_drawn(page, before + 1)
        found = fetch(url, "/api/explain", range="7d", measure=measure)
        assert parse_qs(urlsplit(page.url).query)["explain"] == [measure]
        expect(page.locator("#explain .unit").first).to_contain_text(f"{title} of this range")
        expect(page.locator("#explain .answer")).to_contain_text(end_of(found["answer"]))
        expect(page.locator("#explain .findings li")).to_have_count(len(found["findings"]))


def test_every_property_of_every_event_has_its_chart(opened: Opener, url: str) -> None:
    page = opened("/events")
    questions = fetch(url, "/api/charts")["questions"]
    expect(page.locator("#events [data-panel]")).to_have_count(len(questions))
    page.locator("#events details.event > summary").last.click()
    expect(page.locator("#panel-client_connected-transport-bars .name", has_text="stdio")).to_be_visible()

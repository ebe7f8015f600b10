"""The time range and the keyboard: arrows, days that apply once, shortcuts, the theme, and a day that is not over."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.dashboard.browser import axe_violations, ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.reading import fetch
from tests.oracle.fleet import Fleet


def parameters(page: Page) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(page.url).query).items()}


def press_key(page: Page, key: str) -> None:
    before = ready_count(page)
    page.keyboard.press(key)
    wait_until_drawn(page, before + 1)


def test_arrows_move_by_a_period_and_back(opened: Opener, url: str) -> None:
    page = opened("/?range=7d")
    period = fetch(url, "/api/pages/overview", range="7d")["period"]
    later = page.get_by_role("button", name="Later period")
    expect(later).to_be_disabled()
    before = ready_count(page)
    page.get_by_role("button", name="Earlier period").click()
    wait_until_drawn(page, before + 1)
    query = parameters(page)
    moved = fetch(url, "/api/pages/overview", **query)["period"]
    assert (moved["start"], moved["end"]) == (period["before_start"], period["before_end"])
    expect(later).to_be_enabled()
    press_key(page, "]")
    assert parameters(page) == {"range": "7d"}
    press_key(page, "d")
    press_key(page, "[")
    assert parameters(page)["end"].endswith("Z"), "hours, not days"


def test_days_are_applied_once(opened: Opener) -> None:
    page = opened("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/pages/" in request.url else None)
    page.locator("#filters [data-range=custom]").click()
    page.locator("#filters [name=start]").fill("2026-01-05")
    page.locator("#filters [name=end]").fill("2026-01-09")
    assert (asked, parameters(page)) == ([], {})
    before = ready_count(page)
    page.get_by_role("button", name="Apply").click()
    wait_until_drawn(page, before + 1)
    assert len([address for address in asked if "2026-01-05" in address]) == 1
    assert parameters(page) == {"range": "custom", "start": "2026-01-05", "end": "2026-01-09"}


def test_a_sheet_has_the_shortcuts_and_switches_them_off(chromium: Browser, url: str) -> None:
    page = chromium.new_page()
    page.goto(url)
    wait_until_drawn(page)
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    assert axe_violations(page) == []
    assert page.evaluate("document.activeElement.innerText") == "Close"
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    press_key(page, "w")
    assert parameters(page) == {"range": "7d"}
    press_key(page, "c")
    assert parameters(page)["compare"] == "1"
    page.keyboard.press("3")
    page.wait_for_url("**/errors?**")
    wait_until_drawn(page)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Single keys are shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    assert urlsplit(page.url).path == "/errors"
    page.context.close()


def test_a_key_right_after_the_sheet_closes_is_a_shortcut(opened: Opener) -> None:
    page = opened("/")
    page.keyboard.press("?")
    before = ready_count(page)
    # In one task: the hidden button of the sheet has the focus until the next frame.
    page.evaluate(
        """() => {
            document.querySelector(".sheet").hidePopover();
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "w", bubbles: true }));
        }"""
    )
    wait_until_drawn(page, before + 1)
    assert parameters(page) == {"range": "7d"}


def test_the_focus_stays_where_a_key_was_pressed(opened: Opener) -> None:
    page = opened("/?range=7d&tool=query")
    page.locator("#chips .text:visible").focus()
    press_key(page, "x")
    expect(page.locator("[data-do=explain]")).to_be_focused()
    custom = page.locator("#filters [data-range=custom]")
    custom.press("Enter")
    expect(page.locator("#filters [name=start]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#filters .custom-range")).to_be_hidden()
    expect(custom).to_be_focused()
    chart = page.locator("#panel-main .canvas")
    chart.press("ArrowRight")
    press_key(page, "Enter")
    assert parameters(page)["range"] == "custom", "one day, whose chart is by hours"
    expect(chart).to_be_focused()


def test_menus_end_within_the_window(opened: Opener) -> None:
    page = opened("/tools?tool=query", width=390)
    page.set_viewport_size({"width": 390, "height": 500})
    page.locator("#chips .text:visible").click()
    expect(page.locator(".editor [name=value]").nth(3)).to_be_attached()
    box = page.locator(".editor").bounding_box()
    assert box
    assert box["y"] + box["height"] <= 500
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 768, "height": 900})
    page.locator("[data-do=saved]").click()
    expect(page.locator("#saved-menu form").last).to_be_visible()
    box = page.locator("#saved-menu").bounding_box()
    assert box
    assert box["x"] + box["width"] <= page.evaluate("document.body.clientWidth"), "beside the scroll bar"


def test_the_theme_can_follow_the_system_again(chromium: Browser, url: str) -> None:
    page = chromium.new_page(color_scheme="light")
    page.goto(f"{url}/data-health")
    wait_until_drawn(page)
    button = page.locator("[data-do=theme]")
    shown = []
    for _ in range(3):
        button.click()
        shown.append((button.get_attribute("title"), page.evaluate("document.documentElement.dataset.theme")))
    assert shown == [
        ("Theme: dark. Change it.", "dark"),
        ("Theme: light. Change it.", "light"),
        ("Theme: automatic. Change it.", "light"),
    ]
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    page.context.close()


_DASHES = """() => echarts.getInstanceByDom(document.querySelector("#panel-active-instances .canvas"))
  .getOption().series.filter((line) => !line.name)
  .map((line) => [line.lineStyle.type, line.data.filter((value) => value !== null).length])"""


def test_a_day_that_is_not_over_is_dashed(opened: Opener, fleet: Fleet) -> None:
    page = opened("/next")
    assert page.evaluate(_DASHES) == [[[4, 4], 2]] * 2
    start, end = (datetime.fromtimestamp(fleet.end, UTC).date() - timedelta(days=days) for days in (20, 10))
    page = opened(f"/next?range=custom&start={start}&end={end}")
    assert page.evaluate(_DASHES) == []


def test_paper_says_what_it_is_of(opened: Opener) -> None:
    page = opened("/errors?provider=anthropic&range=7d")
    page.emulate_media(media="print")
    expect(page.locator("#print-head")).to_be_visible()
    text = page.locator("#print-head").inner_text()
    assert text.startswith("dot-ai · ")
    assert text.endswith(" (UTC) · provider: anthropic")
    last = datetime.now(UTC).date()
    first = last - timedelta(days=6)
    assert text.count(str(last.year)) == 1, "of a range within a year, the year is said once"
    assert text.count(f"{last:%b}"[:3]) == 1, "the month of its end is said once"
    assert str(first.day) in text
    assert page.locator(".bar").is_hidden()

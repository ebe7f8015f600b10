"""A cell of the retention leads to its week, by a click and by the keyboard, and says what that shows."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.dashboard.browser import wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.reading import fetch, tile


def test_a_cell_leads_to_the_active_instances_of_its_week_with_the_arrow_keys(opened: Opener, url: str) -> None:
    page = opened("/next?range=90d&provider=anthropic")
    cells = page.locator(".heat tbody a")
    assert cells.count() > 5
    expect(page.locator(".heat tbody a[tabindex='0']")).to_have_count(1)
    first = cells.first
    first.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    focused = page.locator(".heat a:focus")
    assert focused.evaluate("node => node.closest('td').cellIndex") == 3
    cohort = min(row[0] for row in fetch(url, "/api/charts/retention", range="90d", provider="anthropic")["rows"])
    begin = datetime.fromisoformat(cohort).replace(tzinfo=UTC) + timedelta(days=7)
    week = {"start": f"{begin:%Y-%m-%d}", "end": f"{begin + timedelta(days=6):%Y-%m-%d}"}
    expect(page.locator(".floating")).to_contain_text("no filter selects them by the week they were first seen")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?*")
    wait_until_drawn(page)
    address = urlsplit(page.url)
    shown = {name: value for name, [value] in parse_qs(address.query).items()}
    assert shown == {"provider": "anthropic", "range": "custom", "chart": "instances", **week}
    tiles = {each["id"]: each for each in fetch(url, "/api/pages/overview", provider="anthropic", **week)["tiles"]}
    assert tile(page, "instances") == tiles["instances"]["value"] > 0
    expect(page.locator("#panel-main h2")).to_have_text("Active instances")


def test_a_phone_reaches_the_cells_of_many_weeks_with_the_tab_key(opened: Opener) -> None:
    page = opened("/next?range=90d", width=390)
    stop = page.locator(".heat.dense tbody a[tabindex='0']")
    expect(stop).to_be_visible()
    stop.focus()
    page.keyboard.press("ArrowLeft")
    expect(stop).to_be_focused()

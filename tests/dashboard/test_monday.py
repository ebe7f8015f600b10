"""The questions of a Monday morning are answered by clicks alone, each within the number that the list gives."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.dashboard.browser import ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.reading import fetch

SOON_MS = 15_000


class Clicks:
    """Counts what a reader does on a page, which begins as the overview."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def on(self, target: Locator) -> None:
        """Click, and wait until the page answered."""
        self.count += 1
        page, before = self.page, (urlsplit(self.page.url).path, ready_count(self.page))
        target.click()
        page.wait_for_load_state("load")
        moved = urlsplit(page.url).path != before[0]
        wait_until_drawn(page, 1 if moved else before[1] + 1)

    def press(self, target: Locator) -> None:
        """Click on what leaves the charts as they are."""
        self.count += 1
        target.click()

    def go(self, name: str) -> None:
        self.on(self.page.get_by_role("link", name=name, exact=True))


def did_a_release_break_something(clicks: Clicks) -> None:
    clicks.go("Releases and retention")
    verdicts = clicks.page.locator("#releases tbody tr .tag")
    expect(verdicts.first).to_have_text(re.compile("more errors|fewer errors|no clear change|too few calls"))
    expect(clicks.page.locator("#releases .flags")).to_contain_text(re.compile("regression|No tool got worse"))


def which_client_drives_errors(clicks: Clicks) -> None:
    clicks.go("Providers and clients")
    origin = clicks.page.evaluate("location.origin")
    rows = fetch(origin, "/api/ask", event="tool_executed", measure="rate", by="mcp_client")["rows"]
    worst = max((row for row in rows if row[0]), key=lambda row: row[1])
    name = "unlisted clients" if worst[0] == "other" else worst[0]
    expect(clicks.page.locator("#panel-client-errors .name").first).to_have_text(name)


def from_a_spike_to_its_cause(clicks: Clicks) -> None:
    clicks.on(clicks.page.locator("[data-tile=error_rate] .choose"))
    clicks.on(clicks.page.get_by_role("button", name="What differs here?"))
    expect(clicks.page.locator("#explain .answer")).to_contain_text("failed")


def what_an_error_class_is_about(clicks: Clicks) -> None:
    clicks.on(clicks.page.locator("#panel-error-types a.open").first)
    for by in ("tool", "product_version", "mcp_client", "ai_provider"):
        expect(clicks.page.locator(f"#panel-errors-by-{by} .name").first).to_be_visible(timeout=SOON_MS)


def two_versions_compared(clicks: Clicks) -> None:
    clicks.go("Releases and retention")
    clicks.on(clicks.page.locator("#releases tbody button", has_text=re.compile("^vs ")).first)
    expect(clicks.page.locator("#explain .panel-head .unit")).to_contain_text("against")
    assert "against" in parse_qs(urlsplit(clicks.page.url).query)


def share_a_view(clicks: Clicks) -> None:
    clicks.press(clicks.page.locator("[data-do=saved]"))
    clicks.press(clicks.page.get_by_role("button", name="Copy a link"))
    expect(clicks.page.locator("#saved-menu .shared input")).to_have_value(re.compile(r"/shared/ffl_[\w-]{43}$"))


MOST_CLICKS: dict[Callable[[Clicks], None], int] = {
    did_a_release_break_something: 1,
    which_client_drives_errors: 1,
    from_a_spike_to_its_cause: 2,
    what_an_error_class_is_about: 2,
    two_versions_compared: 2,
    share_a_view: 2,
}


@pytest.mark.parametrize("question", MOST_CLICKS, ids=lambda question: question.__name__)
def test_a_question_is_answered_within_its_clicks(opened: Opener, question: Callable[[Clicks], None]) -> None:
    clicks = Clicks(opened("/"))
    question(clicks)
    assert 0 < clicks.count <= MOST_CLICKS[question]

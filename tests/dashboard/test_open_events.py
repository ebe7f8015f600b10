"""Which events of the page Events are open is part of its address: Back closes them again, and a link opens them."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser import ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.reading import change

FIRST, OTHER = "tool_executed", "server_started"


def open_events(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        "#events details.event", "nodes => nodes.filter(node => node.open).map(node => node.dataset.event)"
    )
    return found


def in_address(page: Page) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get("open", [])


def turn(page: Page, event: str, address: str) -> None:
    page.locator(f"#events [data-event={event}] > summary").click()
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("open", [""]) == [address])


def go_back(page: Page) -> None:
    before = ready_count(page)
    page.go_back()
    wait_until_drawn(page, before + 1)


def test_each_event_that_is_opened_or_folded_is_a_step_that_back_undoes(opened: Opener) -> None:
    page = opened("/events")
    assert (open_events(page), in_address(page)) == ([FIRST], []), "the first one needs no word"
    turn(page, OTHER, f"{FIRST},{OTHER}")
    turn(page, FIRST, OTHER)
    turn(page, OTHER, "-")
    assert open_events(page) == []
    for shown in ([OTHER], [FIRST, OTHER], [FIRST]):
        go_back(page)
        assert open_events(page) == shown
    assert in_address(page) == []
    page.locator(".nav [data-name=errors]").click()
    wait_until_drawn(page)
    assert in_address(page) == [], "no other page has it"


@pytest.mark.parametrize(("address", "shown"), [(OTHER, [OTHER]), ("-", []), ("no_such_event", [FIRST])])
def test_an_address_opens_its_events_and_adds_nothing_to_the_history(
    opened: Opener, address: str, shown: list[str]
) -> None:
    page = opened(f"/events?open={address}")
    assert (open_events(page), in_address(page)) == (shown, [address])
    assert page.evaluate("history.length") == 2
    for event in shown:
        expect(page.locator(f"#events [data-event={event}] .figure").first).to_be_visible()


def test_a_read_only_link_opens_the_events_of_its_address(opened: Opener, url: str) -> None:
    made = change("POST", f"{url}/api/links", {"page": "events", "query": f"open={OTHER}"})
    page = opened(f"{made['path']}?open={OTHER}")
    assert open_events(page) == [OTHER]
    assert page.locator("#events [data-view=error]").count() == 0

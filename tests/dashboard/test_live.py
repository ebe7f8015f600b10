"""The pages of a collector that is new, receives its first events, stops and starts again."""

import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from footfall_collector.receive import WriteKeys
from tests.dashboard.browser import PageWatch, axe_violations, cut_off, ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.feeding import send
from tests.dashboard.reading import ALL_PAGES, answer, shown_table
from tests.oracle.fleet import FleetEvent, stamp
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import steadily

SOON_MS = 15_000
PRODUCTS = "[products.dot-ai]\n[products.other-product]\n"


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[CollectorProcess]:
    """A collector without events."""
    with start_collector(tmp_path / "data", segment_seconds=0.1) as collector:
        yield collector


def call(tool: str = "query", product: str = "dot_ai", **common: object) -> FleetEvent:
    """A tool call at the current time."""
    properties = {"tool": tool, "success": True, "duration_ms": 120.0, "mcp_client": "claude-code"}
    wire = properties | {f"{product}_version": "2.3.0", "ai_provider": "anthropic", "is_internal": False} | common
    return FleetEvent(int(time.time()), "tool_executed", "cluster_00000000000000aa", str(uuid.uuid4()), {}, wire)


def test_a_new_collector_explains_on_every_page_how_to_send_events(opened: Opener, empty: CollectorProcess) -> None:
    for name, path in ALL_PAGES.items():
        page = opened(path, origin=empty.url)
        if name == "health":
            assert answer(page) == "No event has come in since this collector started."
        else:
            assert answer(page) == "No event has arrived yet."
            assert f"DOT_AI_POSTHOG_HOST={empty.url}" in page.locator("#empty-page").inner_text()
            assert all(grid.is_hidden() for grid in page.locator(".grid").all())
        page.close()


def test_the_first_event_appears_without_a_reload(opened: Opener, empty: CollectorProcess) -> None:
    page = opened("/tools", origin=empty.url)
    page.evaluate("globalThis.stillTheSamePage = true")
    send(empty.url, [call("query"), call("query"), call("version")])
    calls = page.locator("[data-tile=calls]")
    expect(calls).to_have_attribute("data-value", "3", timeout=SOON_MS)
    expect(page.locator("#empty-page")).to_be_hidden()
    expect(page.locator("#panel-tool-usage .name").first).to_have_text("query")
    send(empty.url, [call("operate")])
    expect(calls).to_have_attribute("data-value", "4", timeout=SOON_MS)
    assert page.evaluate("globalThis.stillTheSamePage")


def test_the_last_hour_is_counted_by_the_minute(opened: Opener, empty: CollectorProcess) -> None:
    now = int(time.time())
    send(empty.url, [replace(call(), at=now - ago) for ago in (0, 600, 601, 1800, 7200)])
    page = opened("/?range=1h", origin=empty.url)
    expect(page.locator("[data-tile=calls]")).to_have_attribute("data-value", "4", timeout=SOON_MS)
    counted = Counter(stamp((now - ago) // 60 * 60) for ago in (0, 600, 601, 1800))
    rows = [[minute, str(n)] for minute, n in sorted(counted.items())]
    assert shown_table(page.locator("#panel-main")) == rows
    assert page.locator("#panel-main .unit").inner_text() == "tool calls per minute, UTC"


def test_a_paused_page_does_not_change(opened: Opener, empty: CollectorProcess) -> None:
    send(empty.url, [call()])
    page = opened("/tools", origin=empty.url)
    calls = page.locator("[data-tile=calls]")
    expect(calls).to_have_attribute("data-value", "1", timeout=SOON_MS)
    page.locator("[data-do=pause]").click()
    expect(page.locator("#pulse")).to_contain_text("Paused")
    drawn = ready_count(page)
    send(empty.url, [call()])
    steadily(lambda: ready_count(page) == drawn, "the paused page not drawing", 3.0)
    page.locator("[data-do=pause]").click()
    expect(calls).to_have_attribute("data-value", "2", timeout=SOON_MS)


def test_a_page_of_only_internal_events_says_that_they_are_hidden(opened: Opener, empty: CollectorProcess) -> None:
    send(empty.url, [call(is_internal=True)])
    page = opened("/tools", origin=empty.url)
    expect(page.locator("#answer")).to_contain_text("Only 1 internal event", timeout=SOON_MS)
    panel = page.locator("#panel-tool-usage")
    expect(panel).to_contain_text("1 internal event (CI and tests) is hidden.", timeout=SOON_MS)
    panel.get_by_role("button", name="Include them").click()
    expect(page.locator("[data-tile=calls]")).to_have_attribute("data-value", "1", timeout=SOON_MS)


def test_filters_without_a_match_can_be_cleared(opened: Opener, empty: CollectorProcess) -> None:
    send(empty.url, [call()])
    page = opened("/tools", origin=empty.url)
    expect(page.locator("[data-tile=calls]")).to_have_attribute("data-value", "1", timeout=SOON_MS)
    page = opened("/tools?version=9.9.9", origin=empty.url)
    panel = page.locator("#panel-tool-usage")
    expect(panel).to_contain_text("No event matches these filters in this time range.")
    panel.get_by_role("button", name="Clear the filters").click()
    expect(panel.locator(".name")).to_have_text("query")
    assert "version" not in page.url
    page = opened("/tools?range=custom&start=2026-01-01&end=2026-01-03", origin=empty.url)
    expect(page.locator("#panel-tool-usage")).to_contain_text("No event was counted in this time range.")


def test_a_wrong_address_is_answered_with_a_sentence(chromium: Browser, url: str) -> None:
    page = chromium.new_page()
    page.goto(f"{url}/?range=yesterday")
    expect(page.locator("#answer")).to_contain_text("range must be 1h, 24h, 7d", timeout=SOON_MS)
    expect(page.locator("#panel-tool-usage")).to_contain_text("This chart could not be loaded")
    for path, place in (("next", "releases"), ("", "week"), ("errors", "explain"), ("errors", "comparison")):
        page.goto(f"{url}/{path}?range=yesterday&explain=1&a=tool:is:query&b=tool:is_not:query")
        expect(page.locator(f"#{place} [role=alert]")).to_contain_text("range must be 1h", timeout=SOON_MS)
    page.context.close()


def test_an_unknown_page_links_to_all_pages(chromium: Browser, url: str, artefacts: Path) -> None:
    page = chromium.new_page(viewport={"width": 390, "height": 900})
    response = page.goto(f"{url}/nope")
    assert response is not None
    assert response.status == 404
    page.screenshot(path=artefacts / "not-found-390.png")
    assert axe_violations(page) == []
    page.get_by_role("link", name="Errors").click()
    wait_until_drawn(page)
    assert urlsplit(page.url).path == "/errors"
    page.context.close()


LONG = "validate_the_whole_configuration_of_the_cluster_x"


def test_long_names_wrap_and_nothing_is_cut_on_a_phone(
    opened: Opener, empty: CollectorProcess, artefacts: Path
) -> None:
    failed = replace(
        call(LONG),
        event="tool_error",
        wire_properties={**call(LONG).wire_properties, "error_type": "UnsupportedVersionError"},
    )
    send(empty.url, [call(LONG), failed])
    for name, path in ALL_PAGES.items():
        page = opened(path, origin=empty.url, width=390)
        page.screenshot(path=artefacts / f"long-{name}-390.png", full_page=True)
        assert cut_off(page) == [], name


def test_the_page_shows_when_the_collector_stops_and_comes_back(opened: Opener, tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", segment_seconds=0.1) as collector:
        send(collector.url, [call()])
        page = opened("/tools", origin=collector.url, tolerant=True)
        expect(page.locator("[data-tile=calls]")).to_have_attribute("data-value", "1", timeout=SOON_MS)
        expect(page.locator("#panel-tool-usage")).to_contain_text("query", timeout=SOON_MS)
        port = collector.port
    expect(page.locator("#pulse")).to_contain_text("No answer, trying again", timeout=SOON_MS)
    page.locator("#filters [data-range='7d']").click()
    expect(page.locator("#panel-tool-usage")).to_contain_text("query")
    with start_collector(tmp_path / "data", segment_seconds=0.1, port=port) as again:
        expect(page.locator("#pulse")).to_contain_text("Live", timeout=SOON_MS)
        send(again.url, [call()])
        expect(page.locator("[data-tile=calls]")).to_have_attribute("data-value", "2", timeout=SOON_MS)


def test_a_chart_that_can_not_be_loaded_says_why_and_can_be_retried(opened: Opener, empty: CollectorProcess) -> None:
    send(empty.url, [call()])
    page = opened("/tools", origin=empty.url, tolerant=True)
    page.route(re.compile(r"/api/charts/tool-usage$"), lambda route: route.abort())
    page.reload()
    panel = page.locator("#panel-tool-usage")
    expect(panel).to_contain_text("This chart could not be loaded", timeout=SOON_MS)
    expect(panel).to_contain_text("Can't reach the collector. Retrying automatically.")
    page.unroute_all()
    panel.get_by_role("button", name="Try again").click()
    expect(panel.locator(".name")).to_have_text("query", timeout=SOON_MS)


def test_a_link_leads_through_the_sign_in_to_its_page(chromium: Browser, tmp_path: Path, artefacts: Path) -> None:
    secret = {"FOOTFALL_SIGN_IN_SECRET": "correct horse battery"}
    with start_collector(tmp_path / "data", secret, segment_seconds=0.1) as collector:
        send(collector.url, [call("query"), call("version")])
        page = chromium.new_page()
        watch = PageWatch(collector.url)
        watch.attach(page)
        page.goto(f"{collector.url}/tools?tool=query&tables=tool-usage")
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=artefacts / f"sign-in-{scheme}.png")
            assert axe_violations(page) == []
        page.get_by_label("Sign-in secret").fill("correct horse battery")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#panel-tool-usage table.data tbody tr")).to_have_count(1, timeout=SOON_MS)
        assert page.url == f"{collector.url}/tools?tool=query&tables=tool-usage"
        page.set_viewport_size({"width": 390, "height": 900})
        page.screenshot(path=artefacts / "signed-in-390.png")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Sign-in secret")).to_be_visible(timeout=SOON_MS)
        page.goto(f"{collector.url}/tools")
        assert urlsplit(page.url).path == "/sign-in", "the session is over"
        assert (watch.foreign_requests, watch.complaints) == ([], [])
        page.context.close()


def test_each_product_has_its_own_numbers(opened: Opener, tmp_path: Path) -> None:
    (tmp_path / "footfall.toml").write_text(PRODUCTS)
    keys = WriteKeys(tmp_path)
    for product in ("dot-ai", "other-product"):
        keys.add(product, f"phc_{product}")
    with start_collector(tmp_path, segment_seconds=0.1) as collector:
        send(collector.url, [call("query")], "phc_dot-ai")
        send(collector.url, [call("report", "other_product"), call("report", "other_product")], "phc_other-product")
        page = opened("/tools?tool=query&where=mcp_client:is_not:cursor&product=dot-ai&range=7d", origin=collector.url)
        expect(page.locator("[data-tile=calls]")).to_have_attribute("data-value", "1", timeout=SOON_MS)
        page.locator("#filters [name=product]").select_option("other-product")
        expect(page.locator("[data-tile=calls]")).to_have_attribute("data-value", "2", timeout=SOON_MS)
        expect(page.locator("#panel-tool-usage .name")).to_have_text("report")
        assert parse_qs(urlsplit(page.url).query) == {"product": ["other-product"], "range": ["7d"]}
        page.get_by_role("link", name="Overview", exact=True).click()
        wait_until_drawn(page)
        expect(page.locator("[data-tile=calls]")).to_have_attribute("data-value", "2", timeout=SOON_MS)


def test_data_health_of_a_restarted_collector_agrees_with_the_data(opened: Opener, tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", segment_seconds=0.1) as collector:
        send(collector.url, [call(), call(is_internal=True), replace(call(), at=int(time.time()) - 3 * 86_400)])
        page = opened("/tools", origin=collector.url)
        expect(page.locator("[data-tile=calls]")).to_have_attribute("data-value", "2", timeout=SOON_MS)
        page.close()
    with start_collector(tmp_path / "data", segment_seconds=0.1) as again:
        page = opened("/data-health", origin=again.url)
        assert "The store has 3 events" in answer(page)
        assert page.locator("[data-fact=in_store]").get_attribute("data-value") == "3"
        days = page.locator("#panel-days tbody tr").all()
        counts = [[cell.get_attribute("data-value") for cell in row.locator("td").all()] for row in days]
        assert [row[1:] for row in counts] == [["2", "1", "1"], ["0", "0", "0"], ["0", "0", "0"], ["1", "0", "1"]]
        first = page.locator("#panel-versions tbody tr td:nth-child(3)").first.get_attribute("data-value")
        assert first == counts[-1][0]
        page.locator("#panel-versions tbody a").first.click()
        expect(page.locator("h1")).to_contain_text("2.3.0")
        assert urlsplit(page.url).path == "/things/version/2.3.0"

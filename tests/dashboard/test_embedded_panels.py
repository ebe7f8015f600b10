"""A panel in a frame: shown to pages of the named origins only, and it reads nothing but its own chart."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Frame, Page, Request, expect

from tests.dashboard.browser import axe_violations, cut_off
from tests.dashboard.conftest import Opener
from tests.dashboard.feeding import feed
from tests.dashboard.reading import change, fetch
from tests.oracle.fleet import Fleet
from tests.oracle.world import HOUR
from tests.support.collector_process import start_collector

READY_MS = 20_000


class Site:
    """A web site whose page shows `framed` in a frame."""

    def __init__(self) -> None:
        self.framed = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f'<!doctype html><title>Wiki</title><iframe src="{site.framed}" width=700 height=420></iframe>'
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture(scope="module")
def framing(tmp_path_factory: pytest.TempPathFactory, site: Site, fleet: Fleet) -> Iterator[str]:
    """The address of a collector that lets `localhost`, not `127.0.0.1`, show panels."""
    small = Fleet(instances=5, days=9, seed=3, end=fleet.end // HOUR * HOUR)
    data = tmp_path_factory.mktemp("framing") / "data"
    origin = f"http://localhost:{site.port}"
    with start_collector(data, {"FOOTFALL_EMBED_ORIGINS": origin}, segment_seconds=0.1) as running:
        feed(running.url, small)
        yield running.url


def embedded(url: str, **fields: str) -> str:
    path: str = change("POST", f"{url}/api/links", fields)["path"]
    return url + path


def frame_of(page: Page) -> Frame:
    [frame] = page.frames[1:]
    return frame


def open_site(chromium: Browser, address: str) -> tuple[Page, list[Request]]:
    page = chromium.new_page()
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))
    page.goto(address)
    return page, requests


def test_a_page_of_a_named_origin_shows_the_panel_and_it_reads_its_own_chart_only(
    chromium: Browser, framing: str, site: Site
) -> None:
    site.framed = embedded(framing, page="tools", panel="tool-usage", query="range=7d&where=tool:is_not:query")
    page, requests = open_site(chromium, f"http://localhost:{site.port}/")
    frame = frame_of(page)
    frame.wait_for_function("() => document.documentElement.dataset.ready", timeout=READY_MS)
    expect(frame.locator("h2")).to_have_text("Tool usage")
    expect(frame.locator("#about")).to_have_text(re.compile(r"^dot-ai · .+ \(UTC\) · tool is not query$"))
    names = frame.locator("#panel-tool-usage .name").all_inner_texts()
    rows = fetch(framing, "/api/charts/tool-usage", range="7d", where="tool:is_not:query")["rows"]
    assert names[:3] == [row[0] for row in rows[:3]]
    assert len(rows) > 3
    reading = [each for each in requests if "/api/" in each.url]
    assert {urlsplit(each.url).path for each in reading} == {"/embed/api/charts/tool-usage"}
    assert all("ffl_" not in each.url and "cookie" not in each.headers for each in reading)
    assert {urlsplit(each.url).netloc for each in requests} <= {f"localhost:{site.port}", urlsplit(framing).netloc}
    page.set_viewport_size({"width": 390, "height": 420})
    page.goto(site.framed)
    page.wait_for_function("() => document.documentElement.dataset.ready", timeout=READY_MS)
    assert (axe_violations(page), cut_off(page)) == ([], [])
    page.close()


def test_a_page_of_another_origin_shows_nothing(chromium: Browser, framing: str, site: Site) -> None:
    site.framed = embedded(framing, page="tools", panel="tool-usage")
    page, requests = open_site(chromium, f"http://127.0.0.1:{site.port}/")
    page.wait_for_function("() => document.querySelector('iframe')")
    page.wait_for_load_state("load")
    assert frame_of(page).url.startswith("chrome-error:")
    assert [each.url for each in requests if "/api/" in each.url] == []
    page.close()


def test_the_main_chart_is_framed_as_it_was_chosen(chromium: Browser, framing: str, site: Site) -> None:
    site.framed = embedded(framing, page="overview", panel="main", query="range=7d&chart=error_rate&by=tool")
    page, requests = open_site(chromium, f"http://localhost:{site.port}/")
    frame = frame_of(page)
    frame.wait_for_function("() => document.documentElement.dataset.ready", timeout=READY_MS)
    expect(frame.locator("h2")).to_have_text("Error rate")
    expect(frame.locator(".canvas, canvas").first).to_be_visible()
    assert {urlsplit(each.url).path for each in requests if "/api/" in each.url} == {"/embed/api/ask"}
    page.close()


def test_the_menu_copies_the_frame_of_a_panel(opened: Opener, framing: str) -> None:
    page = opened("/tools?range=7d", origin=framing)
    page.locator("[data-do=saved]").click()
    page.locator("#saved-menu [name=panel]").select_option(label="Tool usage, in a frame")
    page.get_by_role("button", name="Copy a link").click()
    frame = (
        r'<iframe src="http://127.0.0.1:\d+/embed/ffl_[\w-]{43}" title="Tool usage" width="700" height="420"></iframe>'
    )
    expect(page.locator("#saved-menu .shared input")).to_have_value(re.compile(frame))

"""A real collector with a known fleet, and Chromium. No page may send requests elsewhere or log a complaint."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from footfall_collector.alerts.alert_file import AlertFile, AlertsContent, Incident
from tests.dashboard.browser import PageWatch, launched, wait_until_drawn
from tests.dashboard.feeding import feed
from tests.dashboard.truths import Expected
from tests.oracle.fleet import Fleet
from tests.oracle.world import DAY, HOUR
from tests.support.collector_process import start_collector

Opener = Callable[..., Page]


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """Ends at the last full hour, so that no event lies in the future."""
    return Fleet(instances=70, days=45, seed=4, end=int(time.time()) // HOUR * HOUR)


def old_incident(fleet: Fleet) -> Incident:
    """What an alert has left behind: open for a day, six weeks ago."""
    begin = fleet.end // DAY * DAY - 41 * DAY + 10 * HOUR
    return Incident(
        id="error-rate-dot-ai-1-0",
        rule="error-rate",
        product=fleet.product,
        subject="",
        sentence="In the last 6 hours 31 % of 412 calls failed; `query` most.",
        numbers={},
        begin=begin,
        seen=begin + DAY,
        end=begin + DAY,
        quiet_until=begin + 2 * DAY,
    )


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory, fleet: Fleet) -> Iterator[str]:
    """The address of a collector with the fleet's events."""
    data = tmp_path_factory.mktemp("collector") / "data"
    data.mkdir()
    AlertFile(data).write(AlertsContent(incidents=[old_incident(fleet)]))
    with start_collector(data, segment_seconds=0.1, public_products="dot-ai", max_event_age_days=60) as collector:
        feed(collector.url, fleet)
        yield collector.url


@pytest.fixture(scope="session")
def expected(url: str, fleet: Fleet) -> Expected:
    return Expected(url, fleet)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


class Windows:
    """Browser contexts by width and scheme, shared by the session: their cache has the page's files."""

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._known: dict[tuple[int, str], BrowserContext] = {}

    def context(self, width: int, theme: str) -> BrowserContext:
        key = (width, theme)
        if key not in self._known:
            self._known[key] = self._chromium.new_context(
                viewport={"width": width, "height": 900},
                color_scheme="dark" if theme == "dark" else "light",
                reduced_motion="reduce",
                accept_downloads=True,
            )
        return self._known[key]


@pytest.fixture(scope="session")
def windows(chromium: Browser) -> Windows:
    return Windows(chromium)


@pytest.fixture
def opened(windows: Windows, url: str) -> Iterator[Opener]:
    """`opened(path, width=…, theme=…, origin=…, tolerant=…)` opens a page and waits until it is drawn.

    The test fails if a page sent a request elsewhere or logged a complaint, unless it is `tolerant`, as where a test
    stops the collector.
    """
    watches: list[PageWatch] = []
    with ExitStack() as pages:

        def open_page(
            path: str, width: int = 1440, theme: str = "light", origin: str = url, tolerant: bool = False
        ) -> Page:
            page = windows.context(width, theme).new_page()
            pages.callback(page.close)
            watch = PageWatch(origin)
            watch.attach(page)
            if not tolerant:
                watches.append(watch)
            page.goto(f"{origin}{path}")
            wait_until_drawn(page)
            return page

        yield open_page
        for watch in watches:
            assert watch.foreign_requests == []
            assert watch.complaints == []


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """The folder for screenshots, which are not in git."""
    folder = Path(__file__).parents[2] / ".artefacts" / "dashboard"
    folder.mkdir(parents=True, exist_ok=True)
    return folder

"""Chromium for the dashboard's tests, without background traffic, and with a record of requests and complaints."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)
_MISSING = (
    "NO CHROMIUM: the dashboard's tests need a browser and found none. Install one (`apt-get install chromium`), "
    "or name its executable in the variable CHROMIUM."
)
READY_MS = 20_000
AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
_DRAWN = """n => {
  const { ready, drawing } = document.documentElement?.dataset ?? { drawing: "the next page" };
  return Number(ready ?? 0) >= n && drawing === undefined;
}"""
_FITTED = """() => [...document.querySelectorAll(".canvas")].every((node) => {
  const chart = echarts.getInstanceByDom(node);
  return !chart || (chart.getWidth() === node.clientWidth && chart.getHeight() === node.clientHeight);
})"""
_CUT_OFF = """() => {
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((node) => node.offsetParent);
  const beyond = seen("main *").filter((node) => !node.closest(".scroll, svg") && !node.matches(".sr-only")
    && node.getBoundingClientRect().right > innerWidth + 1);
  const squeezed = seen("h1, h2, .value, .delta, .bars th, .bars td, .legend button")
    .filter((node) => !node.matches(".sr-only") && node.clientWidth && node.scrollWidth > node.clientWidth + 1);
  const aside = ".sr-only, .sr-only *, svg *, canvas, pre, pre *, .snippet, .snippet *, select, input, .bar *";
  const scrolling = seen("main *").filter((node) => !node.matches(aside)
    && getComputedStyle(node).overflowX !== "visible" && node.clientWidth && node.scrollWidth > node.clientWidth + 1);
  return [...beyond, ...squeezed, ...scrolling].map((node) => node.outerHTML.slice(0, 120));
}"""


def chromium_path() -> str:
    """The executable. Raises RuntimeError where there is none: these tests are never skipped."""
    named = os.environ.get("CHROMIUM")
    names = (named,) if named else ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    executable = next((path for path in map(shutil.which, names) if path), None)
    if executable is None:
        raise RuntimeError(_MISSING)
    return executable


@contextmanager
def launched() -> Iterator[Browser]:
    """A running Chromium with a fresh profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class PageWatch:
    """Records the requests and console messages of a page."""

    origin: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        """Record from the page's first request on."""
        page.on("request", self._record_request)
        page.on("console", self._record_message)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))

    def _record_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _record_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    @property
    def foreign_requests(self) -> list[str]:
        """Requests to other hosts than the collector. Blobs of the page itself are no requests."""
        return [url for url in self.requests if urlsplit(url).scheme != "blob" and not url.startswith(self.origin)]


def wait_until_drawn(page: Page, times: int = 1) -> None:
    """Wait until the page has drawn everything at least `times` times, and is not drawing.

    The number alone doesn't say that an answer to a click was drawn: the page also draws itself again by itself.
    """
    page.wait_for_function(_DRAWN, arg=times, timeout=READY_MS)


def wait_until_fitted(page: Page) -> None:
    """Wait until every chart has the size of its place, after the window got another one."""
    # The page hears of its new size at the beginning of a frame.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.wait_for_function(_FITTED)


def ready_count(page: Page) -> int:
    """The number of times that the page has drawn everything."""
    return int(page.evaluate("Number(document.documentElement.dataset.ready ?? 0)"))


def axe_violations(page: Page) -> list[str]:
    """The violations that axe finds, each with its elements."""
    assert AXE.exists(), "axe is not installed: run `make node`"
    page.evaluate(AXE.read_text("utf-8"))
    violations: list[dict[str, Any]] = page.evaluate("async () => (await axe.run(document)).violations")
    return [f"{rule['id']}: {[node['html'][:120] for node in rule['nodes']][:4]}" for rule in violations]


def cut_off(page: Page) -> list[str]:
    """Elements beyond the page's width, headings and numbers that do not fit, and boxes that clip or scroll sideways.

    Boxes of code are excepted.
    """
    elements: list[str] = page.evaluate(_CUT_OFF)
    return elements

"""The documentation site builds without a warning, has search, light and dark themes, and no external requests."""

import functools
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboard.browser import PageWatch, launched
from tests.docs.pages import ROOT

Scheme = Literal["light", "dark"]
BUILD = Path(sys.executable).with_name("zensical")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    place = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", place / "docs")
    shutil.copy(ROOT / "zensical.toml", place)
    built = subprocess.run(
        [str(BUILD), "build", "--strict"], cwd=place, capture_output=True, text=True, timeout=120, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return place / ".site"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Nothing."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context() as context:
        yield context.new_page()


def test_every_page_is_in_the_navigation() -> None:
    named = str(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"])
    missing = [path.name for path in (ROOT / "docs").glob("*.md") if f"'{path.name}'" not in named]
    assert missing == []


def test_no_page_asks_anybody_else(site: Path, address: str, page: Page) -> None:
    watch = PageWatch(address)
    watch.attach(page)
    for html in sorted(site.glob("*.html")):
        page.goto(f"{address}/{html.name}")
        page.wait_for_load_state("networkidle")
    assert len(watch.requests) > 20
    assert watch.foreign_requests == []


def search(page: Page, address: str, words: str) -> None:
    """Search the site's first page as a reader does, once its scripts listen to the keyboard."""
    page.goto(f"{address}/index.html")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("/")
    expect(page.locator("input:focus")).to_have_count(1, timeout=15_000)
    page.keyboard.type(words)


def test_what_is_searched_for_is_found(address: str, page: Page) -> None:
    search(page, address, "retention_days")
    expect(page.get_by_role("link", name="Settings").first).to_be_visible(timeout=15_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_light_or_dark_as_the_system_is(scheme: Scheme, address: str, chromium: Browser) -> None:
    with chromium.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{address}/index.html")
        page.wait_for_load_state("networkidle")
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        channels = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        assert (sum(channels) > 384) is (scheme == "light"), colour


def test_who_wants_to_opt_out_finds_how_first(address: str, page: Page) -> None:
    search(page, address, "opt out")
    expect(page.locator("a[href*='telemetry-guide.html']").filter(has_text="Turn it off").first).to_be_visible(
        timeout=15_000
    )
    results = page.locator("a[href*='?h=']")
    expect(results.first).to_contain_text("Turn it off", timeout=15_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_page_shows_the_dashboard_as_the_system_is(scheme: Scheme, address: str, chromium: Browser) -> None:
    with chromium.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{address}/index.html")
        shown = [image.get_attribute("src") for image in page.locator("article img").all() if image.is_visible()]
    assert shown == [f"img/page-overview{'-dark' if scheme == 'dark' else ''}.png#only-{scheme}"]


def test_no_command_and_no_drawing_is_cut_off_on_a_laptop(address: str, chromium: Browser) -> None:
    with chromium.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        for name in ("index", "install", "operate", "architecture"):
            page.goto(f"{address}/{name}.html")
            page.wait_for_load_state("networkidle")
            cut = page.locator("pre code").evaluate_all(
                "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"
            )
            assert cut == [], name


def test_a_phone_shows_what_each_setting_means_below_its_name(address: str, chromium: Browser) -> None:
    with chromium.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto(f"{address}/settings.html")
        broken = page.locator("td:first-child code").evaluate_all(
            "all => all.filter(one => one.getClientRects().length > 1)"
        )
        assert broken == []
        right = page.locator("td").evaluate_all("all => Math.max(...all.map(one => one.getBoundingClientRect().right))")
        assert right <= 390


def test_a_phone_shows_a_page_without_a_sideways_scroll(address: str, chromium: Browser) -> None:
    with chromium.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        for name in ("index", "install", "settings", "compare"):
            page.goto(f"{address}/{name}.html")
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name

"""Accessibility: no violation found by axe, keyboard control, no clipped text, printing, reduced motion."""

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.dashboard.browser import PageWatch, axe_violations, cut_off, ready_count, wait_until_drawn, wait_until_fitted
from tests.dashboard.conftest import Opener, Windows
from tests.dashboard.reading import ALL_PAGES, PAGES
from tests.oracle.fleet import Fleet
from tests.oracle.world import HOUR

WIDTHS = (390, 1440)
THEMES = ("light", "dark")


def switch_theme(page: Page, theme: str) -> None:
    """Change the scheme of the system, which a page follows."""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)


@pytest.mark.parametrize("name", ALL_PAGES)
def test_axe_finds_nothing_and_nothing_is_cut(opened: Opener, artefacts: Path, name: str) -> None:
    page = opened(ALL_PAGES[name])
    for theme in THEMES:
        switch_theme(page, theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wait_until_fitted(page)
            page.screenshot(path=artefacts / f"{name}-{width}-{theme}.png", full_page=True)
            assert axe_violations(page) == [], f"{width} {theme}"
            assert cut_off(page) == [], f"{width} {theme}"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{width} scrolls sideways"


@pytest.mark.parametrize(
    "path",
    [
        "/?tables=main,tool-usage,mcp-clients,weekly-instances&internal=all",
        "/errors?compare=1&tool=recommend&transport=stdio&range=90d",
        "/?start=2026-01-01&end=2026-01-03&range=custom",
        "/?chart=error_rate&by=mcp_client",
        "/things/error_type/TimeoutError?range=90d",
        "/errors?explain=1&a=error_type:is:AIProviderError&b=error_type:is:KubernetesAPIError",
    ],
)
def test_axe_finds_nothing_in_other_states(opened: Opener, artefacts: Path, path: str) -> None:
    page = opened(path, width=390)
    page.locator("[data-do=fold]").click()
    page.locator(".menu summary").first.click()
    state = path.strip("/").replace("/", "-").replace("?", "-").split("=")[0] or "overview"
    for theme in THEMES:
        switch_theme(page, theme)
        assert axe_violations(page) == [], theme
        assert cut_off(page) == [], theme
        page.screenshot(path=artefacts / f"state-{state}-390-{theme}.png", full_page=True)


@pytest.mark.parametrize(
    ("path", "sections"),
    [("/public/dot-ai", "four dimensions, the months, and the explanation"), ("/mcp", "four clients, and the tools")],
)
@pytest.mark.parametrize("theme", THEMES)
def test_pages_without_navigation_are_accessible(
    windows: Windows, url: str, artefacts: Path, path: str, sections: str, theme: str
) -> None:
    for width in WIDTHS:
        page = windows.context(width, theme).new_page()
        watch = PageWatch(url)
        watch.attach(page)
        page.goto(f"{url}{path}")
        assert all(panel.is_visible() for panel in page.locator(".panel").all()), "nothing waits for a script"
        page.screenshot(path=artefacts / f"{path.split('/')[1]}-{width}-{theme}.png", full_page=True)
        assert page.locator("section h2").count() == {"/public/dot-ai": 6, "/mcp": 5}[path], sections
        assert axe_violations(page) == []
        assert cut_off(page) == []
        assert (watch.foreign_requests, watch.complaints) == ([], [])
        page.close()


def focused(page: Page) -> str:
    """The text or label of the focused element."""
    text: str = page.evaluate(
        "() => { const node = document.activeElement; return node.getAttribute('aria-label') ?? node.innerText }"
    )
    return text.strip()


def test_every_control_works_with_the_keyboard(opened: Opener) -> None:
    page = opened("/tools")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    reach(page, "Show internal events")
    before = ready_count(page)
    page.keyboard.press("Enter")
    wait_until_drawn(page, before + 1)
    # The page may also have been drawn again by itself.
    expect(page).to_have_url(re.compile("internal=all"))
    reach(page, "Tool usage as a table")
    page.keyboard.press("Space")
    assert page.locator("#panel-tool-usage table.data").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#panel-tool-usage .menu-list")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#panel-tool-usage .menu-list")).to_be_hidden()
    assert focused(page) == "Download Tool usage"


def reach(page: Page, label: str) -> None:
    """Press Tab until an element with this label has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == label:
            ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert ring != "none", f"{label} does not show its focus"
            return
    raise AssertionError(f"Tab never reaches {label}")


def test_rows_open_and_a_value_is_compared_by_keyboard_alone(opened: Opener) -> None:
    page = opened("/next?range=90d")
    opener = page.locator("#releases .expander").first
    opener.press("Enter")
    expect(page.locator("#releases .below button").first).to_be_visible()
    assert (axe_violations(page), cut_off(page)) == ([], [])
    page.locator("#releases td.version [aria-label$='filter by it']").first.focus()
    page.keyboard.press("Shift+F10")
    expect(page.locator("#pick-menu button").first).to_be_focused()
    assert (axe_violations(page), cut_off(page)) == ([], [])
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.locator("#pick-menu select")).to_be_focused()
    expect(page.locator("#pick-menu option")).not_to_have_count(2)
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#title-comparison")).to_have_text(re.compile(r"^\d\S+ against \d\S+$"))


def test_a_chart_is_read_with_the_arrow_keys(opened: Opener) -> None:
    page = opened("/events")
    page.locator("#panel-events .canvas").focus()
    page.keyboard.press("Home")
    first = page.locator("#announcements").inner_text()
    page.keyboard.press("ArrowRight")
    second = page.locator("#announcements").inner_text()
    page.keyboard.press("End")
    assert len({first, second, page.locator("#announcements").inner_text()}) == 3
    assert "(UTC)" in first
    assert "tool calls" in first


def test_a_line_is_hidden_and_shown_by_its_legend(opened: Opener) -> None:
    page = opened("/events")
    canvas, entry = page.locator("#panel-events canvas"), page.locator("#panel-events .legend button").first
    page.locator("h1").hover()
    everything = canvas.screenshot()
    entry.click()
    assert entry.get_attribute("aria-pressed") == "false"
    page.wait_for_function(NOT_SELECTED)
    assert canvas.screenshot() != everything
    entry.click()
    assert entry.get_attribute("aria-pressed") == "true"
    assert canvas.screenshot() == everything


NOT_SELECTED = (
    "() => echarts.getInstanceByDom(document.querySelector('#panel-events .canvas'))"
    ".getOption().legend[0].selected['tool calls'] === false"
)


@pytest.mark.parametrize("name", PAGES)
def test_a_printed_page_has_the_numbers_without_the_controls(opened: Opener, name: str) -> None:
    page = opened(PAGES[name], theme="dark")
    page.emulate_media(media="print")
    for selector in (".side", "#filters .segments", ".panel-tools"):
        assert page.locator(selector).first.is_hidden()
    assert "a row opens" not in page.locator("main").inner_text()
    colours = page.evaluate("[document.body, document.querySelector('h2')].map(node => getComputedStyle(node).color)")
    assert colours == ["rgb(0, 0, 0)"] * 2
    assert page.locator("#answer").is_visible()


def test_nothing_is_animated_under_reduced_motion(opened: Opener) -> None:
    page = opened("/events")
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate(
        "echarts.getInstanceByDom(document.querySelector('#panel-events .canvas')).getOption().animation"
    ) is False  # fmt: skip


def test_the_scheme_is_chosen_and_remembered(chromium: Browser, url: str) -> None:
    page = chromium.new_page(color_scheme="light")
    page.goto(url)
    wait_until_drawn(page)
    page.locator("[data-do=theme]").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    wait_until_drawn(page)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 15, 19)"
    page.context.close()


@contextmanager
def annotated(url: str, text: str, at: float) -> Iterator[None]:
    """An annotation of the collector, until the block ends."""
    body = json.dumps({"text": text, "at": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"}).encode()
    request = urllib.request.Request(f"{url}/api/annotations", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        added = json.load(answer)["id"]
    try:
        yield
    finally:
        removal = urllib.request.Request(f"{url}/api/annotations?id={added}", method="DELETE")
        urllib.request.urlopen(removal).close()


def test_an_annotation_is_read_with_the_arrow_keys_on_every_chart_over_time(
    opened: Opener, url: str, fleet: Fleet
) -> None:
    with annotated(url, "the provider had an outage", fleet.end - 1800):
        for path in ("/", "/errors", "/?range=24h"):
            page = opened(path)
            charts = page.locator("""[data-panel*='"kind": "series"'] .canvas""").all()
            assert charts
            for canvas in charts:
                assert any("the provider had an outage" in read for read in last_steps(page, canvas)), path
    # In a week that is over: the present one has no row before an instance began in it.
    with annotated(url, "the provider had an outage", fleet.end - 8 * 86_400):
        page = opened("/next")
        marked = page.locator(".heat tbody th.marked").filter(has_text="the provider had an outage")
        assert marked.count() == 1
        cell = marked.locator("xpath=../td[2]")
        for node in (marked, cell):
            # A hover scrolls, and a tooltip ends when the page scrolls.
            assert "the provider had an outage" in node.evaluate("node => node.tip().note")


MARKED = """node => echarts.getInstanceByDom(node).getOption().series.flatMap(({ markLine }) => markLine?.data ?? [])
  .filter(Array.isArray).map(([first, last]) => [Number(first.coord[0]), Number(last.coord[0])])"""
"""From and until which step of a chart alerts were open."""


@pytest.mark.parametrize("path", ["/errors", "/things/tool/query"])
def test_an_alert_is_marked_while_it_was_open_and_read_with_the_arrow_keys(
    opened: Opener, fleet: Fleet, path: str
) -> None:
    midnight = datetime.fromtimestamp(fleet.end, UTC).replace(hour=0)
    before, begin, end = (midnight - timedelta(days=days) for days in (43, 41, 40))
    page = opened(f"{path}?start={before:%Y-%m-%d}&end={end:%Y-%m-%d}")
    charts = page.locator("""[data-panel*='"kind": "series"'] .canvas""").all()
    assert charts
    for canvas in charts:
        assert canvas.evaluate(MARKED) == [[begin.timestamp() * 1000, end.timestamp() * 1000]]
        canvas.focus()
        page.keyboard.press("End")
        span = f"Alert from {begin:%-d %b}, 10:00 to {end:%-d %b}, 10:00"
        sentence = f"{span}: In the last 6 hours 31 % of 412 calls failed; query most."
        assert sentence in page.locator("#announcements").inner_text()
        page.keyboard.press("Home")
        assert "Alert" not in page.locator("#announcements").inner_text()


def last_steps(page: Page, canvas: Locator) -> Iterator[str]:
    """What is read of the last two steps of a chart; the last one may have begun after the events."""
    canvas.focus()
    for key in ("End", "ArrowLeft"):
        page.keyboard.press(key)
        yield page.locator("#announcements").inner_text()


def test_a_chart_by_week_has_all_days_of_a_week(opened: Opener, url: str, fleet: Fleet) -> None:
    end = datetime.fromtimestamp(fleet.end, UTC)
    monday = end.replace(hour=0) - timedelta(days=end.weekday() + 14)
    sunday = monday + timedelta(days=6)
    with annotated(url, "a week ends", sunday.timestamp() + 12 * HOUR):
        page = opened("/")
        canvas = page.locator("#panel-weekly-instances .canvas")
        canvas.focus()
        page.keyboard.press("End")
        while f"Mon, {monday:%-d %b %Y}" not in (read := page.locator("#announcements").inner_text()):
            page.keyboard.press("ArrowLeft")
            assert page.locator("#announcements").inner_text() != read, f"{monday} is not read before {read}"
        assert f"{sunday:%-d %b}, 12:00: a week ends." in read
        assert "not over" not in read
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(f"start={monday:%Y-%m-%d}&end={sunday:%Y-%m-%d}"))

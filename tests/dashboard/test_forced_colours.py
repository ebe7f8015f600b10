"""With the system's own colours (high contrast), everything that a background would say is still seen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboard.browser import PageWatch, wait_until_drawn
from tests.dashboard.reading import definition_of, shown_table

LEAST_CONTRAST = 3.0
"""What WCAG 1.4.11 asks of parts that are not text."""
_CONTRAST = """
const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
const hex = (text) => text.startsWith("#") ? [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)) : rgb(text);
const light = (text) => hex(text).slice(0, 3).map((part) => part / 255)
  .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
const back = getComputedStyle(document.body).backgroundColor;
"""
_PARTS = (
    "() => {"
    + _CONTRAST
    + """
  const shown = (node) => node.getClientRects().length;
  const of = (selector, property) => [...document.querySelectorAll(selector)].filter(shown)
    .map((node) => [selector, contrast(getComputedStyle(node)[property], back)]);
  return [
    ...of(".bar-row .fill", "borderBottomColor"), ...of(".legend button:not(.dashed) i", "backgroundColor"),
    ...of(".nav [aria-current], .segments [aria-pressed=true], .button[aria-pressed=true]", "backgroundColor"),
    ...of(".spark .line", "stroke"),
  ];
}"""
)
_DRAWN = (
    "() => {"
    + _CONTRAST
    + """
  return [...document.querySelectorAll(".canvas")].flatMap((node) => {
    const { series, xAxis } = echarts.getInstanceByDom(node).getOption();
    const colours = series.filter(({ name }) => name)
      .map((line) => line.lineStyle?.color ?? line.itemStyle?.color).filter(Boolean);
    return [...colours, xAxis[0].axisLabel.color].map((colour) => [colour, contrast(colour, back)]);
  });
}"""
)


@pytest.fixture(scope="module", params=["light", "dark"])
def forced(request: pytest.FixtureRequest, chromium: Browser, url: str) -> Iterator[Page]:
    """A page whose reader once chose the scheme that the system does not have."""
    context = chromium.new_context(
        viewport={"width": 1180, "height": 900},
        color_scheme=request.param,
        forced_colors="active",
        reduced_motion="reduce",
    )
    other = {"light": "dark", "dark": "light"}[request.param]
    context.add_init_script(f"localStorage.setItem('footfall-theme', '{other}')")
    page, watch = context.new_page(), PageWatch(url)
    watch.attach(page)
    page.goto(f"{url}/?compare=1&by=tool&range=7d")
    wait_until_drawn(page)
    yield page
    assert (watch.foreign_requests, watch.complaints) == ([], [])
    context.close()


def faint(found: list[tuple[str, float]]) -> list[tuple[str, float]]:
    return [(what, round(contrast, 1)) for what, contrast in found if contrast < LEAST_CONTRAST]


def test_bars_legends_and_what_is_chosen_are_seen(forced: Page) -> None:
    found: list[tuple[str, float]] = forced.evaluate(_PARTS)
    assert len({selector for selector, _ in found}) == 4
    assert faint(found) == []


def test_charts_have_the_scheme_of_the_system(forced: Page) -> None:
    kinds = {definition_of(panel)["kind"] for panel in forced.locator("[data-panel]").all()}
    assert "series" in kinds
    found: list[tuple[str, float]] = forced.evaluate(_DRAWN)
    assert len(found) > 5
    assert faint(found) == []


def test_a_long_table_says_how_many_rows_are_below_until_its_end(forced: Page) -> None:
    panel = forced.locator("#panel-tool-usage")
    shown_table(panel)
    box = panel.locator(".scroll")
    expect(box).to_have_attribute("data-more", "2 more")
    hint = box.evaluate(
        "node => { const { content, backgroundColor, color } = getComputedStyle(node, '::after');"
        "return [content, backgroundColor, color]; }"
    )
    assert hint[0].startswith('"2 more')
    assert hint[1] != hint[2], "its background hides the row behind it"
    box.evaluate("node => node.scrollTo(0, node.scrollHeight)")
    expect(box).not_to_have_attribute("data-more", "2 more")
    assert box.get_attribute("data-more") is None
    panel.locator("[data-do=table]").click()


def test_the_focus_is_seen(forced: Page) -> None:
    for _ in range(8):
        forced.keyboard.press("Tab")
        ring: list[str | float] = forced.evaluate(
            "() => {"
            + _CONTRAST
            + "const style = getComputedStyle(document.activeElement);"
            + "return [style.outlineStyle, parseFloat(style.outlineWidth), contrast(style.outlineColor, back)]; }"
        )
        assert ring[0] not in ("none", "hidden"), ring
        assert float(ring[1]) >= 2, ring
        assert float(ring[2]) >= LEAST_CONTRAST, ring

"""No word breaks, nothing is cut, no label collides and nothing moves, from the narrowest phone to a wide screen."""

import os

import pytest
from playwright.sync_api import Browser

from tests.dashboard.browser import cut_off, wait_until_drawn, wait_until_fitted
from tests.dashboard.conftest import Opener
from tests.dashboard.layout_probes import layout_faults, layout_shift, watch_shifts
from tests.dashboard.reading import ALL_PAGES

WIDTHS = (360, 390, 640, 768, 1024, 1180, 1440, 1920)
LOADED_WIDTHS = WIDTHS if os.environ.get("SOAK") else (390, 1440)
MOST_SHIFT = 0.05


@pytest.mark.parametrize("name", ALL_PAGES)
def test_nothing_breaks_is_cut_or_collides_at_any_width(opened: Opener, name: str) -> None:
    page = opened(ALL_PAGES[name], width=WIDTHS[-1])
    for width in WIDTHS[::-1]:
        page.set_viewport_size({"width": width, "height": 900})
        wait_until_fitted(page)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        assert (cut_off(page), layout_faults(page)) == ([], []), width


@pytest.mark.parametrize("width", LOADED_WIDTHS)
def test_a_page_does_not_move_while_it_is_built(chromium: Browser, url: str, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900})
    watch_shifts(context)
    page = context.new_page()
    shifts = {}
    for name, path in ALL_PAGES.items():
        page.goto(f"{url}{path}")
        wait_until_drawn(page)
        # Two frames later, the shifts of the last drawing are reported.
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        shifts[name] = layout_shift(page)
    context.close()
    assert max(shifts.values()) <= MOST_SHIFT, shifts


@pytest.mark.parametrize(
    "path",
    [
        "/?a=mcp_client:is:claude-code&b=mcp_client:is_not:claude-code",  # two segments, with intervals
        "/errors?range=7d&compare=1",  # changes of rates, in points
        "/?range=7d&compare=1",  # changes beside names with an expander
        "/next?range=90d",  # retention with many weeks
    ],
)
def test_there_is_room_for_what_most_addresses_do_not_show(opened: Opener, path: str) -> None:
    page = opened(path, width=1440)
    for width in (1440, 1180, 1024, 768, 390, 360):
        page.set_viewport_size({"width": width, "height": 900})
        wait_until_fitted(page)
        assert (cut_off(page), layout_faults(page)) == ([], []), width

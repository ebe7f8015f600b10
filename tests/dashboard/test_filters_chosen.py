"""Ranges, filters and comparison, and their parameters in the address."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser import ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.reading import answer, drawn_series, shown_table, tile
from tests.dashboard.truths import Expected, assert_same
from tests.oracle.fleet import Fleet


def parameters(page: Page) -> dict[str, str]:
    """The query of the page's address."""
    return {name: value for name, [value] in parse_qs(urlsplit(page.url).query).items()}


def usage(page: Page) -> list[list[str]]:
    return shown_table(page.locator("#panel-tool-usage"))


def drawn_again(page: Page, before: int) -> None:
    wait_until_drawn(page, before + 1)


def choose(page: Page, name: str, value: str) -> None:
    before = ready_count(page)
    page.locator(f"#filters [name={name}]").select_option(value)
    drawn_again(page, before)


def press(page: Page, selector: str) -> None:
    before = ready_count(page)
    page.locator(selector).first.click()
    drawn_again(page, before)


@pytest.mark.parametrize("name", ["1h", "24h", "7d", "30d", "90d", "365d"])
def test_a_range_is_a_click_and_stays_in_the_address(opened: Opener, expected: Expected, name: str) -> None:
    page = opened("/?range=90d" if name != "90d" else "/")
    press(page, f"#filters [data-range='{name}']")
    assert parameters(page).get("range", "30d") == name
    assert page.locator("#filters [aria-pressed=true][data-range]").get_attribute("data-range") == name
    if name not in ("1h", "24h"):  # whose ends move with each second
        assert_same(usage(page), expected.rows("tool-usage", {"range": name}))
    step = {"1h": "minute", "24h": "hour"}.get(name, "day")
    assert page.locator("#panel-main .unit").inner_text() == f"tool calls per {step}, UTC"


def test_a_custom_range_takes_two_days_in_either_order(opened: Opener, expected: Expected) -> None:
    page = opened("/tools")
    page.locator("#filters [data-range=custom]").click()
    first, last = (page.locator(f"#filters [name={name}]").input_value() for name in ("start", "end"))
    page.locator("#filters [name=start]").fill(last)
    page.locator("#filters [name=end]").fill(first)
    press(page, "#filters [data-do=apply-range]")
    query = {"range": "custom", "start": first, "end": last}
    assert parameters(page) == query
    assert_same(usage(page), expected.rows("tool-usage", query))


def test_version_provider_and_internal_are_filters_that_back_undoes(opened: Opener, expected: Expected) -> None:
    page = opened("/tools")
    everything = usage(page)
    query: dict[str, str] = {}
    for name, value in (("version", "1.11.0"), ("provider", "anthropic"), ("internal", "all")):
        choose(page, name, value)
        query[name] = value
        assert parameters(page) == {**query, "tables": "tool-usage"}
        assert_same(usage(page), expected.rows("tool-usage", query))
    for _ in range(3):
        before = ready_count(page)
        page.go_back()
        drawn_again(page, before)
    assert usage(page) == everything
    assert page.locator("#filters [name=version]").input_value() == ""


def test_hidden_events_are_counted_and_shown_with_one_click(opened: Opener, expected: Expected) -> None:
    page = opened("/tools")
    pill = page.locator("#hidden-internal")
    assert f"{expected.hidden({}):,} internal events hidden" in pill.inner_text()
    press(page, "#hidden-internal button")
    assert parameters(page) == {"internal": "all"}
    expect(pill).to_contain_text("Internal events are included")
    assert_same(usage(page), expected.rows("tool-usage", {"internal": "all"}))
    press(page, "#hidden-internal button")
    assert parameters(page) == {"tables": "tool-usage"}


@pytest.mark.parametrize(
    ("path", "panel", "param"),
    [
        ("/tools", "tool-usage", "tool"),
        ("/errors", "error-types", "error_type"),
        ("/clients", "ai-providers", "provider"),
        ("/clients", "transports", "transport"),
        ("/clients", "deployment-methods", "deployment_method"),
    ],
)
def test_a_click_on_a_value_filters_by_it(
    opened: Opener, expected: Expected, path: str, panel: str, param: str
) -> None:
    page = opened(path)
    press(page, f"#panel-{panel} button.bar-row")
    query = parameters(page)
    assert set(query) == ({"error_type", "tool"} if param == "error_type" else {param}), "exactly what the row says"
    assert_same(shown_table(page.locator(f"#panel-{panel}")), expected.rows(panel, query))
    if param == "provider":
        assert page.locator("#filters [name=provider]").input_value() == query[param]
        return
    chip = page.locator("#chips li", has_text=query[param])
    expect(chip).to_be_visible()
    press(page, "#chips li:last-child button.cross")
    assert len(parameters(page)) == len(query), "without the filter, with the table"


def test_a_row_of_two_properties_filters_by_both(opened: Opener) -> None:
    page = opened("/clients")
    page.locator("#panel-mcp-clients button.expander").first.click()
    press(page, "#panel-mcp-clients tr.inner button.bar-row")
    query = parameters(page)
    assert query.keys() == {"mcp_client", "where"}
    version = query["where"].removeprefix("mcp_client_version:is:")
    assert page.locator("#panel-mcp-clients .name").all_inner_texts() == [query["mcp_client"], version]


def test_every_block_of_a_page_obeys_a_filter(opened: Opener) -> None:
    page = opened("/?transport=stdio&tool=query")
    assert page.locator("#panel-tool-usage .name").all_inner_texts() == ["query"]
    assert page.locator(".panel-note:visible").count() == 0
    assert "not filtered" not in page.locator("#tiles").inner_text()
    assert page.locator("#not-applied").is_hidden()


def test_a_filter_is_turned_round_and_gets_more_values(opened: Opener) -> None:
    page = opened("/tools")
    before = ready_count(page)
    page.locator("#panel-tool-usage button.bar-row", has_text="query").click(modifiers=["Alt"])
    drawn_again(page, before)
    assert parameters(page) == {"where": "tool:is_not:query"}
    assert "query" not in page.locator("#panel-tool-usage .name").all_inner_texts()
    share = re.search(r"is used by (\d+).% of instances", page.locator("#answer").inner_text())
    assert share
    assert 0 < int(share[1]) <= 100, "of those that made such calls"
    page.locator("#chips .text").click()
    before = ready_count(page)
    page.get_by_role("radio", name="is", exact=True).check()
    page.get_by_role("checkbox", name="recommend").check()
    page.get_by_role("button", name="Apply").click()
    drawn_again(page, before)
    assert parameters(page) == {"where": "tool:is:query,recommend"}
    assert sorted(page.locator("#panel-tool-usage .name").all_inner_texts()) == ["query", "recommend"]
    before = ready_count(page)
    page.locator("#panel-tool-usage button.bar-row", has_text="query").click(modifiers=["Alt"])
    drawn_again(page, before)
    assert parameters(page) == {"tool": "recommend"}, "a value that is left out is no longer among those chosen"


def test_a_link_restores_the_page(opened: Opener) -> None:
    page = opened("/errors")
    choose(page, "internal", "all")
    press(page, "#panel-tool-errors button.bar-row")
    press(page, "[data-do=compare]")
    shown_table(page.locator("#panel-error-types"))
    again = opened(page.url.removeprefix(page.evaluate("location.origin")))
    assert again.url == page.url
    assert answer(again) == answer(page)
    for selector in ("#chips", "#hidden-internal", "#panel-error-types", "#panel-tool-errors"):
        assert again.locator(selector).inner_text() == page.locator(selector).inner_text()
    assert again.locator("[data-do=compare]").get_attribute("aria-pressed") == "true"


def test_the_other_pages_keep_the_filters(opened: Opener) -> None:
    page = opened("/?version=1.11.0&range=90d")
    page.get_by_role("link", name="Tools", exact=True).click()
    wait_until_drawn(page)
    assert (urlsplit(page.url).path, parameters(page)) == ("/tools", {"version": "1.11.0", "range": "90d"})


def test_a_comparison_shows_the_previous_period(opened: Opener, expected: Expected) -> None:
    query = {"range": "7d"}
    page = opened("/?range=7d")
    press(page, "[data-do=compare]")
    assert parameters(page) == {"range": "7d", "compare": "1"}
    assert page.locator("#panel-main .legend").inner_text().splitlines()[-1] == "Tool calls, previous period"
    # The present day is in neither of what is compared.
    now, was = ({row[0]: row[1] for row in expected.rows("tool-usage", which)} for which in expected.compared(query))
    for row in page.locator("#panel-tool-usage tbody tr").all():
        tool = row.locator(".name").inner_text()
        ratio = now.get(tool, 0) / was[tool] - 1 if was.get(tool) else None
        text = row.locator(".delta").inner_text()
        change = re.search(r"([↑↓]).*?([\d.]+)", text, re.DOTALL)
        if ratio is None or not ratio:
            assert text == ("same" if ratio == 0 else "new")
        else:
            assert change is not None
            assert change[1] == ("↑" if ratio > 0 else "↓")
            assert float(change[2]) == pytest.approx(abs(100 * ratio), abs=0.0501)


def test_the_previous_period_is_drawn_under_the_same_weekdays(opened: Opener, expected: Expected, fleet: Fleet) -> None:
    last = datetime.fromtimestamp(fleet.end, UTC).date() - timedelta(days=2)
    days = [last - timedelta(days=back) for back in (2, 1, 0)]
    page = opened(f"/?range=custom&start={days[0]}&end={last}&compare=1")
    line = next(line for line in drawn_series(page, "main") if line["name"] == "Tool calls, previous period")
    assert line["data"] == [calls_of(expected, day - timedelta(days=7)) for day in days]
    whole = {"range": "custom", "start": str(days[0]), "end": str(last)}
    before = expected.previous(whole)
    assert sum(line["data"]) == sum(row[1] for row in expected.rows("tool-usage", before))
    note = " ".join(page.locator("#compared").inner_text().split())
    first = days[0] - timedelta(days=7)
    assert re.match(rf"Compared with {first.day}\b", note), note
    assert note.endswith(": a week earlier, the same weekdays.")


def calls_of(expected: Expected, day: date) -> int:
    rows = expected.rows("tool-usage", {"range": "custom", "start": str(day), "end": str(day)})
    return sum(row[1] for row in rows)


def test_the_tooltip_of_a_tile_has_this_and_the_previous_period(opened: Opener, expected: Expected) -> None:
    query = {"range": "7d"}
    page = opened("/?range=7d")
    ended, before = expected.compared(query)
    now, over, was = (sum(row[1] for row in expected.rows("tool-usage", which)) for which in (query, ended, before))
    assert tile(page, "calls") == now
    page.locator("[data-tile=calls]").hover()
    shown = page.locator("[role=tooltip] dd")
    assert shown.all_inner_texts() == [f"{now:,}", f"{over:,}", f"{was:,}"]


def test_a_click_on_a_release_filters_by_it(opened: Opener) -> None:
    page = opened("/next?range=90d")
    rows = page.locator("#releases tbody tr")
    versions = [row.get_attribute("data-version") for row in rows.all()]
    assert versions[0] is not None
    assert len(versions) > 2
    press(page, "#releases tbody .button")
    assert parameters(page)["version"] == versions[0]
    assert page.locator("#filters [name=version]").input_value() == versions[0]


def test_a_phone_says_which_filters_its_folded_menus_hold(opened: Opener, expected: Expected) -> None:
    page = opened("/?version=1.12.0&provider=openai", width=390)
    chips = page.locator("#chips .text")
    expect(chips).to_have_text(["version: 1.12.0", "provider: openai"])
    for chip in chips.all():
        expect(chip).to_be_visible()
    press(page, "#chips .cross")
    assert parameters(page) == {"provider": "openai"}
    assert_same(usage(page), expected.rows("tool-usage", {"range": "30d", "provider": "openai"}))
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(chips).to_be_hidden()


def test_hidden_internal_events_are_those_of_the_filters(opened: Opener, expected: Expected) -> None:
    hidden = expected.hidden({"range": "30d", "mcp_client": "cursor-vscode"})
    assert 0 < hidden < expected.hidden({"range": "30d"})
    page = opened("/?mcp_client=cursor-vscode")
    expect(page.locator("#hidden-internal")).to_contain_text(f"{hidden:,} internal events hidden")

"""Ranked lists: rates and medians by client and provider, groups that open, and marks of versions without support."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from footfall_collector.show.pages.panels import KUBERNETES_ENDS
from tests.dashboard.browser import ready_count, wait_until_drawn
from tests.dashboard.conftest import Opener
from tests.dashboard.reading import definition_of, fetch, shown_table
from tests.dashboard.truths import Expected


def names(page: Page, panel: str) -> list[str]:
    """The labels of a list, from the top."""
    return [text.strip() for text in page.locator(f"#panel-{panel} .name").all_inner_texts()]


@pytest.mark.parametrize(("panel", "filter_name"), [("client", "mcp_client"), ("provider", "provider")])
def test_error_rates_by_client_and_provider_are_true(
    opened: Opener, expected: Expected, panel: str, filter_name: str
) -> None:
    page = opened("/clients")
    rows = shown_table(page.locator(f"#panel-{panel}-errors"))
    assert len(rows) >= 4
    for name, rate, errors, calls in rows[:3]:
        if name:
            true = expected.rows("tool-errors", {filter_name: name})
            assert (int(calls), int(errors)) == (sum(row[1] for row in true), sum(row[2] for row in true)), name
            assert float(rate) == pytest.approx(int(errors) / int(calls))
    medians = shown_table(page.locator(f"#panel-{panel}-durations"))
    assert {row[0]: row[2] for row in medians} == {row[0]: row[3] for row in rows}


@pytest.mark.parametrize(("panel", "value"), [("tool-usage", 1), ("tool-errors", 3)])
def test_bars_are_as_long_as_their_values_whatever_their_names(opened: Opener, panel: str, value: int) -> None:
    page = opened("/tools")
    values = {row[0]: float(row[value]) for row in shown_table(page.locator(f"#panel-{panel}"))}
    page.locator(f"#panel-{panel} [data-do=table]").click()
    bars = page.locator(f"#panel-{panel} tbody tr").all()
    lengths = {bar.locator(".name").inner_text(): bar.locator(".fill").bounding_box() for bar in bars}
    longest = max(values.values())
    widest = max(box["width"] for box in lengths.values() if box)
    assert widest > 200
    for name, box in lengths.items():
        assert box
        assert box["width"] == pytest.approx(max(3, widest * values.get(name, values.get("other", 0)) / longest), abs=2)


def test_what_is_not_given_stands_last(opened: Opener) -> None:
    page = opened("/clients")
    for panel in ("ai-providers", "provider-errors", "transports"):
        assert names(page, panel)[-1] == "not given", panel
    rates = page.locator("#panel-provider-errors tbody tr td:nth-child(2)").all_inner_texts()[:-1]
    numbers = [float(rate.split()[0]) for rate in rates]
    assert numbers == sorted(numbers, reverse=True)


def test_a_client_opens_its_versions(opened: Opener, expected: Expected) -> None:
    page = opened("/clients")
    panel = page.locator("#panel-mcp-clients")
    name = names(page, "mcp-clients")[0]
    true = [row for row in expected.rows("mcp-clients", {}) if row[0] == name]
    total = panel.locator("tbody tr").first.locator("td.num").first.inner_text()
    assert int(total.replace(",", "")) == sum(row[2] for row in true)
    expander = panel.get_by_role("button", name=f"Versions of {name}")
    expander.focus()
    page.keyboard.press("Enter")
    expect(expander).to_have_attribute("aria-expanded", "true")
    inner = panel.locator("tr.inner")
    expect(inner).to_have_count(len(true))
    before = ready_count(page)
    version = inner.first.locator(".name").inner_text()
    inner.first.locator("button.bar-row").click()
    wait_until_drawn(page, before + 1)
    chips = " ".join(page.locator("#chips").all_inner_texts())
    assert name in chips
    assert version in chips


def test_versions_of_kubernetes_without_support_are_marked(opened: Opener) -> None:
    page = opened("/next")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    rows = page.locator("#panel-kubernetes-versions tbody tr").all()
    assert len(rows) >= 4
    for row in rows:
        version = row.locator(".name").inner_text().split()[0]
        is_over = KUBERNETES_ENDS.get(version, today) < today
        assert row.locator(".tag.bad").count() == is_over, version
    assert page.locator("#panel-kubernetes-trend .legend button").count() >= 3
    before = ready_count(page)
    page.locator("#panel-kubernetes-versions button.bar-row").first.click()
    wait_until_drawn(page, before + 1)
    assert "k8s_version=1." in page.url


@pytest.mark.parametrize(
    ("path", "panel", "what", "question"),
    [
        ("/tools", "tool-usage", "Clients", {"event": "tool_executed", "by": "mcp_client"}),
        ("/clients", "ai-providers", "Clients", {"event": "tool_executed", "by": "mcp_client", "measure": "instances"}),
        (
            "/next",
            "kubernetes-versions",
            "Deployment methods",
            {"event": "server_started", "by": "deployment_method", "measure": "instances"},
        ),
    ],
)
def test_a_row_asks_for_the_rows_below_it_when_it_is_opened(
    opened: Opener, url: str, path: str, panel: str, what: str, question: dict[str, str]
) -> None:
    page = opened(path)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    place = page.locator(f"#panel-{panel}")
    column = definition_of(place)["label"][0]
    value = place.locator("button.bar-row .name").first.inner_text().split()[0]
    expander = place.get_by_role("button", name=f"{what} of {value}", exact=True)
    expander.click()
    inner = place.locator("tr.inner")
    true = fetch(url, "/api/ask", **question, where=f"{column}:is:{value}")["rows"]
    expect(inner).to_have_count(len(true))
    shown = inner.locator("td.num:nth-child(2)").all_inner_texts()
    assert [int(text.replace(",", "")) for text in shown] == [row[1] for row in true]
    if panel == "tool-usage":
        whole = place.locator("tbody tr").first.locator("td.num").first.inner_text()
        assert sum(row[1] for row in true) == int(whole.replace(",", "")), "its calls are those of its clients"
    assert sum("/api/ask" in request for request in requests) == 1, "nothing is asked before"
    expander.click()
    expect(inner).to_have_count(0)
    expander.click()
    expect(inner).to_have_count(len(true))
    assert sum("/api/ask" in request for request in requests) == 1, "nor twice"
    before = ready_count(page)
    inner.first.locator("button.bar-row").click()
    wait_until_drawn(page, before + 1)
    assert value in page.url, "it filters by both"


def test_a_release_opens_its_clients(opened: Opener, url: str) -> None:
    page = opened("/next?range=90d")
    row = page.locator("#releases tr[data-version]").first
    version = row.get_attribute("data-version") or ""
    expander = row.get_by_role("button", name=f"Clients of {version}")
    expander.press("Enter")
    below = page.locator("#releases tr.below li")
    expect(below.first).to_be_visible()
    query = {
        "measure": "events",
        "event": "tool_executed",
        "by": "mcp_client",
        "where": f"product_version:is:{version}",
    }
    rows = fetch(url, "/api/ask", range="90d", **query)["rows"]
    assert below.count() == len(rows)
    before = ready_count(page)
    below.first.get_by_role("button").click()
    wait_until_drawn(page, before + 1)
    assert f"mcp_client={rows[0][0]}" in page.url
    assert f"version={version}" in page.url
    expect(expander).to_have_attribute("aria-expanded", "true")
    expander.click()
    expect(below).to_have_count(0)


def test_a_row_of_durations_filters_by_its_tool_with_the_pointer_and_with_keys(opened: Opener, url: str) -> None:
    tools = [row[0] for row in fetch(url, "/api/charts/tool-duration")["rows"]]
    page = opened("/tools")
    canvas = page.locator("#panel-tool-duration .canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    middle = page.evaluate(
        "tool => echarts.getInstanceByDom(document.querySelector('#panel-tool-duration .canvas'))"
        ".convertToPixel({ yAxisIndex: 0 }, tool)",
        tools[1],
    )
    before = ready_count(page)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + middle)
    wait_until_drawn(page, before + 1)
    assert parse_qs(urlsplit(page.url).query) == {"tool": [tools[1]]}
    before = ready_count(page)
    canvas.press("End")
    canvas.press("Enter")
    wait_until_drawn(page, before + 1)
    assert "tool" not in parse_qs(urlsplit(page.url).query), "a second time removes the filter"


def test_the_oldest_release_shown_is_compared_with_the_one_before_it(opened: Opener, url: str) -> None:
    comparison = fetch(url, "/api/releases", range="90d")
    oldest = comparison["releases"][-1]
    assert comparison["older"] > 0
    assert oldest["before"] not in [each["version"] for each in comparison["releases"]]
    page = opened("/next?range=90d")
    expect(page.locator("#releases")).to_contain_text(f"{comparison['older']} older version")
    row = page.locator(f"#releases tr[data-version='{oldest['version']}']")
    expect(row).to_contain_text(f"vs {oldest['before']}")
    expect(row).not_to_contain_text("no earlier release")

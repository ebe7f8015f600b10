"""Charts as files, by a click on the page."""

import csv
import io
import re
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page

from tests.dashboard.conftest import Opener
from tests.dashboard.reading import shown_table
from tests.dashboard.truths import Expected, assert_same

QUERY = {"provider": "anthropic"}
PATH = "/tools?provider=anthropic"
PNG = b"\x89PNG\r\n\x1a\n"


def downloaded(page: Page, panel: str, entry: str, to: Path) -> tuple[str, bytes]:
    """The file that an entry of a panel's menu gives: its name and content."""
    page.locator(f"#panel-{panel} summary").click()
    with page.expect_download() as found:
        page.locator(f"#panel-{panel} .menu-list").get_by_text(entry).click()
    found.value.save_as(to)
    return found.value.suggested_filename, to.read_bytes()


def test_a_chart_is_downloaded_as_csv_and_parquet(opened: Opener, expected: Expected, tmp_path: Path) -> None:
    page = opened(PATH)
    true = expected.rows("tool-duration", QUERY)
    name, body = downloaded(page, "tool-duration", "CSV", tmp_path / "csv")
    header, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
    assert (name, header) == ("tool-duration.csv", ["tool", "calls", "p50_ms", "p95_ms", "p99_ms"])
    assert_same(rows, true)
    name, _ = downloaded(page, "tool-duration", "Parquet", tmp_path / "parquet")
    assert name == "tool-duration.parquet"
    with duckdb.connect() as connection:
        stored = connection.execute("SELECT * FROM read_parquet(?)", [str(tmp_path / "parquet")]).fetchall()
    assert_same([[str(cell) for cell in row] for row in stored], true)


@pytest.mark.parametrize(
    ("path", "panel"),
    [
        ("/events", "events"),
        ("/", "tool-usage"),
        ("/next", "retention"),
        ("/next", "uptime"),
        ("/tools", "tool-duration"),
    ],
)
def test_every_kind_of_chart_is_downloaded_as_a_picture(opened: Opener, tmp_path: Path, path: str, panel: str) -> None:
    page = opened(path)
    name, body = downloaded(page, panel, "PNG", tmp_path / "png")
    assert (name, body[:8]) == (f"{panel}.png", PNG)
    assert len(body) > 10_000, "more than an empty sheet"
    name, body = downloaded(page, panel, "SVG", tmp_path / "svg")
    text = body.decode()
    assert name == f"{panel}.svg"
    assert page.locator(f"#title-{panel}").inner_text() in text
    assert text.count("<text") > 5
    assert "opens its" not in text, "a row of a picture opens nothing"


def test_a_table_is_sorted_by_a_click_on_its_heading(opened: Opener) -> None:
    page = opened("/tools")
    panel = page.locator("#panel-tool-usage")
    names = [row[0] for row in shown_table(panel)]
    heading = panel.get_by_role("button", name="Tool", exact=True)
    heading.click()
    assert panel.locator("th").first.get_attribute("aria-sort") == "descending"
    heading.click()
    assert [row[0] for row in shown_table(panel)] == sorted(names, key=str.lower)


def test_a_picture_says_what_it_shows(opened: Opener, tmp_path: Path) -> None:
    page = opened("/errors?provider=anthropic&range=90d&where=tool:is_not:query,version")
    name, body = downloaded(page, "error-rate", "SVG", tmp_path / "svg")
    text = body.decode()
    assert name == "error-rate.svg"
    for words in ("Error rate over time", "share of each day", "dot-ai · ", "(UTC)", "provider: anthropic"):
        assert words in text, words
    assert "tool is not query or version" in text
    releases = {row.inner_text() for row in opened("/next?range=90d").locator("#releases td button[aria-label]").all()}
    assert any(f">{release}<" in text for release in releases), "a mark of a release"
    lines = [float(y) for y in re.findall(r"<text[^>]*translate\(16 ([0-9.]+)\)", text)]
    assert len(set(lines)) == len(lines), "no line stands on another"
    _, body = downloaded(opened("/things/tool/query"), "failures-by-mcp_client", "SVG", tmp_path / "thing")
    assert "tool: query" in body.decode(), "the thing that the page is about"


def test_the_csv_of_a_chart_has_what_the_chart_shows(opened: Opener, expected: Expected, tmp_path: Path) -> None:
    page = opened("/next")
    name, body = downloaded(page, "versions", "CSV", tmp_path / "shares")
    header, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
    assert name == "versions.csv"
    shares = [index for index, column in enumerate(header) if column.endswith(", share")]
    assert len(shares) >= 3
    for row in rows:
        assert sum(float(row[index]) for index in shares) == pytest.approx(1), row
    page = opened("/errors")
    _, body = downloaded(page, "error-rate", "CSV", tmp_path / "rates")
    header, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
    true: dict[str, list[int]] = {}
    for day, _, _, calls, errors in expected.rows("versions", {}):
        total = true.setdefault(day, [0, 0])
        true[day] = [total[0] + errors, total[1] + calls]
    assert header == ["day", "Error rate"]
    assert {day: float(rate) for day, rate in rows if rate} == {
        day: pytest.approx(errors / calls) for day, (errors, calls) in true.items() if calls
    }

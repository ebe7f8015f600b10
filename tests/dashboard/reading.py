"""Reads panels, tables, tiles and answers from a page, and the API's numbers to compare with."""

import json
import re
import urllib.parse
import urllib.request
from datetime import datetime
from typing import Any

from playwright.sync_api import Locator, Page

PAGES = {"overview": "/", "tools": "/tools", "errors": "/errors", "clients": "/clients", "next": "/next"}
ALL_PAGES = PAGES | {"events": "/events", "thing": "/things/tool/query", "health": "/data-health"}


def fetch(url: str, path: str, **query: str) -> dict[str, Any]:
    """The JSON at a path of the collector."""
    address = f"{url}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
    with urllib.request.urlopen(address, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def change(method: str, address: str, body: object = None) -> Any:
    """The answer to a change, with a body of JSON or without one. Raises HTTPError where it is refused."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, content, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read() or b"null")


def panels(page: Page) -> list[Locator]:
    """The panels of the open page that show a chart of the API."""
    return [panel for panel in page.locator("[data-panel]").all() if not definition_of(panel).get("asks")]


def definition_of(panel: Locator) -> dict[str, Any]:
    """What a panel shows, and how."""
    definition: dict[str, Any] = json.loads(panel.get_attribute("data-panel") or "{}")
    return definition


def chart_of(panel: Locator) -> str:
    """The id of the chart that a panel shows."""
    return str(definition_of(panel)["chart"])


def shown_table(panel: Locator) -> list[list[str]]:
    """The exact values of a panel's table, row by row; switches the panel to its table first."""
    button = panel.locator("[data-do=table]")
    if button.get_attribute("aria-pressed") != "true":
        button.click()
    panel.locator("table.data, [data-view=empty]").first.wait_for()
    rows: list[list[str]] = panel.evaluate(
        "node => [...node.querySelectorAll('table.data tbody tr')]"
        ".map(row => [...row.cells].map(cell => cell.dataset.value))"
    )
    return rows


def with_days(sentence: str) -> str:
    """A sentence of the API with its days as pages write them: `22 Nov 2026`, `from 26 Oct to 22 Nov 2026`."""

    def written(moment: datetime, form: str) -> str:
        return f"{moment.day}{moment:{form}}".replace("Sep", "Sept")

    def range_shown(days: re.Match[str]) -> str:
        first, last = map(datetime.fromisoformat, days.groups())
        form = " %b %Y" if first.year != last.year else " %b" if first.month != last.month else ""
        begin = written(first, form) if form else str(first.day)
        return written(last, " %b %Y") if first == last else f"{begin} to {written(last, ' %b %Y')}"

    day = r"\b(\d{4}-\d\d-\d\d)\b"
    text = re.sub(f"{day} to {day}", range_shown, sentence)
    return re.sub(day, lambda each: written(datetime.fromisoformat(each[1]), " %b %Y"), text)


def as_shown(rows: list[list[Any]]) -> list[list[str]]:
    """Rows of the API as the text of the table's cells: JavaScript's text of each value, '' for null."""
    return [[_text(value) for value in row] for row in rows]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def tile(page: Page, name: str) -> float:
    """The exact number of a tile."""
    return float(page.locator(f"[data-tile={name}]").get_attribute("data-value") or "nan")


def answer(page: Page) -> str:
    """The sentence that the page opens with."""
    return page.locator("#answer").inner_text()


def drawn_series(page: Page, panel: str) -> list[dict[str, Any]]:
    """The series that the chart library was given, by name."""
    series: list[dict[str, Any]] = page.evaluate(
        "id => echarts.getInstanceByDom(document.querySelector(`#panel-${id} .canvas`)).getOption().series"
        ".filter(line => line.name).map(line => ({name: line.name, data: line.data}))",
        panel,
    )
    return series

"""The data-health page has a place for every table of its data: without one, the page is never drawn."""

import json
from pathlib import Path

from collector.tests.app.http import ask
from tests.support.collector_process import start_collector


def test_every_table_of_the_data_has_its_panel_on_the_page(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        tables = json.loads(ask(collector, "GET", "/api/health").text)["tables"]
        page = ask(collector, "GET", "/data-health").text
    assert tables
    assert [table["id"] for table in tables if f'id="panel-{table["id"]}"' not in page] == []

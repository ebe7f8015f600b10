"""The API's OpenAPI document is served, complete, and the one in the docs."""

import json
from pathlib import Path

from collector.tests.app.http import ask
from tests.support.collector_process import start_collector


def test_the_document_names_every_path_of_the_api_and_is_the_one_in_the_docs(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        served = ask(collector, "GET", "/api/openapi.json").json
        for path in served["paths"]:
            named = path.replace("{name}", "overview" if "pages" in path else "tool-usage")
            assert ask(collector, "GET", named).status == 200, path
    assert served == json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text("utf-8"))

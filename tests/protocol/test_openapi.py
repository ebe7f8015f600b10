"""The API conforms to its OpenAPI document: schemathesis sends a running collector any request the document allows."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collector.tests.app.http import ask
from tests.dashboard.feeding import feed
from tests.oracle.fleet import Fleet
from tests.oracle.world import HOUR
from tests.support.collector_process import start_collector

SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))
EXAMPLES, SECONDS = (500, 900) if os.environ.get("SOAK") else (5, 40)
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
)


@pytest.mark.timeout(SECONDS + 200)
def test_the_api_conforms_to_its_document(tmp_path: Path) -> None:
    fleet = Fleet(instances=3, days=5, seed=7, end=int(time.time()) // HOUR * HOUR)
    with start_collector(tmp_path / "data", segment_seconds=0.1) as collector:
        feed(collector.url, fleet)
        command = [SCHEMATHESIS, "run", f"{collector.url}/api/openapi.json", "--no-color", "--workers", "2"]
        command += ["--checks", ",".join(CHECKS), "--phases", "fuzzing"]
        command += ["--max-examples", str(EXAMPLES), "--max-time", str(SECONDS)]
        run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
        assert "Traceback" not in collector.output


def test_every_path_of_the_document_answers_and_the_document_is_the_one_in_the_docs(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        served = ask(collector, "GET", "/api/openapi.json").json
        for path in served["paths"]:
            names = {"/api/pages/{name}": "overview", "/api/things/{name}": "tool?thing=query"}
            named = path.replace("{name}", names.get(path, "tool-usage"))
            assert ask(collector, "GET", named).status == 200, path
    assert served == json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text("utf-8"))

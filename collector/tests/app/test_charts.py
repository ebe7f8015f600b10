"""From a request to a chart, through the real process: seen within two seconds, counted once, products apart."""

import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.tests.answer.chart_rows import equal
from collector.tests.app.http import ask, counter, post
from collector.tests.receive.shapes import SECRET_TEXT, TOKEN, batch, event, gzipped
from tests.oracle.behaviour import BEHAVIOUR_ANSWERS
from tests.oracle.fleet import Fleet
from tests.oracle.matching import OracleQuery
from tests.oracle.truth import ANSWERS, Truth
from tests.oracle.world import DAY
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[3]
SEEN_SECONDS = 2.0

RECORDED_ROWS = {
    "tool-usage": [["recommend", 1, 1, 1.0]],
    "tool-errors": [["recommend", 1, 0, 0.0]],
    "tool-duration": [["recommend", 1, 1200.0, 1200.0, 1200.0]],
    "error-types": [["remediate", "KubernetesAPIError", 1, 1]],
    "ai-providers": [["anthropic", 1, 1]],
    "mcp-clients": [["claude-code", "1.0.48", 1, 1, 1]],
    "transports": [[None, 1, 1]],
    "kubernetes-versions": [["1.31", 1, 1]],
    "deployment-methods": [["helm", 1, 1]],
}
"""The charts' rows for the recorded request, as far as they don't depend on today's date."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector with default settings."""
    with start_collector(tmp_path_factory.mktemp("live") / "data") as started:
        yield started


def chart(collector: CollectorProcess, name: str, **query: str) -> Any:
    answer = ask(collector, "GET", f"/api/charts/{name}?" + "&".join(f"{k}={v}" for k, v in query.items()))
    assert answer.status == 200, answer.text
    return answer.json


def ids(collector: CollectorProcess) -> list[str]:
    return [spec["id"] for spec in ask(collector, "GET", "/api/charts").json["charts"]]


def test_the_recorded_request_is_in_every_chart_within_two_seconds(
    live: CollectorProcess, recorded_body: dict[str, Any]
) -> None:
    assert post(live, gzipped(json.dumps(recorded_body).encode()), content_encoding="gzip").status == 200
    acknowledged = time.monotonic()
    # What instances do over days and weeks can't be told from a single request.
    waiting, found = set(ANSWERS), {}
    assert set(ids(live)) == ANSWERS.keys() | BEHAVIOUR_ANSWERS.keys()
    while waiting:
        for name in sorted(waiting):
            answer = chart(live, name, product="dot-ai", internal="all")
            if answer["rows"]:
                found[name] = answer["rows"]
                waiting.discard(name)
        assert time.monotonic() - acknowledged < SEEN_SECONDS, f"not seen: {waiting}"
    assert {name: found[name] for name in RECORDED_ROWS} == RECORDED_ROWS
    assert sum(row[2] for row in found["events"]) == 5
    assert [row[3] for row in found["uptime"]] == [0, 0, 0, 0, 1, 0, 0, 0]
    assert found["versions"][0][1:] == ["0.0.0", 1, 1, 0]
    assert found["active-instances"][-1][1:] == [1, 1, 1, 0]
    assert found["retention"][0][1:] == [0, 1, 1, 1.0]


def test_a_chart_has_exactly_the_form_that_is_promised(live: CollectorProcess) -> None:
    answer = chart(live, "tool-usage", internal="all")
    assert {"id", "title", "columns", "rows", "generated_at"} <= answer.keys()
    assert (answer["id"], answer["columns"][0]) == ("tool-usage", "tool")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer["generated_at"])


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (f"{SECRET_TEXT}=1", "There is no such filter"),
        (f"range={SECRET_TEXT}", "range must be 1h, 24h"),
        (f"internal={SECRET_TEXT}", "internal must be hide, only or all"),
        (f"product={SECRET_TEXT}", "There is no such product"),
        (f"start={SECRET_TEXT}", "start must be a UTC day"),
        ("start=2026-11-05&end=2026-11-01", "start is not before end"),
        ("start=9999-12-31", "start is not before end"),
        ("end=0001-01-01T00:00:00%2B14:00", "end must be a UTC day"),
        ("range=30d&start=2026-11-01", "either range, or start and end"),
        ("range=custom", "range=custom needs"),
        (f"version={SECRET_TEXT * 10}", "longer than 200"),
    ],
)
def test_an_invalid_filter_is_refused_in_a_sentence_that_repeats_nothing(
    live: CollectorProcess, query: str, says: str
) -> None:
    answer = ask(live, "GET", f"/api/charts/tool-usage?{query}")
    assert (answer.status, answer.headers["content-type"]) == (400, "application/json")
    assert says in answer.json["error"]
    assert SECRET_TEXT not in answer.text
    assert SECRET_TEXT not in live.output


def test_a_chart_that_does_not_exist_is_a_plain_404(live: CollectorProcess) -> None:
    answer = ask(live, "GET", f"/api/charts/{SECRET_TEXT}")
    assert (answer.status, SECRET_TEXT in answer.text) == (404, False)
    assert "tool-usage" in answer.json["error"]


def test_a_posted_fleet_is_answered_as_plain_python_counts_it(tmp_path: Path) -> None:
    end = int(time.time()) - 5
    fleet = Fleet(instances=40, days=20, seed=11, end=end)
    truth = Truth(fleet.events())
    command = [
        sys.executable,
        str(ROOT / "tests" / "oracle" / "fleet.py"),
        "--instances",
        "40",
        "--days",
        "20",
        "--seed",
        "11",
    ]
    with start_collector(tmp_path / "data") as collector:
        subprocess.run([*command, "--end", str(end), "--post", collector.url, "--key", TOKEN], check=True)
        wait_for(lambda: counter(collector, "events_stored") == sum(1 for _ in fleet.events()), "the events")
        start, last = end // DAY - 25, end // DAY
        query = {"start": day(start), "end": day(last), "internal": "hide"}
        oracle_query = OracleQuery(start * DAY, (last + 1) * DAY, "hide")
        for name in ids(collector):
            answer = chart(collector, name, **query)
            assert equal(answer["rows"], truth.chart(name, oracle_query)), name
            assert answer["hidden_internal"] == truth.hidden_internal(oracle_query) > 0


def day(number: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=number)).strftime("%Y-%m-%d")


def test_events_acknowledged_before_a_kill_are_in_the_charts_once(tmp_path: Path) -> None:
    names = [str(uuid.uuid4()) for _ in range(30)]
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    events = [event(uuid=name, timestamp=stamp) for name in names]
    collector = start_collector(tmp_path / "data")
    for one in events:
        assert post(collector, batch(one)).status == 200
    collector.kill()
    with start_collector(tmp_path / "data") as again:
        # The sender got no answers, so it sends everything again.
        assert post(again, batch(*events)).status == 200
        wait_for(lambda: counter(again, "events_known") >= 30, "the repeated events")
        assert chart(again, "tool-usage")["rows"] == [["recommend", 30, 1, 1.0]]


TWO_PRODUCTS = """
[products.dot-ai]
[products.other-product]
tools = ["query"]
"""


def test_products_have_keys_and_data_of_their_own(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "footfall.toml").write_text(TWO_PRODUCTS)
    for product in ("dot-ai", "other-product"):
        command = [sys.executable, "-m", "footfall_collector", "keys", "add", "--data", str(data)]
        subprocess.run([*command, "--product", product, f"phc_of_{product}"], check=True, capture_output=True)
    with start_collector(data) as collector:
        mine = batch(event(), event()).replace(TOKEN.encode(), b"phc_of_dot-ai")
        theirs = batch(event(tool="query"), event(), event()).replace(TOKEN.encode(), b"phc_of_other-product")
        assert [post(collector, body).status for body in (mine, theirs, batch(event()))] == [200, 200, 401]
        wait_for(lambda: counter(collector, "events_stored") == 5, "the events")
        assert chart(collector, "tool-usage", product="dot-ai")["rows"] == [["recommend", 2, 1, 1.0]]
        rows = chart(collector, "tool-usage", product="other-product")["rows"]
        assert [row[:3] for row in rows] == [["other", 2, 1], ["query", 1, 1]]
        refused = ask(collector, "GET", "/api/charts/tool-usage")
        assert (refused.status, "dot-ai, other-product" in refused.json["error"]) == (400, True)


def test_internal_events_are_hidden_and_counted_unless_asked_for(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as collector:
        assert post(collector, batch(event(), event(is_internal=True), event(is_internal=True))).status == 200
        wait_for(lambda: counter(collector, "events_stored") == 3, "the events")
        shown = {internal: chart(collector, "tool-usage", internal=internal) for internal in ("hide", "only", "all")}
        assert {name: (answer["rows"][0][1], answer["hidden_internal"]) for name, answer in shown.items()} == {
            "hide": (1, 2), "only": (2, 0), "all": (3, 0),
        }  # fmt: skip

"""A request that the TypeScript server of dot-ai really sent fills the same charts as this repository's toolkit."""

import gzip
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from scripts.demo.charts import chart
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.mcp_clients import Caller
from tests.support.toolkit_process import clean_environment, over_stdio, telemetry_to
from tests.support.waiting import wait_for

RECORDED = json.loads((Path(__file__).parents[1] / "data/dot-ai-batch.json").read_text())
KEY = RECORDED["body"]["api_key"]

COMMON = {"dot_ai_version", "ai_provider", "is_internal"}
PROMISED = {
    "tool_executed": {"tool", "success", "duration_ms", "mcp_client"},
    "tool_error": {"tool", "error_type"},
    "server_started": {"k8s_version", "deployment_method"},
    "server_stopped": {"uptime_seconds"},
    "client_connected": {"mcp_client", "mcp_client_version", "transport"},
}
PROTOCOL = {"$geoip_disable"}  # a constant of every event, which says nothing about anyone


def beyond_the_promise() -> int:
    """How many properties of the recorded request the promise does not name."""
    return sum(
        len(event["properties"].keys() - PROMISED[event["event"]] - COMMON - PROTOCOL)
        for event in RECORDED["body"]["batch"]
    )


def replay(collector: CollectorProcess) -> None:
    """Send the request as it was recorded, and get the answer that its sender needs."""
    body = gzip.compress(json.dumps(RECORDED["body"]).encode())
    own = ("connection", "content-length", "accept-encoding")
    headers = {name: value for name, value in RECORDED["headers"].items() if name not in own}
    request = urllib.request.Request(collector.url + RECORDED["path"], body, headers, method=RECORDED["method"])
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert (answer.status, answer.read()) == (200, b'{"status":1}')


def rows(collector: CollectorProcess, name: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in chart(collector.url, name, range="all")]


def stored(collector: CollectorProcess) -> int:
    """How many events the charts count."""
    return sum(row["events"] for row in chart(collector.url, "events", range="all"))


@pytest.fixture
def collector(tmp_path: Path) -> Any:
    with start_collector(tmp_path / "data") as running:
        yield running


def test_every_event_of_it_is_in_the_charts(collector: CollectorProcess) -> None:
    replay(collector)
    wait_for(lambda: stored(collector) == 5, "five events in the charts")
    assert rows(collector, "tool-usage") == [("recommend", 1, 1, 1.0)]
    assert rows(collector, "tool-errors") == [("recommend", 1, 0, 0.0)]
    assert rows(collector, "tool-duration") == [("recommend", 1, 1200.0, 1200.0, 1200.0)]
    assert rows(collector, "error-types") == [("remediate", "KubernetesAPIError", 1, 1)]
    assert rows(collector, "ai-providers") == [("anthropic", 1, 1)]
    assert rows(collector, "mcp-clients") == [("claude-code", "1.0.48", 1, 1, 1)]
    assert rows(collector, "kubernetes-versions") == [("1.31", 1, 1)]
    assert rows(collector, "deployment-methods") == [("helm", 1, 1)]
    assert [row[1:] for row in rows(collector, "versions")] == [("0.0.0", 1, 1, 0)]
    assert [row[1:3] for row in rows(collector, "uptime") if row[3]] == [(3600.0, 21600.0)]


def test_its_events_and_those_of_our_own_client_are_in_the_same_charts(
    collector: CollectorProcess, tmp_path: Path
) -> None:
    replay(collector)
    environment = clean_environment(tmp_path / "home", **telemetry_to(collector.url, KEY))
    Caller("claude-code", "2.0.51", modern=True).call(over_stdio(environment), ("version", {}), ("version", {}))
    wait_for(lambda: stored(collector) == 5 + 5, "the events of both")
    assert [row[:3] for row in rows(collector, "tool-usage")] == [("version", 2, 1), ("recommend", 1, 1)]
    assert rows(collector, "mcp-clients") == [("claude-code", "1.0.48", 1, 1, 3), ("claude-code", "2.0.51", 1, 1, 3)]


def test_sent_twice_it_counts_once(collector: CollectorProcess) -> None:
    replay(collector)
    wait_for(lambda: stored(collector) == 5, "five events in the charts")
    replay(collector)
    wait_for(lambda: fact(collector, "known") == 5, "five events known already")
    assert stored(collector) == 5


def test_what_it_carries_beyond_the_promise_is_counted_and_kept_nowhere(collector: CollectorProcess) -> None:
    replay(collector)
    wait_for(lambda: stored(collector) == 5, "five events in the charts")
    assert beyond_the_promise() == 18
    assert fact(collector, "dropped") == 18
    assert collector.stop() == 0
    kept = b"".join(path.read_bytes() for path in collector.data_dir.rglob("*") if path.is_file())
    assert b"KubernetesAPIError" in kept
    for beyond in (b"posthog-node", b"$lib", b"5.70.0", b"cluster_f809cce5a77d3fbe", b"$ip", b"127.0.0.1"):
        assert beyond not in kept, beyond
        assert beyond.decode() not in collector.output.replace(collector.url, ""), beyond


def fact(collector: CollectorProcess, name: str) -> int:
    """A number of the data-health page."""
    with urllib.request.urlopen(f"{collector.url}/api/health", timeout=10) as answer:
        return int(next(f["value"] for f in json.load(answer)["facts"] if f["id"] == name))

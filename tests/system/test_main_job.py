"""From a tool call to a chart: real servers, real clients, a real collector; every chart holds what happened."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

import pytest

from scripts.demo.charts import chart
from scripts.demo.standin import StandIn
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.mcp_clients import Call, Caller, Outcome
from tests.support.toolkit_process import clean_environment, over_stdio, start_toolkit, telemetry_to
from tests.support.waiting import wait_for

OLD = Caller("cursor-vscode", "1.9.3", modern=False)
MODERN = Caller("claude-code", "2.0.51", modern=True)
AT_HOME = Caller("goose", "1.14.2", modern=False)

IN_A_CLUSTER: tuple[Call, ...] = (
    ("query", {"kind": "pods"}),
    ("query", {"kind": "deployments"}),
    ("query", {"kind": "nodes"}),
    ("logs", {"pod": "web-1", "namespace": "shop"}),
    ("no_such_tool", {}),
)
WITHOUT_A_CLUSTER: tuple[Call, ...] = (("query", {"kind": "pods"}), ("version", {}))
IN_CI: tuple[Call, ...] = (("version", {}),)


@dataclass
class Day:
    """What happened, and the collector that should know."""

    collector: CollectorProcess
    outcomes: list[Outcome] = field(default_factory=list)

    def rows(self, name: str, **filters: str) -> list[tuple[Any, ...]]:
        """A chart's rows."""
        return [tuple(row.values()) for row in chart(self.collector.url, name, **{"internal": "hide", **filters})]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Three installations: one in a cluster over HTTP with two clients, one at home over stdio, one in CI."""
    home = tmp_path_factory.mktemp("homes")
    cluster = StandIn(forbidden=("nodes",)).start()
    kubeconfig = home / "kubeconfig"
    kubeconfig.write_text(cluster.kubeconfig)
    with start_collector(home / "collector") as collector:
        found = Day(collector)
        telemetry = telemetry_to(collector.url)
        own = {"KUBECONFIG": str(kubeconfig), "ANTHROPIC_API_KEY": "key", "DOT_AI_DEPLOYMENT_METHOD": "helm"}
        with start_toolkit(clean_environment(home / "one", **telemetry, **own)) as toolkit:
            for caller in (OLD, MODERN):
                found.outcomes += caller.call(toolkit.url, *IN_A_CLUSTER)
        own = {"OPENAI_API_KEY": "key", "DOT_AI_DEPLOYMENT_METHOD": "local"}
        server = over_stdio(clean_environment(home / "two", **telemetry, **own))
        found.outcomes += AT_HOME.call(server, *WITHOUT_A_CLUSTER)
        AT_HOME.call(over_stdio(clean_environment(home / "three", **telemetry, CI="true")), *IN_CI)
        wait_for(lambda: arrived(collector, "server_stopped") == 3, "three farewells in the charts")
        yield found
    cluster.stop()


def arrived(collector: CollectorProcess, event: str) -> int:
    """How many of an event the charts count."""
    return sum(row["events"] for row in chart(collector.url, "events") if row["event"] == event)


def test_what_the_clients_saw_is_what_should_be_counted(day: Day) -> None:
    failed = [(outcome.tool, outcome.failed) for outcome in day.outcomes]
    once = [("query", False), ("query", False), ("query", True), ("logs", False), ("no_such_tool", True)]
    assert failed == [*once, *once, ("query", True), ("version", False)]


def test_tools_are_counted_with_their_errors(day: Day) -> None:
    assert day.rows("tool-usage") == [
        ("query", 7, 2, 7 / 12),
        ("logs", 2, 1, 2 / 12),
        ("other", 2, 1, 2 / 12),
        ("version", 1, 1, 1 / 12),
    ]
    assert day.rows("tool-errors") == [
        ("other", 2, 2, 1.0),
        ("query", 7, 3, 3 / 7),
        ("logs", 2, 0, 0.0),
        ("version", 1, 0, 0.0),
    ]
    assert day.rows("error-types") == [
        ("other", "ToolError", 2, 1),
        ("query", "ForbiddenException", 2, 1),
        ("query", "ConfigException", 1, 1),
    ]


def test_durations_lie_within_what_the_clients_measured(day: Day) -> None:
    rows = {row[0]: row for row in day.rows("tool-duration")}
    for tool, calls, p50, p95, p99 in rows.values():
        most = max(o.milliseconds for o in day.outcomes if o.tool == tool or tool == "other")
        assert 0 < p50 <= p95 <= p99 <= most * 1.05
        assert calls == sum(o.tool == tool or (tool, o.tool) == ("other", "no_such_tool") for o in day.outcomes)


def test_clients_transports_and_providers_are_told_apart(day: Day) -> None:
    assert day.rows("mcp-clients") == [
        ("claude-code", "2.0.51", 1, 1, 5),
        ("cursor-vscode", "1.9.3", 1, 1, 5),
        ("goose", "1.14.2", 1, 1, 2),
    ]
    assert day.rows("transports") == [("streamable-http", 2, 1), ("stdio", 1, 1)]
    assert day.rows("ai-providers") == [("anthropic", 1, 10), ("openai", 1, 2)]


def test_installations_are_counted_with_their_surroundings(day: Day) -> None:
    assert sorted(day.rows("kubernetes-versions"), key=str) == [("1.34", 1, 1), (None, 1, 1)]
    assert sorted(day.rows("deployment-methods")) == [("helm", 1, 1), ("local", 1, 1)]
    assert [row[1:] for row in day.rows("versions")] == [("2.2.0", 2, 12, 5)]
    assert [row[1:] for row in day.rows("active-instances")] == [(2, 2, 2, 0)]
    assert [row[1:] for row in day.rows("retention")] == [(0, 2, 2, 1.0)]
    assert sum(row[3] for row in day.rows("uptime")) == 2


def test_ci_is_hidden_unless_asked_for_and_the_answer_says_how_much_is_hidden(day: Day) -> None:
    with urllib.request.urlopen(f"{day.collector.url}/api/charts/tool-usage", timeout=10) as answer:
        assert json.load(answer)["hidden_internal"] == 4
    assert [row[:2] for row in day.rows("tool-usage", internal="only")] == [("version", 1)]
    assert ("version", 2) in [row[:2] for row in day.rows("tool-usage", internal="all")]


def test_events_are_counted_as_often_as_they_happened(day: Day) -> None:
    assert sorted(row[1:] for row in day.rows("events")) == [
        ("client_connected", 3),
        ("server_started", 2),
        ("server_stopped", 2),
        ("tool_error", 5),
        ("tool_executed", 12),
    ]


@pytest.mark.parametrize(
    ("filters", "calls"),
    [({"version": "2.2.0"}, 12), ({"version": "1.0"}, 0), ({"provider": "openai"}, 2), ({"range": "24h"}, 12)],
    ids=str,
)
def test_filters_narrow_what_is_counted(filters: dict[str, str], calls: int, day: Day) -> None:
    assert sum(row[1] for row in day.rows("tool-usage", **filters)) == calls


def test_another_product_and_a_wrong_filter_are_refused_with_a_sentence(day: Day) -> None:
    for query in ("product=other", "range=ever"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{day.collector.url}/api/charts/tool-usage?{query}", timeout=10)
        assert refused.value.code == 400
        assert json.load(refused.value)["error"].endswith(".")


def test_no_address_and_nothing_that_was_asked_is_kept_or_logged(day: Day) -> None:
    """In the collector's files and its output: no argument, no key, no raw instance ID; addresses only its own."""
    home = day.collector.data_dir.parent
    raw = [json.loads(p.read_text())["id"] for p in home.glob("*/.local/state/footfall/dot-ai/identity.json")]
    assert len(raw) == 3
    kept = b"".join(path.read_bytes() for path in day.collector.data_dir.rglob("*") if path.is_file())
    assert b"claude-code" in kept
    for secret in (*raw, "web-1", "no_such_tool", "127.0.0.1", "shop"):
        assert secret.encode() not in kept, secret
    assert [line for line in day.collector.lines if "127.0.0.1" in line and "http://127.0.0.1" not in line] == []

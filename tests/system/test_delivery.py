"""Nothing is lost and nothing counts twice: servers and collectors that die, and come back."""

import gzip
import json
import signal
import urllib.request
import uuid
from datetime import UTC, datetime
from pathlib import Path

from scripts.demo.charts import chart
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.mcp_clients import Call, Caller
from tests.support.toolkit_process import clean_environment, over_stdio, start_toolkit, telemetry_to
from tests.support.waiting import steadily, wait_for

CLIENT = Caller("claude-code", "2.0.51", modern=True)
VERSION: Call = ("version", {})
NOBODY = "http://127.0.0.1:9"
BACK_OFF_SECONDS = 25.0
"""After its first failure the client waits for at most ten seconds, after its second for at most twenty."""


def calls(collector: CollectorProcess) -> dict[str, int]:
    """Calls by tool."""
    return {row["tool"]: row["calls"] for row in chart(collector.url, "tool-usage")}


def events(collector: CollectorProcess) -> dict[str, int]:
    """Events by name."""
    return {row["event"]: row["events"] for row in chart(collector.url, "events")}


def test_what_a_killed_server_had_recorded_is_delivered_by_the_next_one(tmp_path: Path) -> None:
    """SIGKILL right after the call, before anything was sent: the next process on the same directory sends it."""
    home = tmp_path / "home"
    # In its grace period the first one sends nothing, so no back-off delays the second one, which has no grace.
    hesitant = clean_environment(home, **telemetry_to(NOBODY, grace=600))
    with start_toolkit(hesitant) as toolkit:
        CLIENT.call(toolkit.url, VERSION, ("no_such_tool", {}))
        assert toolkit.end(signal.SIGKILL) == -signal.SIGKILL
    with start_collector(tmp_path / "data") as collector:
        environment = clean_environment(home, **telemetry_to(collector.url))
        CLIENT.call(over_stdio(environment), VERSION)
        wait_for(lambda: calls(collector) == {"version": 2, "other": 1}, "the calls of both servers")
        seen = {"server_started": 2, "client_connected": 2, "tool_executed": 3, "tool_error": 1, "server_stopped": 1}
        wait_for(lambda: events(collector) == seen, "every event of both servers, and no farewell of the killed one")
        assert [row["daily"] for row in chart(collector.url, "active-instances")] == [1]


def test_a_collector_that_dies_while_a_server_runs_gets_everything_once_it_is_back(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data") as first:
        port = first.port
        environment = clean_environment(tmp_path / "home", **telemetry_to(first.url))
        with start_toolkit(environment) as toolkit:
            CLIENT.call(toolkit.url, VERSION)
            wait_for(lambda: calls(first) == {"version": 1}, "the first call")
            first.kill()
            CLIENT.call(toolkit.url, VERSION, VERSION)
            with start_collector(tmp_path / "data", port=port) as second:
                wait_for(lambda: calls(second) == {"version": 3}, "the calls made during the outage", BACK_OFF_SECONDS)
                steadily(lambda: calls(second) == {"version": 3}, "three calls, not more", 1.0)
                assert toolkit.end() == -signal.SIGTERM
                whole = {"server_started": 1, "client_connected": 1, "tool_executed": 3, "server_stopped": 1}
                wait_for(lambda: events(second) == whole, "the whole life of the server", BACK_OFF_SECONDS)


def test_what_a_collector_has_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    """Killed as soon as the 200 is here, again and again, on the same directory."""
    rounds, batch = 3, 40
    for number in range(1, rounds + 1):
        with start_collector(tmp_path / "data") as collector:
            assert post(collector, batch) == b'{"status":1}'
            assert collector.kill() == -signal.SIGKILL
        with start_collector(tmp_path / "data") as collector:
            expected = {"recommend": number * batch}
            wait_for(lambda: calls(collector) == expected, f"{expected}")  # noqa: B023 - asked at once
            assert events(collector) == {"tool_executed": number * batch}


def post(collector: CollectorProcess, count: int) -> bytes:
    """Send a batch of calls as a client would; the answer."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {
        "event": "tool_executed",
        "distinct_id": "local_0123456789abcdef",
        "timestamp": now,
        "properties": {"tool": "recommend", "success": True, "duration_ms": 12, "mcp_client": "claude-code"},
    }
    body = {"api_key": "phc_x", "sent_at": now, "batch": [{**event, "uuid": str(uuid.uuid4())} for _ in range(count)]}
    request = urllib.request.Request(
        f"{collector.url}/batch/",
        gzip.compress(json.dumps(body).encode()),
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
        return bytes(answer.read())

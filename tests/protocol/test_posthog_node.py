"""The real posthog-node: every event counted once, no complaint, no request more than its batches need."""

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from scripts.demo.charts import chart
from tests.protocol.events import KEY, PLANTED, TIMES, expected, refusals, to_capture
from tests.protocol.sdk_table import assert_listed
from tests.protocol.talk import Talk

PROGRAM = Path(__file__).parent / "programs" / "send.cjs"
OLD_PROGRAM = PROGRAM.with_name("send-old.cjs")
INSTALLED = Path(__file__).parent / "node" / "node_modules" / "posthog-node"


@pytest.mark.parametrize(
    ("options", "requests"),
    [
        pytest.param({}, 1, id="as it is"),
        pytest.param({"flushAt": 9, "maxBatchSize": 9}, 4, id="four batches"),
        pytest.param({"flushAt": 100, "disableCompression": True}, 1, id="not compressed"),
    ],
)
def test_v0_delivers_every_event_once(talk: Talk, options: dict[str, Any], requests: int) -> None:
    assert sent_by_node(talk, options, to_capture()) == []
    assert [request.head.split()[1] for request in talk.deliveries()] == [b"/batch/"] * requests
    assert talk.statuses() == Counter({200: requests})
    talk.assert_counted_once(expected(), refusals())
    assert_listed(talk, "posthog-node", version_of("posthog-node"))
    talk.assert_nothing_kept()


def test_v1_delivers_every_event_once(talk: Talk) -> None:
    ours = [event for event in to_capture() if event["event"] in expected()]
    assert sent_by_node(talk, {"flushAt": 100}, ours, POSTHOG_CAPTURE_MODE="v1") == []
    [delivery] = talk.deliveries()
    assert delivery.head.startswith(b"POST /i/v1/analytics/events")
    assert talk.statuses() == Counter({200: 1})
    talk.assert_counted_once(expected(), 0)
    assert_listed(talk, "posthog-node", version_of("posthog-node"))


def test_persons_flags_and_exceptions_are_refused_without_a_complaint(talk: Talk) -> None:
    assert sent_by_node(talk, {}, [], PLANTED) == []
    assert {event["event"] for event in talk.sent()} >= {"$identify", "$exception"}
    assert set(talk.statuses()) == {200}
    talk.assert_counted_once(Counter(), len(talk.sent()))
    talk.assert_nothing_kept()


@pytest.mark.parametrize("flush_at", [7, 100], ids=["six requests", "one request"])
@pytest.mark.parametrize("release", ["posthog-node-1", "posthog-node-2"])
def test_a_release_that_gives_no_uuid_delivers_equal_events_apart(talk: Talk, release: str, flush_at: int) -> None:
    events = to_capture()
    assert run_node([str(OLD_PROGRAM), talk.url, KEY, release, str(flush_at)], {"capture": events}) == ""
    assert not any(event.get("uuid") for event in talk.sent())
    assert set(talk.statuses()) == {200}
    talk.assert_counted_once(expected(), refusals())
    assert_listed(talk, "posthog-node", version_of(release))
    talk.assert_nothing_kept()


def test_the_release_that_dot_ai_uses_fills_the_bar_of_its_provider(talk: Talk) -> None:
    """The same calls as dot-ai's telemetry module makes with AI_PROVIDER=anthropic_opus."""
    events = [
        {**event, "properties": event["properties"] | {"ai_provider": provider, "mcp_client_version": "1.0.48"}}
        for provider in ("anthropic", "anthropic_opus", "unknown")
        for event in to_capture()
        if event["event"] == "tool_executed"
    ]
    complaints = run_node([str(PROGRAM), talk.url, KEY, '{"flushAt": 10}', "posthog-node-5-34"], {"capture": events})
    assert json.loads(complaints) == []
    talk.assert_counted_once(Counter({"tool_executed": len(events)}), 0)
    assert_listed(talk, "posthog-node", version_of("posthog-node-5-34"))
    rows = {row["ai_provider"]: row["calls"] for row in chart(talk.collector.url, "ai-providers", range="all")}
    assert rows == {"anthropic": 2 * TIMES, "none": TIMES}


def sent_by_node(
    talk: Talk, options: dict[str, Any], events: list[dict[str, Any]], planted: str = "", **environment: str
) -> list[Any]:
    """Send events with posthog-node in a separate process; returns its complaints."""
    command = [str(PROGRAM), talk.url, KEY, json.dumps(options)]
    complaints: list[Any] = json.loads(run_node(command, {"capture": events, "planted": planted}, **environment))
    return complaints


def version_of(release: str) -> str:
    """The version of an installed release, by the name of its folder."""
    version: str = json.loads((INSTALLED.with_name(release) / "package.json").read_text("utf-8"))["version"]
    return version


def run_node(command: list[str], given: dict[str, Any], **environment: str) -> str:
    """Run a program of Node.js; what it printed. It must say nothing on stderr."""
    assert INSTALLED.exists(), "posthog-node is not installed: run `make node`"
    node = shutil.which("node")
    assert node, "the tests of posthog-node need Node.js"
    ended = subprocess.run(
        [node, *command],
        input=json.dumps(given),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stderr == ""
    return ended.stdout

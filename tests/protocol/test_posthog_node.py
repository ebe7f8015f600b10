"""The real posthog-node: every event counted once, no complaint, no request more than its batches need."""

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.protocol.events import KEY, PLANTED, expected, refusals, to_capture
from tests.protocol.talk import Talk

PROGRAM = Path(__file__).parent / "programs" / "send.cjs"
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
    talk.assert_nothing_kept()


def test_v1_delivers_every_event_once(talk: Talk) -> None:
    ours = [event for event in to_capture() if event["event"] in expected()]
    assert sent_by_node(talk, {"flushAt": 100}, ours, POSTHOG_CAPTURE_MODE="v1") == []
    [delivery] = talk.deliveries()
    assert delivery.head.startswith(b"POST /i/v1/analytics/events")
    assert talk.statuses() == Counter({200: 1})
    talk.assert_counted_once(expected(), 0)


def test_persons_flags_and_exceptions_are_refused_without_a_complaint(talk: Talk) -> None:
    assert sent_by_node(talk, {}, [], PLANTED) == []
    assert {event["event"] for event in talk.sent()} >= {"$identify", "$exception"}
    assert set(talk.statuses()) == {200}
    talk.assert_counted_once(Counter(), len(talk.sent()))
    talk.assert_nothing_kept()


def sent_by_node(
    talk: Talk, options: dict[str, Any], events: list[dict[str, Any]], planted: str = "", **environment: str
) -> list[Any]:
    """Send events with posthog-node in a process of its own; what it complained of."""
    assert INSTALLED.exists(), "posthog-node is not installed: run `make node`"
    node = shutil.which("node")
    assert node, "the tests of posthog-node need Node.js"
    ended = subprocess.run(
        [node, str(PROGRAM), talk.url, KEY, json.dumps(options)],
        input=json.dumps({"capture": events, "planted": planted}),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stderr == ""
    complaints: list[Any] = json.loads(ended.stdout)
    return complaints

"""Requests of posthog-php before 4.2 are counted: no uuid, timestamps to the second, SDK-specific fields."""

import json
from collections import Counter
from typing import Any

import pytest

from collector.tests.app.http import counter, post
from tests.protocol.events import COMMON, COUNTED, KEY
from tests.protocol.talk import Talk
from tests.support.waiting import wait_for


def request_of(*names: str) -> bytes:
    """The body of one request with these events, as the SDK's LibCurl consumer posts it."""
    own = {"$lib": "posthog-php", "$lib_version": "3.0.3", "$lib_consumer": "LibCurl"}
    batch: list[dict[str, Any]] = [
        {
            "distinct_id": "cluster_f809cce5a77d3fbe",
            "event": name,
            "properties": {**COUNTED[name], **COMMON, **own},
            "library": "posthog-php",
            "library_version": "3.0.3",
            "library_consumer": "LibCurl",
            "groups": [],
            "timestamp": "2026-11-20T10:00:00+00:00",
            "type": "capture",
        }
        for name in names
    ]
    return json.dumps({"batch": batch, "api_key": KEY}).encode()


def assert_counted(talk: Talk, **expected: int) -> None:
    wait_for(lambda: talk.counted() == Counter(expected), f"{expected} in the charts, where {talk.counted()} are")


def send(talk: Talk, body: bytes) -> None:
    answer = post(talk.collector, body, content_type="application/json", user_agent="posthog-php/3.0.3")
    assert (answer.status, answer.body) == (200, b'{"status":1}')


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_equal_events_of_a_request_count_apart_and_its_retries_count_nothing(talk: Talk, retries: int) -> None:
    body = request_of("tool_executed", "tool_error", "tool_executed", "tool_executed")
    for _ in range(1 + retries):
        send(talk, body)
    wait_for(lambda: counter(talk.collector, "events_known") == 4 * retries, "the retries known")
    assert_counted(talk, tool_executed=3, tool_error=1)


def test_an_equal_event_in_another_request_counts_too(talk: Talk) -> None:
    send(talk, request_of("tool_executed", "tool_error"))
    send(talk, request_of("tool_executed"))
    assert_counted(talk, tool_executed=2, tool_error=1)

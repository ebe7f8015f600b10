"""The quick way and the slow one say the same of every event: the quick one leaves alone what it can't say at once."""

import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.catalogue import catalogue_for
from footfall_collector.admit.batches import Batch
from footfall_collector.admit.lines import Line, compile_lines
from footfall_collector.admit.newcomers import Newcomers
from footfall_collector.admit.quick import uuid_fits

NOW = 1_795_500_000.5
LINE = compile_lines(catalogue_for("dot-ai"), None, b"0123456789abcdef0123456789abcdef", 1_000_000, Newcomers(0))
LISTED = compile_lines(catalogue_for("dot-ai"), {"query"}, b"0123456789abcdef0123456789abcdef", 1_000_000, Newcomers(0))
EVENT: dict[str, Any] = {
    "event": "tool_executed",
    "timestamp": "2026-11-24T04:00:00Z",
    "uuid": "f5b16522-4a58-4791-8f6a-f1d8303e61cd",
    "properties": {
        "tool": "recommend",
        "success": True,
        "duration_ms": 1200,
        "mcp_client": "claude-code",
        "dot_ai_version": "2.2.2",
        "ai_provider": "anthropic",
        "is_internal": False,
        "$geoip_disable": True,
        "$process_person_profile": False,
        "$ip": "0.0.0.0",
    },
    "distinct_id": "cluster_f809cce5a77d3fbe",
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=1),
    st.dictionaries(st.text(max_size=2), st.none(), max_size=1),
    st.sampled_from(["other", "v1.31.2-gke.1", "1.31.2", "query", "a tool", "x" * 300, EVENT["uuid"].upper()]),
)
FIELD = st.sampled_from(["event", "timestamp", "uuid", "distinct_id", "properties", "offset", "more"])
PROPERTY = st.sampled_from([*EVENT["properties"], "error_type", "uptime_seconds", "distinct_id", "more"])


def found(line: Line, event: dict[str, Any], quick: bool) -> tuple[object, Counter[str]]:
    """The line without its checksum as an object, or the reason for none; and what was left out of it."""
    batch = Batch(NOW, 2.0, Counter(), {}, quick)
    made = line(msgspec.Raw(json.dumps(event).encode()), batch)
    return {**json.loads(made), "c": ""} if isinstance(made, bytes) else made, batch.dropped


@given(
    st.sampled_from([LINE, LISTED]),
    st.dictionaries(FIELD, ODD, max_size=2),
    st.dictionaries(PROPERTY, ODD, max_size=2),
    st.sets(st.sampled_from([*EVENT, *EVENT["properties"]]), max_size=2),
)
def test_both_ways_say_the_same_of_any_event(
    line: Line, fields: dict[str, Any], properties: dict[str, Any], missing: set[str]
) -> None:
    inner = {k: v for k, v in {**EVENT["properties"], **properties}.items() if k not in missing}
    event = {k: v for k, v in {**EVENT, "properties": inner, **fields}.items() if k not in missing}
    assert found(line, event, quick=True) == found(line, event, quick=False)


@pytest.mark.parametrize("name", list(catalogue_for("dot-ai").events))
def test_what_the_client_sends_goes_the_quick_way(name: str) -> None:
    own = {
        "tool_executed": {"tool": "query", "success": False, "duration_ms": 0.25, "mcp_client": "other"},
        "tool_error": {"tool": "query", "error_type": "ValueError"},
        "server_started": {"k8s_version": "1.31", "deployment_method": "helm"},
        "server_stopped": {"uptime_seconds": 86000},
        "client_connected": {"mcp_client": "cursor", "mcp_client_version": "1.0", "transport": "stdio"},
    }[name]
    common = {k: EVENT["properties"][k] for k in ("dot_ai_version", "ai_provider", "is_internal", "$ip")}
    event = {**EVENT, "event": name, "properties": {**own, **common}}
    batch = Batch(NOW, 2.0, Counter(), {})
    assert isinstance(LINE(msgspec.Raw(json.dumps(event).encode()), batch), bytes)
    assert batch.quick


def test_after_an_event_of_another_sender_its_batch_goes_the_slow_way() -> None:
    batch = Batch(NOW, 2.0, Counter(), {})
    other = {**EVENT, "properties": {**EVENT["properties"], "$lib": "posthog-node"}}
    assert isinstance(LINE(msgspec.Raw(json.dumps(other).encode()), batch), bytes)
    assert not batch.quick
    assert batch.dropped == {"unknown_property": 1}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (b"f5b16522-4a58-4791-8f6a-f1d8303e61cd", True),
        (b"F5B16522-4a58-4791-8f6a-f1d8303e61cd", False),
        (b"f5b16522-4a58-4791-8f6a-f1d8303e61cx", False),
        (b"f5b16522-4a58-4791-8f6a-f1d8303e61c", False),
        (b"f5b165224a58-47910-8f6a-f1d8303e61cd", False),
        (b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", False),
    ],
)
def test_only_the_canonical_form_of_a_uuid_fits(text: bytes, fits: bool) -> None:
    assert uuid_fits(text) is fits

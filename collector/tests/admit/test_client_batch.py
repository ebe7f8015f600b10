"""The quick way and the general one say the same: the quick one leaves alone what it can't take whole."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.catalogue import catalogue_for
from footfall_collector.admit import Admission, Admitted
from footfall_collector.admit.client_batch import uuid_fits, uuids_fit
from footfall_collector.admit.new_instances import TOO_MANY_INSTANCES, NewInstances
from footfall_collector.journal.line_checksum import has_valid_checksum

NOW = 1_795_500_000.5
SENT_AT = NOW - 2.0
CATALOGUE = catalogue_for("dot-ai")
PEPPER = b"0123456789abcdef0123456789abcdef"
ANY = Admission({"dot-ai": CATALOGUE}, PEPPER)
LISTED = Admission({"dot-ai": CATALOGUE}, PEPPER, {"dot-ai": frozenset({"query"})})
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


def text_of(*events: dict[str, Any], **more: Any) -> bytes:
    """A batch as the client writes it."""
    return json.dumps({"api_key": "phc_key", "sent_at": "2026-11-24T04:00:10Z", "batch": events, **more}).encode()


def quickly(admission: Admission, text: bytes) -> Admitted | None:
    """What the quick way makes of a batch, None where it leaves it alone."""
    sent = admission.read("dot-ai", text)
    return None if sent is None else admission.admit_sent("dot-ai", sent, NOW, SENT_AT)


def generally(admission: Admission, *events: dict[str, Any]) -> Admitted:
    """What the general way makes of them."""
    return admission.admit("dot-ai", [msgspec.Raw(json.dumps(event).encode()) for event in events], NOW, SENT_AT)


def meant(line: bytes) -> dict[str, Any]:
    """A line without its checksum: its properties may stand in another order."""
    assert has_valid_checksum(line.rstrip(b"\n"))
    return {**json.loads(line), "c": ""}


@given(
    st.sampled_from([ANY, LISTED]),
    st.dictionaries(FIELD, ODD, max_size=2),
    st.dictionaries(PROPERTY, ODD, max_size=2),
    st.sets(st.sampled_from([*EVENT, *EVENT["properties"]]), max_size=2),
)
def test_what_goes_the_quick_way_is_said_as_on_the_general_one(
    admission: Admission, fields: dict[str, Any], properties: dict[str, Any], missing: set[str]
) -> None:
    inner = {k: v for k, v in {**EVENT["properties"], **properties}.items() if k not in missing}
    event = {k: v for k, v in {**EVENT, "properties": inner, **fields}.items() if k not in missing}
    quick, general = quickly(admission, text_of(EVENT, event)), generally(admission, EVENT, event)
    if quick is not None:
        assert [*map(meant, quick.lines.splitlines())] == [*map(meant, general.lines.splitlines())]
        assert (quick.accepted, quick.refused, quick.dropped) == (2, {}, {})
        assert (general.accepted, general.refused, general.dropped) == (2, {}, {})


@pytest.mark.parametrize("name", list(CATALOGUE.events))
def test_what_the_client_sends_goes_the_quick_way(name: str) -> None:
    every: dict[str, dict[str, Any]] = {
        "tool_executed": {"tool": "query", "success": False, "duration_ms": 0.25, "mcp_client": "other"},
        "tool_error": {"tool": "query", "error_type": "ValueError"},
        "server_started": {"k8s_version": "1.31", "deployment_method": "helm"},
        "server_stopped": {"uptime_seconds": 86000},
        "client_connected": {"mcp_client": "claude-code", "mcp_client_version": "0.1.0", "transport": "stdio"},
    }
    own = every[name]
    common = {k: EVENT["properties"][k] for k in ("dot_ai_version", "ai_provider", "is_internal", "$ip")}
    found = quickly(ANY, text_of({**EVENT, "event": name, "properties": {**own, **common}}, EVENT))
    assert found is not None
    assert [json.loads(line)["event"] for line in found.lines.splitlines()] == [name, "tool_executed"]


@pytest.mark.parametrize(
    "odd",
    [
        {"event": "$pageview"},
        {"uuid": "F5B16522-4a58-4791-8f6a-f1d8303e61cd"},
        {"timestamp": "yesterday"},
        {"distinct_id": ""},
        {"distinct_id": "cluster_" + "a" * 193},
        {"offset": 5},
        {"properties": {**EVENT["properties"], "$lib": "posthog-node"}},
        {"properties": {**EVENT["properties"], "tool": "a tool"}},
        {"properties": {**EVENT["properties"], "duration_ms": 1234}},
        {"properties": {**EVENT["properties"], "success": None}},
        {"properties": {**EVENT["properties"], "$ip": [0] * 9}},
    ],
    ids=lambda odd: next(iter(odd)),
)
def test_one_event_that_is_not_quite_the_clients_sends_its_batch_the_general_way(odd: dict[str, Any]) -> None:
    # A duration is rounded either way: the quick one may take that too.
    taken = quickly(ANY, text_of(EVENT, {**EVENT, **odd}))
    rounded = odd.get("properties", {}).get("duration_ms") == 1234
    assert (taken is not None) is rounded


def test_a_batch_with_a_field_of_its_own_is_left_alone() -> None:
    assert quickly(ANY, text_of(EVENT)) is not None
    assert quickly(ANY, text_of(EVENT, historical_migration=True)) is None
    assert quickly(ANY, b"[%b]" % text_of(EVENT)) is None
    assert Admission({"dot-ai": CATALOGUE}, PEPPER, max_event_bytes=300).read("dot-ai", text_of(EVENT)) is None


def test_numbers_are_remembered_as_they_are_written() -> None:
    for value, written in ((5.0, "5"), (5, "5"), (-0.0, "0"), (0, "0"), (5.2, "5.2"), (5.0, "5")):
        event = {**EVENT, "properties": {**EVENT["properties"], "duration_ms": value}}
        found = quickly(ANY, text_of(event))
        assert found is not None
        assert f'"duration_ms":{written},' in found.lines.decode(), value


def test_an_instance_too_many_sends_its_batch_the_general_way_where_the_others_are_kept() -> None:
    admission = Admission({"dot-ai": CATALOGUE}, PEPPER, new_instances=NewInstances(1))
    stranger = {**EVENT, "distinct_id": "cluster_0000000000000000"}
    assert quickly(admission, text_of(EVENT)) is not None
    assert quickly(admission, text_of(EVENT, stranger)) is None
    found = generally(admission, EVENT, stranger)
    assert (found.accepted, found.refused) == (1, {TOO_MANY_INSTANCES: 1})


@pytest.mark.parametrize(
    "names",
    [
        ["f5b16522-4a58-4791-8f6a-f1d8303e61c", "df5b16522-4a58-4791-8f6a-f1d8303e61cd"],
        [f"{EVENT['uuid']},{EVENT['uuid']}", ""],
        ["", f"{EVENT['uuid']},{EVENT['uuid']}"],
        [EVENT["uuid"], EVENT["uuid"] + ","],
    ],
)
def test_uuids_that_would_fit_together_do_not(names: list[str]) -> None:
    assert uuids_fit([EVENT["uuid"], EVENT["uuid"]])
    assert not uuids_fit(names)


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

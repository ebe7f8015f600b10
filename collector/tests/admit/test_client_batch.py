"""Both forms of admission write the same lines; the fast one declines a batch that it can't admit whole."""

import gc
import json
from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.catalogue import WIRE_CONSTANTS, catalogue_for
from footfall.send.wire import encode_event, encode_members, event_prefix, event_rest, event_suffix, request_body
from footfall_collector.admit import Admission, Admitted
from footfall_collector.admit.client_texts import MemberTexts, Tails
from footfall_collector.admit.new_instances import NewInstances, TooManyInstancesError
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
    batch = {"api_key": "phc_key", "sent_at": "2026-11-24T04:00:10Z", "batch": events, **more}
    return msgspec.json.encode(batch)


def admit_fast(admission: Admission, text: bytes) -> Admitted | None:
    """The result of the fast form; None where it declines the batch."""
    sent = admission.read_client_batch("dot-ai", text)
    return None if sent is None else admission.admit_client_batch("dot-ai", sent, NOW, SENT_AT)


def admit_generally(admission: Admission, *events: dict[str, Any]) -> Admitted:
    """The result of the general form."""
    return admission.admit("dot-ai", [msgspec.Raw(json.dumps(event).encode()) for event in events], NOW, SENT_AT)


def parsed(line: bytes) -> dict[str, Any]:
    """A line as an object without its checksum; the order of properties may differ."""
    assert has_valid_checksum(line.rstrip(b"\n"))
    return {**json.loads(line), "c": ""}


@given(
    st.sampled_from([ANY, LISTED]),
    st.dictionaries(FIELD, ODD, max_size=2),
    st.dictionaries(PROPERTY, ODD, max_size=2),
    st.sets(st.sampled_from([*EVENT, *EVENT["properties"]]), max_size=2),
)
def test_the_fast_form_writes_the_same_lines_as_the_general_one(
    admission: Admission, fields: dict[str, Any], properties: dict[str, Any], missing: set[str]
) -> None:
    inner = {k: v for k, v in {**EVENT["properties"], **properties}.items() if k not in missing}
    event = {k: v for k, v in {**EVENT, "properties": inner, **fields}.items() if k not in missing}
    quick, general = admit_fast(admission, text_of(EVENT, event)), admit_generally(admission, EVENT, event)
    if quick is not None:
        assert [*map(parsed, quick.lines.splitlines())] == [*map(parsed, general.lines.splitlines())]
        assert (quick.accepted, quick.refused, quick.dropped) == (2, {}, {})
        assert (general.accepted, general.refused, general.dropped) == (2, {}, {})


ANOTHER_OBJECT = b'"$geoip_disable" :true,"$process_person_profile" :false,"$ip" :"0.0.0.0"},"properties" :{'
SNIPPETS = st.one_of(
    st.sampled_from(
        [b'"', b",", b"{", b"}", b"}}", b":", b"\\", b" ", b"[", b"]", b"null", b"1e5", b"\xff", b"\0", b'"x":1,']
    ),
    st.sampled_from(
        [b'"distinct_id":"cluster_x",', b'},"properties":{', b'"},{"event":"', b'"uuid":"","', b'"tool":"x",']
    ),
    st.binary(min_size=1, max_size=1),
    st.tuples(st.integers(0, 900), st.integers(0, 60)),
)
CHANGES = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 30), SNIPPETS), min_size=1, max_size=3)


@given(CHANGES, st.sampled_from([[EVENT], [EVENT, {**EVENT, "distinct_id": "local_1"}], [EVENT, EVENT, EVENT]]))
@settings(max_examples=2000)
def test_whatever_bytes_the_fast_form_takes_are_a_batch_of_the_same_events(
    changes: list[tuple[int, int, bytes | tuple[int, int]]], events: list[dict[str, Any]]
) -> None:
    text = whole = text_of(*events)
    for place, removed, added in changes:
        snippet = added if isinstance(added, bytes) else whole[added[0] : sum(added)]
        text = text[:place] + snippet + text[place + removed :]
    quick = admit_fast(ANY, text)
    if quick is not None:
        batch: dict[str, list[dict[str, Any]]] = json.loads(text)  # it is valid, and by another parser
        general = admit_generally(ANY, *batch["batch"])
        assert [*map(parsed, quick.lines.splitlines())] == [*map(parsed, general.lines.splitlines())]
        assert (quick.accepted, general.refused, general.dropped) == (len(batch["batch"]), {}, {})


@pytest.mark.parametrize(
    ("written", "changed"),
    [
        (b'{"dot_ai_version', b'{,"dot_ai_version'),
        (b'{"dot_ai_version', b'{ ,"dot_ai_version'),
        (b'"uptime_seconds":86000,', b'"uptime_seconds":86000 '),
        (b'"properties":{"uptime_seconds', b'""uptime_seconds'),
        (b'"ai_provider":', b'"is_internal":true},"properties":{"ai_provider":'),
        (b'"ai_provider":', ANOTHER_OBJECT + b'"dot_ai_version" :"2.2.2","ai_provider":'),
        (b'"ai_provider":', b" " * 1100 + b'"ai_provider":'),
        (b'"timestamp":', b'"timestamp":"2026-11-24T04:00:00Z","timestamp":'),
        (b'"uuid":', b'"uuia":'),
        (b'"distinct_id":', b'"distinct_id":"","distinct_id":'),
        (b'"}]}', b'"}]'),
    ],
)
def test_the_fast_form_declines_what_is_no_json_long_or_said_twice(written: bytes, changed: bytes) -> None:
    common = {name: value for name, value in EVENT["properties"].items() if name in CATALOGUE.common}
    started = {**EVENT, "event": "server_started", "properties": {**common, **WIRE_CONSTANTS}}
    stopped = {**EVENT, "event": "server_stopped", "properties": {"uptime_seconds": 86000, **started["properties"]}}
    text = text_of(started, stopped)
    assert admit_fast(ANY, text)
    assert written in text
    assert admit_fast(ANY, text.replace(written, changed)) is None


def test_the_fast_form_keeps_nothing_that_is_not_admitted() -> None:
    batch = text_of(EVENT)
    texts = [
        batch.replace(b'"tool":', b'"tool":"a-secret","tool":'),
        batch.replace(b'"duration_ms":1200', b'"duration_ms":7770777'),
        batch.replace(b'"ai_provider":', b'"ai_provider":"a-secret","ai_provider":'),
        batch.replace(b'"$ip":"0.0.0.0"', b'"$ip":"a-secret"'),
        batch.replace(b'"distinct_id":', b'"distinct_id":"a-secret","distinct_id":'),
    ]
    admission = Admission({"dot-ai": CATALOGUE}, PEPPER)
    assert admit_fast(admission, batch)
    assert all(admit_fast(admission, text.replace(b"recommend", b"%d" % n)) for n, text in enumerate(texts[:2]))
    assert not any(admit_fast(admission, text) for text in texts[2:])
    gc.collect()
    kept = [key for each in gc.get_objects() if isinstance(each, (MemberTexts, Tails)) for key in _keys_of(each)]
    assert any(b"recommend" in key for key in kept), "that the caches are found"
    assert not any(b"a-secret" in key or b"7770777" in key for key in kept)


def _keys_of(cache: MemberTexts | Tails) -> Iterable[bytes]:
    return cache if isinstance(cache, MemberTexts) else [key for peer in cache.by_peer.values() for key in peer]


@pytest.mark.parametrize("name", list(CATALOGUE.events))
def test_every_event_of_the_client_is_admitted_by_the_fast_form(name: str) -> None:
    every: dict[str, dict[str, Any]] = {
        "tool_executed": {"tool": "query", "success": False, "duration_ms": 0.25, "mcp_client": "other"},
        "tool_error": {"tool": "query", "error_type": "ValueError"},
        "server_started": {"k8s_version": "1.31", "deployment_method": "helm"},
        "server_stopped": {"uptime_seconds": 86000},
        "client_connected": {"mcp_client": "claude-code", "mcp_client_version": "0.1.0", "transport": "stdio"},
    }
    own = every[name]
    common = {k: EVENT["properties"][k] for k in ("dot_ai_version", "ai_provider", "is_internal", *WIRE_CONSTANTS)}
    found = admit_fast(ANY, text_of({**EVENT, "event": name, "properties": {**own, **common}}, EVENT))
    assert found is not None
    assert [json.loads(line)["event"] for line in found.lines.splitlines()] == [name, "tool_executed"]


def test_what_the_client_writes_is_admitted_by_the_fast_form() -> None:
    suffix = event_suffix(
        "cluster_f809cce5a77d3fbe", {"ai_provider": "none", "is_internal": True, "dot_ai_version": "1.2.3"}
    )
    members = encode_members({"tool": "query", "success": True, "duration_ms": 31, "mcp_client": "goose"})
    events = [
        encode_event(event_prefix(name, int(NOW)), uuid4().hex.encode(), event_rest(own, suffix))
        for name, own in (
            ("tool_executed", members),
            ("server_started", b""),
            ("server_stopped", b'"uptime_seconds":8'),
        )
    ]
    found = admit_fast(ANY, request_body("phc_key", events, NOW))
    assert found is not None
    assert found.accepted == 3


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
def test_the_fast_form_declines_a_batch_with_one_event_in_another_form(odd: dict[str, Any]) -> None:
    # Both forms round a duration, so the fast one may admit it.
    admitted = admit_fast(ANY, text_of(EVENT, {**EVENT, **odd}))
    rounded = odd.get("properties", {}).get("duration_ms") == 1234
    assert (admitted is not None) is rounded


def test_the_fast_form_declines_a_batch_with_an_unknown_field() -> None:
    assert admit_fast(ANY, text_of(EVENT)) is not None
    assert admit_fast(ANY, text_of(EVENT, historical_migration=True)) is None
    assert admit_fast(ANY, b"[%b]" % text_of(EVENT)) is None
    small = Admission({"dot-ai": CATALOGUE}, PEPPER, max_event_bytes=300)
    assert small.read_client_batch("dot-ai", text_of(EVENT)) is None


def test_equal_numbers_of_different_types_are_written_alike() -> None:
    for value, written in ((5.0, "5"), (5, "5"), (-0.0, "0"), (0, "0"), (5.2, "5.2"), (5.0, "5")):
        event = {**EVENT, "properties": {**EVENT["properties"], "duration_ms": value}}
        found = admit_fast(ANY, text_of(event))
        assert found is not None
        assert f'"duration_ms":{written},' in found.lines.decode(), value


@pytest.mark.parametrize(
    "admit", [admit_generally, lambda admission, *events: admit_fast(admission, text_of(*events))], ids=["any", "fast"]
)
def test_a_batch_with_an_instance_beyond_the_share_is_refused_as_a_whole(admit: Callable[..., Admitted | None]) -> None:
    clock = [0.0]
    admission = Admission({"dot-ai": CATALOGUE}, PEPPER, new_instances=NewInstances(1, clock=lambda: clock[0]))
    batch = [{**EVENT, "distinct_id": f"cluster_{n:016x}"} for n in range(3)]
    refused = 0
    while True:
        try:
            found = admit(admission, *batch)
            break
        except TooManyInstancesError:
            # The instances that came in are not new at the next attempt.
            refused += 1
            clock[0] += 3600
    assert found is not None
    assert found.accepted == 3
    assert 0 < refused < 5

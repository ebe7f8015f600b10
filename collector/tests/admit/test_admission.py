"""Only what the catalogue names reaches a journal line; everything else is counted by reason and forgotten."""

import json
import uuid
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.tests.receive.shapes import SECRET_TEXT, event
from footfall.catalogue import Catalogue, catalogue_for
from footfall_collector.admit import Admission, Admitted
from footfall_collector.admit.instance_hash import instance_of
from footfall_collector.journal import has_valid_checksum

NOW = 1_795_500_000.5
YESTERDAY = "2026-11-23T22:14:35.279Z"
PEPPER = b"0123456789abcdef0123456789abcdef"
CATALOGUE = catalogue_for("dot-ai")
ADMISSION = Admission({"dot-ai": CATALOGUE}, PEPPER)
LINE_KEYS = {"product", "event", "uuid", "ts", "sent", "day_late", "instance", "instance_kind", "c"}


def admit(
    *events: Any, sent_at: float | None = None, received: float = NOW, admission: Admission = ADMISSION
) -> Admitted:
    raws = [msgspec.Raw(e if isinstance(e, bytes) else json.dumps(e).encode()) for e in events]
    return admission.admit("dot-ai", raws, received, sent_at)


def lines_of(admitted: Admitted) -> list[dict[str, Any]]:
    assert all(has_valid_checksum(line) for line in admitted.lines.splitlines())
    return [json.loads(line) for line in admitted.lines.splitlines()]


def test_an_admitted_event_is_one_line_with_its_properties_under_their_names() -> None:
    name = str(uuid.uuid4())
    (line,) = lines_of(admit(event(uuid=name, duration_ms=1234.5, timestamp=YESTERDAY), sent_at=NOW))
    del line["c"], line["ts"], line["sent"], line["instance"]
    assert line == {
        "product": "dot-ai",
        "event": "tool_executed",
        "day_late": True,
        "uuid": name,
        "instance_kind": "cluster",
        "tool": "recommend",
        "success": True,
        "duration_ms": 1200,
        "mcp_client": "claude-code",
        "product_version": "2.2.2",
        "ai_provider": "anthropic",
        "is_internal": False,
    }


def test_the_recorded_request_loses_everything_outside_the_catalogue(recorded_body: dict[str, Any]) -> None:
    admitted = admit(*recorded_body["batch"])
    assert admitted.accepted == 5
    assert admitted.refused == {}
    # $lib, $lib_version and $is_server on all five, a client on the error, its version on the call and on the error.
    assert admitted.dropped == {"unknown_property": 18}
    lines = lines_of(admitted)
    assert [line["event"] for line in lines] == [e["event"] for e in recorded_body["batch"]]
    assert "mcp_client" not in lines[3]
    assert not any("$" in key for line in lines for key in line)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(event("$pageview"), "unknown_event", id="an event of PostHog's own"),
        pytest.param(event("deleted_" + SECRET_TEXT), "unknown_event", id="an event nobody knows"),
        pytest.param(event(tool=None), "invalid", id="a required property missing"),
        pytest.param(event(success="yes"), "invalid", id="a flag that is a text"),
        pytest.param(event(success=1), "invalid", id="a flag that is a number"),
        pytest.param(event(duration_ms=True), "invalid", id="a number that is a flag"),
        pytest.param(event(duration_ms=-1), "invalid", id="a negative duration"),
        pytest.param(event(duration_ms=[1]), "invalid", id="a list"),
        pytest.param(event(tool={"name": SECRET_TEXT}), "invalid", id="an object"),
        pytest.param(event(uuid=SECRET_TEXT), "bad_uuid", id="a uuid that is a text"),
        pytest.param(event(uuid=5), "bad_uuid", id="a uuid that is a number"),
        pytest.param(event(distinct_id=None), "no_instance", id="no instance"),
        pytest.param(event(distinct_id=10**30), "no_instance", id="an instance that is too large a number"),
        pytest.param(event(distinct_id=["cluster_1"]), "no_instance", id="an instance that is a list"),
        pytest.param(event(distinct_id=""), "no_instance", id="an empty instance"),
        pytest.param({"event": 5}, "malformed", id="a name that is a number"),
        pytest.param({"properties": {}}, "malformed", id="no name"),
        pytest.param({**event(), "properties": [1]}, "malformed", id="properties that are a list"),
        pytest.param(b"5", "malformed", id="not an object"),
        pytest.param(event(padding="x" * 1_000_000), "event_too_large", id="too large"),
    ],
)
def test_a_bad_event_is_refused_alone_and_counted_by_its_reason(bad: Any, reason: str) -> None:
    admitted = admit(event(), bad, event())
    assert admitted.accepted == 2
    assert admitted.refused == {reason: 1}
    assert admitted.reasons == [None, reason, None]
    assert SECRET_TEXT.encode() not in admitted.lines


def test_a_value_outside_its_kind_becomes_other_or_is_dropped() -> None:
    changed = event(
        tool=SECRET_TEXT + " !", mcp_client=SECRET_TEXT, dot_ai_version=SECRET_TEXT, is_internal=SECRET_TEXT
    )
    admitted = admit(changed)
    (line,) = lines_of(admitted)
    assert (line["tool"], line["mcp_client"], line["product_version"]) == ("other", "other", "other")
    assert "is_internal" not in line
    assert admitted.dropped == {"invalid_property": 1}


def test_with_a_list_of_tools_others_are_other() -> None:
    listed = Admission({"dot-ai": CATALOGUE}, PEPPER, {"dot-ai": frozenset({"query"})})
    lines = lines_of(admit(event(tool="query"), event(tool="recommend"), admission=listed))
    assert [line["tool"] for line in lines] == ["query", "other"]


def test_true_and_one_are_distinguished_in_either_order() -> None:
    admission = Admission({"dot-ai": CATALOGUE}, PEPPER)
    values = [1, True, 1.0, True, 1]
    admitted = admit(*[event(duration_ms=value) for value in values], admission=admission)
    assert [reason is None for reason in admitted.reasons] == [True, False, True, False, True]


def test_constants_of_footfalls_client_are_not_counted_as_dropped() -> None:
    constants: dict[str, Any] = {"$geoip_disable": True, "$process_person_profile": False, "$ip": "0.0.0.0"}
    assert admit(event(**constants)).dropped == {}


def test_the_same_content_without_a_uuid_gets_the_same_uuid_again() -> None:
    first, again, other = (
        lines_of(admit(event(uuid=None, timestamp=stamp)))[0]["uuid"]
        for stamp in ("2026-11-23T22:14:35.1Z", "2026-11-23T22:14:35.1Z", "2026-11-23T22:14:35.2Z")
    )
    assert first == again != other
    assert str(uuid.UUID(first)) == first


def test_equal_events_of_one_request_count_apart_and_the_request_sent_again_counts_once() -> None:
    other = event(uuid=None, tool="remediate")
    equal = event(uuid=None)
    first = [line["uuid"] for line in lines_of(admit(equal, other, equal, equal))]
    assert len(set(first)) == 4
    assert [line["uuid"] for line in lines_of(admit(equal, other, equal, equal))] == first
    # Sent within another batch an equal event is another event: a client that captures often has several a millisecond.
    assert not set(first) & {line["uuid"] for line in lines_of(admit(equal, other))}


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_uuid_is_none(empty: str | None) -> None:
    sent = event(uuid=None)
    without = lines_of(admit(sent))[0]["uuid"]
    (line,) = lines_of(admit({**sent, "uuid": empty}))
    assert str(uuid.UUID(line["uuid"])) == line["uuid"]
    assert (line["uuid"] == without) is False  # the bytes differ: it is derived from them
    assert lines_of(admit({**sent, "uuid": empty}))[0]["uuid"] == line["uuid"]


def test_an_event_with_an_age_and_no_time_is_the_same_event_when_it_is_sent_again() -> None:
    aged = event(uuid=None, timestamp=None, offset=5_000)
    (first,) = lines_of(admit(aged, sent_at=NOW - 1))
    (again,) = lines_of(admit(aged, sent_at=NOW - 1, received=NOW + 90))
    assert (again["uuid"], again["sent"]) == (first["uuid"], first["sent"])


def test_an_event_with_neither_a_time_nor_an_age_counts_each_time() -> None:
    bare = event(uuid=None, timestamp=None)
    names = [lines_of(admit(bare, received=NOW + seconds))[0]["uuid"] for seconds in (0, 90)]
    assert len(set(names)) == 2


@pytest.mark.parametrize(
    ("places", "text"),
    [
        ({"$distinct_id": "cluster_1"}, "cluster_1"),
        ({"distinct_id": "", "$distinct_id": "cluster_1"}, "cluster_1"),
        ({"distinct_id": 42}, "42"),
        ({"distinct_id": 0}, "0"),
        ({"distinct_id": -7}, "-7"),
        ({"distinct_id": 7.5}, "7.5"),
        ({"distinct_id": True}, "true"),
        ({"$distinct_id": 42}, "42"),
    ],
)
def test_an_instance_is_taken_from_every_place_and_type_that_posthog_takes(places: dict[str, Any], text: str) -> None:
    (line,) = lines_of(admit({**event(distinct_id=None), **places}))
    (plain,) = lines_of(admit(event(distinct_id=text)))
    assert line["instance"] == plain["instance"]


def test_a_uuid_in_another_writing_is_the_same_uuid() -> None:
    name = uuid.uuid4()
    lines = lines_of(admit(event(uuid=str(name).upper()), event(uuid=name.hex)))
    assert [line["uuid"] for line in lines] == [str(name), str(name)]


def test_the_instance_is_hashed_with_the_pepper_and_the_product() -> None:
    (line,) = lines_of(admit(event(distinct_id="local_" + "a" * 16)))
    assert line["instance"] == instance_of(PEPPER, "dot-ai", "local_" + "a" * 16)[0]
    assert line["instance_kind"] == "local"
    assert line["instance"] != instance_of(PEPPER[::-1], "dot-ai", "local_" + "a" * 16)[0]
    assert line["instance"] != instance_of(PEPPER, "other", "local_" + "a" * 16)[0]


@pytest.mark.parametrize(
    ("distinct_id", "kind"),
    [("cluster_1", "cluster"), ("local_1", "local"), ("ephemeral_1", "ephemeral"), ("me@example.org", "other")],
)
def test_the_kind_of_an_instance_is_given_by_its_prefix(distinct_id: str, kind: str) -> None:
    (line,) = lines_of(admit(event(distinct_id=distinct_id)))
    assert line["instance_kind"] == kind
    assert distinct_id not in json.dumps(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
NAMES = sorted({name for e in CATALOGUE.events.values() for name in e.properties} | set(CATALOGUE.common))
LIKELY = st.sampled_from(["recommend", "claude-code", "2.2.2", True, False, 1, 1.0, 0, 1200, "KubernetesAPIError"])
PROPERTIES = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), LIKELY | JSON, max_size=9)
EVENTS = st.fixed_dictionaries(
    {"event": st.sampled_from(sorted(CATALOGUE.events)) | JSON, "properties": PROPERTIES | JSON},
    optional={
        "uuid": st.uuids().map(str) | JSON,
        "distinct_id": st.sampled_from(["cluster_1", "local_2"]) | JSON,
        "timestamp": st.datetimes().map(lambda moment: moment.isoformat()) | JSON,
        "offset": st.integers() | JSON,
    },
)


@given(st.lists(EVENTS | JSON, max_size=5), st.floats(min_value=-1e12, max_value=1e12))
def test_any_event_gives_lines_with_admissible_values_only(events: list[Any], sent_at: float) -> None:
    admitted = admit(*events, sent_at=sent_at)
    assert admitted.accepted + sum(admitted.refused.values()) == len(events)
    for line in lines_of(admitted):
        check_line(CATALOGUE, line)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_event_are_refused(noise: bytes) -> None:
    admitted = admit(noise)
    assert admitted.accepted == 0 or lines_of(admitted)


@given(st.sampled_from(sorted(CATALOGUE.events)), PROPERTIES)
def test_cached_fragments_are_exactly_the_values_that_the_catalogue_admits(
    name: str, properties: dict[str, Any]
) -> None:
    expected = CATALOGUE.checks()[name](properties.get)
    if expected is not None:
        common = CATALOGUE.common_check()(properties.get)
        assert common is not None
        expected = expected | common
    shape = {"event": name, "distinct_id": "cluster_1", "properties": properties}
    lines = lines_of(admit(shape))
    if expected is None:
        assert lines == []
        return
    if "dot_ai_version" in expected:
        expected["product_version"] = expected.pop("dot_ai_version")
    assert {key: value for key, value in lines[0].items() if key not in LINE_KEYS} == expected


def check_line(catalogue: Catalogue, line: dict[str, Any]) -> None:
    """Every value of a line is one that its own checker leaves as it is."""
    assert str(uuid.UUID(line["uuid"])) == line["uuid"]
    assert NOW - 60 * 86_400 - 1 <= line["ts"] <= NOW
    assert isinstance(line["ts"], int)
    assert isinstance(line["sent"], int)
    assert len(bytes.fromhex(line["instance"])) == 8
    known = {**catalogue.events[line["event"]].properties, **catalogue.common}
    known["product_version"] = known.pop("dot_ai_version")
    for key in line.keys() - LINE_KEYS:
        assert known[key].kind.checker()(line[key]) == line[key]

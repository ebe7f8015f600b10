"""The rules of PostHog's protocol other than the decoding of bodies, tested on a real collector process."""

import base64
import importlib
import json
import time
import uuid
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import zstandard

from collector.tests.app.http import Answer, ask, counter, holds, journal_lines, post
from collector.tests.receive.protocol.lz_writer import compress
from collector.tests.receive.shapes import SECRET_TEXT, TOKEN, batch, event, form_of, gzipped
from tests.support.collector_process import CollectorProcess

brotli: Any = importlib.import_module("brotli")  # it has neither annotations nor stubs
FORM = "application/x-www-form-urlencoded"
INGESTION = (
    "/batch/",
    "/e/",
    "/i/v0/e/",
    "/capture/",
    "/track/",
    "/engage/",
    "/i/v1/analytics/events",
    "/s/",
    "/flags/",
)


def line_of(collector: CollectorProcess, name: str) -> dict[str, Any]:
    """The journal's line of an event."""
    [line] = [line for line in journal_lines(collector.data_dir) if line["uuid"] == name]
    return line


def taken(collector: CollectorProcess, body: bytes, one: dict[str, Any], path: str = "/e/", **headers: str) -> Any:
    """Post a body with one event, and find its line."""
    answer = post(collector, body, path, **headers)
    assert (answer.status, answer.body) == (200, b'{"status":1}'), answer.text
    return line_of(collector, one["uuid"])


def stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


@pytest.mark.parametrize(
    ("write", "query"),
    [
        pytest.param(lambda body: base64.b64encode(body), "", id="base64"),
        pytest.param(lambda body: base64.b64encode(gzipped(body)), "&compression=gzip-js", id="gzip"),
        pytest.param(lambda body: compress(body.decode()), "&compression=lz64", id="lz64"),
        pytest.param(lambda body: body, "", id="plain JSON"),
    ],
)
def test_an_event_in_the_query_of_a_get_is_decoded_in_every_encoding(
    shared: CollectorProcess, write: Any, query: str
) -> None:
    one = event()
    answer = ask(shared, "GET", f"/e/?data={quote(write(batch(one)), safe='')}{query}")
    assert (answer.status, answer.body) == (200, b'{"status":1}')
    assert line_of(shared, one["uuid"])["tool"] == "recommend"


def test_a_form_names_its_compression(shared: CollectorProcess) -> None:
    one = event()
    body = b"compression=lz64&data=" + quote(compress(batch(one).decode()), safe="").encode()
    assert taken(shared, body, one, content_type=FORM)["event"] == "tool_executed"
    other = event()
    assert taken(shared, form_of(gzipped(batch(other)), compression="gzip-js"), other, content_type=FORM)


def test_a_list_of_events_with_several_write_keys_is_refused_whole(shared: CollectorProcess) -> None:
    events = [{**event(), "token": token} for token in (TOKEN, "phc_of_another_product")]
    answer = post(shared, json.dumps(events).encode(), "/e/")
    assert (answer.status, "several write keys" in answer.text, "phc_of" in answer.text) == (401, True, False)
    one = event()
    same = json.dumps([{**one, "token": TOKEN}, {**event(), "properties": {"token": TOKEN}}, event()]).encode()
    assert taken(shared, same, one)


def test_an_instance_id_is_read_from_every_place_and_cut_at_200_characters(shared: CollectorProcess) -> None:
    inside = event(distinct_id=None) | {"properties": event()["properties"] | {"distinct_id": "local_" + "a" * 194}}
    outside = [event(distinct_id="local_" + "a" * n) for n in (194, 195, 5000)]
    different = event(distinct_id="local_" + "a" * 193)
    numbers = [event(distinct_id=77), event(distinct_id="77")]
    assert post(shared, batch(inside, *outside, different, *numbers)).status == 200
    same = {line_of(shared, one["uuid"])["instance"] for one in (inside, *outside)}
    assert len(same) == 1
    assert line_of(shared, different["uuid"])["instance"] not in same
    assert len({line_of(shared, one["uuid"])["instance"] for one in numbers}) == 1


def test_a_senders_wrong_clock_is_corrected_by_its_time_of_sending(shared: CollectorProcess) -> None:
    now, wrong = time.time(), time.time() - 3 * 86_400
    ago = timedelta(minutes=10).total_seconds()
    said = {"timestamp": stamp(wrong - ago)}
    by_body, by_query, by_nothing = event(**said), event(**said), event(**said)
    lines = [
        taken(shared, batch(by_body, sent_at=stamp(wrong)), by_body),
        taken(shared, batch(by_query), by_query, f"/e/?_={int(wrong * 1000)}"),
        taken(shared, batch(by_nothing), by_nothing),
    ]
    assert [round((line["ts"] - now) / 60) for line in lines] == [-10, -10, -3 * 1440 - 10]


def test_an_age_in_milliseconds_replaces_a_missing_time(shared: CollectorProcess) -> None:
    one = event(timestamp=None, offset=600_000)
    assert round((taken(shared, batch(one), one)["ts"] - time.time()) / 60) == -10


def test_changes_of_persons_are_refused_and_counted_as_identify_events(collector: CollectorProcess) -> None:
    assert post(collector, batch(event())).status == 200
    change = {"token": TOKEN, "$distinct_id": SECRET_TEXT, "$set": {"email": SECRET_TEXT}}
    for body in (
        json.dumps(change).encode(),
        json.dumps([change, change]).encode(),
        form_of(json.dumps(change).encode()),
    ):
        answer = post(collector, body, "/engage/", content_type="text/plain")
        assert (answer.status, answer.body) == (200, b'{"status":1}')
    assert counter(collector, "events_refused", product="dot-ai", reason="unknown_event") == 4
    assert counter(collector, "events_refused") == 4
    one = event()
    assert taken(collector, batch(one), one, "/engage")
    assert post(collector, json.dumps(change).encode(), "/e/").status == 400
    assert (holds(collector.data_dir, SECRET_TEXT), SECRET_TEXT in collector.output) == ([], False)


def v1(collector: CollectorProcess, body: bytes, token: str = TOKEN, **headers: str) -> Answer:
    return post(collector, body, "/i/v1/analytics/events", authorization=f"Bearer {token}", **headers)


@pytest.mark.parametrize(
    ("encoding", "write"),
    [
        ("gzip", gzipped),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
        ("identity", bytes),
    ],
)
def test_v1_takes_every_encoding_and_answers_for_each_event(
    shared: CollectorProcess, encoding: str, write: Any
) -> None:
    good, unknown, invalid = event(), event("$pageview", url=SECRET_TEXT), event(tool=None)
    nameless = event(uuid="no uuid")
    body = json.dumps({"created_at": stamp(time.time()), "batch": [good, unknown, invalid, nameless]}).encode()
    answer = v1(shared, write(body), content_encoding=encoding)
    assert answer.status == 200
    assert answer.json == {
        "results": {
            good["uuid"]: {"result": "ok"},
            unknown["uuid"]: {"result": "drop", "details": "unknown_event"},
            invalid["uuid"]: {"result": "drop", "details": "invalid"},
        }
    }


def test_v1_answers_ok_for_an_event_both_times_it_is_sent(shared: CollectorProcess) -> None:
    one = event()
    spoilt = event("$pageview", uuid=one["uuid"])
    for events in ([one], [one], [one, one, spoilt], [spoilt, one]):
        answer = v1(shared, json.dumps({"batch": events}).encode())
        assert answer.json == {"results": {one["uuid"]: {"result": "ok"}}}


def test_v1_refuses_in_a_plain_sentence_too(shared: CollectorProcess) -> None:
    assert post(shared, batch(event())).status == 200
    body = json.dumps({"batch": [event()]}).encode()
    answers = [
        post(shared, body, "/i/v1/analytics/events"),
        v1(shared, body, "phx_personal"),
        v1(shared, body, "phc_unknown"),
        v1(shared, b"{"),
        v1(shared, b'{"batch":[]}'),
        v1(shared, body, content_encoding="base64"),
        ask(shared, "GET", "/i/v1/analytics/events"),
    ]
    assert [answer.status for answer in answers] == [401, 401, 401, 400, 400, 400, 405]
    for answer in answers:
        assert (answer.headers["content-type"], answer.text[-2:]) == ("text/plain; charset=utf-8", ".\n")


def test_v1_corrects_a_wrong_clock_by_its_header(shared: CollectorProcess) -> None:
    now, wrong = time.time(), time.time() - 3 * 86_400
    one = event(timestamp=stamp(wrong - 600))
    v1(shared, json.dumps({"batch": [one]}).encode(), posthog_request_timestamp=stamp(wrong))
    assert round((line_of(shared, one["uuid"])["ts"] - now) / 60) == -10


def test_a_browser_may_ask_first_on_every_path(shared: CollectorProcess) -> None:
    for path in (*INGESTION, "/decide/", "/array/phc_x/config", "/array/phc_x/config.js"):
        asked = ask(shared, "OPTIONS", path, headers={"Origin": "https://a.example"})
        assert (asked.status, asked.headers["access-control-allow-origin"]) == (204, "https://a.example")
        assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-origin" not in ask(shared, "OPTIONS", "/batch/").headers


def test_events_without_a_uuid_count_once_however_often_a_request_is_repeated(shared: CollectorProcess) -> None:
    one = event(uuid=None, tool="rarely_used", timestamp=stamp(time.time()))
    body = batch(one)
    assert [post(shared, body).status for _ in range(3)] == [200] * 3
    found = [line for line in journal_lines(shared.data_dir) if line["tool"] == "rarely_used"]
    assert (len(found), len({line["uuid"] for line in found})) == (3, 1)
    assert uuid.UUID(found[0]["uuid"]).version == 5

"""In a real collector process admitted events are on disk before the answer, and refused data is stored nowhere."""

import base64
import json
import socket
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.tests.app.http import ask, counter, holds, journal_lines, post
from collector.tests.receive.shapes import SECRET_TEXT, TOKEN, batch, event, form_of, gzipped
from tests.support.collector_process import CollectorProcess


def test_the_recorded_request_is_answered_exactly_and_is_on_disk(
    collector: CollectorProcess, recorded_body: dict[str, Any]
) -> None:
    answer = post(
        collector, gzipped(json.dumps(recorded_body).encode()), content_encoding="gzip", content_type="application/json"
    )
    assert (answer.status, answer.body) == (200, b'{"status":1}')
    lines = journal_lines(collector.data_dir)
    assert [line["uuid"] for line in lines] == [e["uuid"] for e in recorded_body["batch"]]
    assert counter(collector, "events_accepted", product="dot-ai") == 5
    assert counter(collector, "properties_dropped", reason="unknown_property") == 18
    assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/batch", "/batch/", "/i/v0/e", "/i/v0/e/", "/e/?ip=1", "/capture/", "/track"])
def test_every_path_takes_events(shared: CollectorProcess, path: str) -> None:
    before = len(journal_lines(shared.data_dir))
    assert post(shared, batch(event(), event()), path).status == 200
    assert len(journal_lines(shared.data_dir)) == before + 2


def test_events_come_as_a_query_and_as_a_form_too(shared: CollectorProcess) -> None:
    before = len(journal_lines(shared.data_dir))
    data = quote(base64.b64encode(batch(event())).decode(), safe="")
    assert ask(shared, "GET", f"/e/?data={data}").status == 200
    form = form_of(batch(event()))
    assert post(shared, form, "/e/", content_type="application/x-www-form-urlencoded").status == 200
    assert len(journal_lines(shared.data_dir)) == before + 2


def test_a_beacon_is_answered_without_a_body(shared: CollectorProcess) -> None:
    answer = post(shared, batch(event()), "/e/?beacon=1&compression=gzip-js")
    assert (answer.status, answer.body) == (204, b"")


def test_session_recordings_are_answered_and_discarded(shared: CollectorProcess) -> None:
    assert post(shared, batch(event(tool=SECRET_TEXT)), "/s/").body == b'{"status":1}'
    assert holds(shared.data_dir, SECRET_TEXT) == []


def test_the_first_key_is_added_with_one_log_line_and_a_second_one_is_refused(collector: CollectorProcess) -> None:
    assert post(collector, batch({"event": "unknown"})).status == 200
    assert "added the first write key" not in collector.output
    assert post(collector, batch(event())).status == 200
    assert post(collector, batch(event())).status == 200
    answer = post(collector, batch(event()).replace(TOKEN.encode(), b"phc_another"))
    assert (answer.status, "keys add" in answer.text) == (401, True)
    assert collector.stop() == 0
    assert collector.output.count("added the first write key") == 1


def test_a_first_key_with_events_of_another_product_is_refused(collector: CollectorProcess) -> None:
    stranger = event(hello_version="1.0.0", dot_ai_version=None, tool=SECRET_TEXT)
    for path in ("/batch/", "/batch/", "/i/v1/analytics/events"):
        answer = post(collector, batch(stranger), path, authorization=f"Bearer {TOKEN}")
        assert (answer.status, "add [products.NAME]" in answer.text) == (401, True)
        assert not any(told in answer.text for told in ("hello", SECRET_TEXT, TOKEN))
    assert collector.output.count("events of a product that is not dot-ai") == 1
    assert "hello" not in collector.output
    assert not (collector.data_dir / "keys.json").exists()
    assert post(collector, batch(event())).status == 200, "a key of ours is taken as before"


REFUSED = [
    pytest.param(b"{" + SECRET_TEXT.encode(), {}, 400, id="malformed"),
    pytest.param(b"", {}, 400, id="empty"),
    pytest.param(batch(), {}, 400, id="empty batch"),
    pytest.param(SECRET_TEXT.encode(), {"content_encoding": "gzip"}, 400, id="not gzip"),
    pytest.param(SECRET_TEXT.encode(), {"content_encoding": SECRET_TEXT}, 400, id="unknown encoding"),
    pytest.param(batch(event()).replace(TOKEN.encode(), SECRET_TEXT.encode()), {}, 401, id="wrong key"),
    pytest.param(batch(event()).replace(TOKEN.encode(), b"x" * 65), {}, 401, id="over-long key"),
    pytest.param(gzipped(SECRET_TEXT.encode() * 4_000_000), {}, 413, id="bomb"),
    pytest.param(SECRET_TEXT.encode() * 1_000_000, {}, 413, id="too large a body"),
]


@pytest.mark.parametrize(("body", "headers", "status"), REFUSED)
def test_a_bad_request_is_refused_in_one_plain_sentence_that_repeats_nothing(
    shared: CollectorProcess, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert post(shared, batch(event())).status == 200
    answer = post(shared, body, **headers)
    assert answer.status == status
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.endswith(".\n")
    assert SECRET_TEXT not in answer.text
    assert SECRET_TEXT not in shared.output
    assert holds(shared.data_dir, SECRET_TEXT) == []


def test_events_refused_in_a_good_batch_are_counted_and_stored_nowhere(collector: CollectorProcess) -> None:
    good = event(**{"intent": SECRET_TEXT, "mcp_client": SECRET_TEXT, "$ip": "203.0.113.77"})
    bad = [
        event(SECRET_TEXT),
        event("$exception", message=SECRET_TEXT),
        event(tool=None),
        event(tool=SECRET_TEXT * 50_000),
        event(uuid=SECRET_TEXT),
        event(distinct_id=None),
    ]
    assert post(collector, batch(good, *bad), x_forwarded_for="203.0.113.77").status == 200
    assert len(journal_lines(collector.data_dir)) == 1
    for reason, n in {"unknown_event": 2, "invalid": 1, "event_too_large": 1, "bad_uuid": 1, "no_instance": 1}.items():
        assert counter(collector, "events_refused", product="dot-ai", reason=reason) == n
    assert counter(collector, "properties_dropped", reason="unknown_property") == 1
    collector.stop()
    for text in (SECRET_TEXT, "203.0.113.77", "127.0.0.1\x00", "cluster_f809cce5a77d3fbe"):
        assert text not in collector.output
        assert holds(collector.data_dir, text) == []


def test_overlong_values_are_other_and_no_part_of_them_is_stored(collector: CollectorProcess) -> None:
    long = SECRET_TEXT * 500
    assert post(collector, batch(event(tool=long, mcp_client=long, dot_ai_version="1." + "9" * 9000))).status == 200
    error = event("tool_error", error_type=long, success=None, duration_ms=None, ai_provider=long)
    assert post(collector, batch(error), "/batch/?" + SECRET_TEXT, user_agent=SECRET_TEXT).status == 200
    assert [(line["tool"], line["product_version"]) for line in journal_lines(collector.data_dir)] == [
        ("other", "other"), ("recommend", "2.2.2"),
    ]  # fmt: skip
    assert journal_lines(collector.data_dir)[1]["error_type"] == "other"
    collector.stop()
    assert (SECRET_TEXT in collector.output, holds(collector.data_dir, SECRET_TEXT)) == (False, [])
    # Only the store's files are left after the stop; the search above covers them.
    assert list((collector.data_dir / "store").glob("events-*.duckdb"))


def test_a_path_that_does_not_exist_is_a_plain_404_and_in_no_log(shared: CollectorProcess) -> None:
    answer = post(shared, batch(event()), f"/{SECRET_TEXT}?{SECRET_TEXT}")
    assert (answer.status, SECRET_TEXT in answer.text, SECRET_TEXT in shared.output) == (404, False, False)


def test_an_unknown_path_is_a_page_with_links_or_json_for_programs(shared: CollectorProcess) -> None:
    answer = ask(shared, "GET", f"/{SECRET_TEXT}?q={SECRET_TEXT}")
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert all(f'<a href="{path}">' in answer.text for path in ("/", "/tools", "/errors", "/data-health"))
    assert SECRET_TEXT not in answer.text
    assert ask(shared, "GET", f"/api/{SECRET_TEXT}").json == {
        "error": "There is no such address; /api/openapi.json lists all of them."
    }


def test_bytes_that_are_no_http_are_refused_and_in_no_log(shared: CollectorProcess) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), 10) as stranger:
        stranger.sendall(b"\x16\x03\x01 " + SECRET_TEXT.encode() + b"\r\n\r\n")
        assert b" 400 " in stranger.recv(1000)
    assert ask(shared, "GET", "/healthz").status == 200
    assert (SECRET_TEXT in shared.output, "Traceback" in shared.output) == (False, False)


def test_a_long_but_well_formed_instance_id_is_cut_and_never_stored(collector: CollectorProcess) -> None:
    for length in (200, 201, 5000):
        assert post(collector, batch(event(distinct_id="local_" + SECRET_TEXT + "a" * length))).status == 200
    assert len({line["instance"] for line in journal_lines(collector.data_dir)}) == 1
    assert holds(collector.data_dir, SECRET_TEXT) == []


ANY_JSON = st.recursive(st.none() | st.text(max_size=5), st.lists)


@settings(max_examples=300, deadline=None)
@given(
    body=st.binary(max_size=120)
    | st.recursive(st.none() | st.text(max_size=5), st.lists).map(json.dumps).map(str.encode),
    query=st.sampled_from(
        ["", "?compression=gzip-js", "?compression=lz64", "?compression=base64", "?data=%7B", "?_=9"]
    ),
    encoding=st.sampled_from(["", "gzip", "deflate", "br", "zstd", "nonsense"]),
    path=st.sampled_from(["/batch/", "/e/", "/s/", "/flags/", "/i/v1/analytics/events"]),
)
def test_no_bytes_make_the_collector_fail(
    shared: CollectorProcess, body: bytes, query: str, encoding: str, path: str
) -> None:
    headers = {"Content-Encoding": encoding, "Authorization": f"Bearer {TOKEN}"}
    answer = ask(shared, "POST", path + query, body, headers)
    assert answer.status < 500
    assert "Traceback" not in shared.output

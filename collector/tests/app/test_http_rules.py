"""The collector's answers to browsers, unknown hosts and monitors."""

import socket
import time
from pathlib import Path

import footfall_collector.receive
from collector.tests.app.http import ask, post
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess, start_collector


def test_a_page_of_any_origin_may_send_also_with_credentials(shared: CollectorProcess) -> None:
    origin = {"Origin": "https://app.example.org", "Access-Control-Request-Method": "POST"}
    asked = ask(shared, "OPTIONS", "/e/", headers=origin)
    assert asked.status == 204
    assert asked.headers["access-control-allow-origin"] == "https://app.example.org"
    assert "POST" in asked.headers["access-control-allow-methods"]
    sent = post(shared, batch(event()), "/e/", origin="https://app.example.org")
    refused = post(shared, b"{", "/e/", origin="https://app.example.org")
    for answer in (asked, sent, refused):
        assert answer.headers["access-control-allow-origin"] == "https://app.example.org"
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in post(shared, batch(event()), "/e/").headers


def test_ingestion_reads_no_cookie_and_sets_none(collector: CollectorProcess) -> None:
    assert post(collector, batch(event())).status == 200
    for path in ("/e/", "/batch/", "/i/v0/e/", "/engage/", "/flags/?v=2", "/decide/", "/array/phc_x/config", "/s/"):
        answers = []
        for cookies in ({}, {"Cookie": "session=guessed"}, {"Cookie": "footfall=\xff; a=b"}):
            method, body = ("GET", b"") if path.startswith("/array") else ("POST", batch(event(uuid=None)))
            answer = ask(collector, method, path, body, {"Origin": "https://app.example.org", **cookies})
            assert "set-cookie" not in answer.headers
            answers.append((answer.status, len(answer.body)))
        assert len(set(answers)) == 1, path
    source = Path(footfall_collector.receive.__file__).parent
    assert [
        path for path in source.rglob("*.py") if "cookie" in path.read_text("utf-8").lower().replace("no cookie", "")
    ] == []


def test_what_reads_has_no_cors(shared: CollectorProcess) -> None:
    for path in ("/healthz", "/metrics", "/", "/api/charts", "/api/charts/tool-usage", "/mcp", "/nothing"):
        for method in ("GET", "OPTIONS"):
            answer = ask(shared, method, path, headers={"Origin": "https://app.example.org"})
            assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_other_methods_are_refused(shared: CollectorProcess) -> None:
    for method in ("HEAD", "PUT", "DELETE", "PATCH"):
        answer = ask(shared, method, "/batch/")
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, POST, OPTIONS"
    only_post = ask(shared, "GET", "/i/v1/analytics/events")
    assert (only_post.status, only_post.headers["allow"]) == (405, "POST, OPTIONS")


def test_a_host_name_that_is_not_on_the_list_is_refused(shared: CollectorProcess) -> None:
    for path in ("/", "/batch/", "/metrics", "/flags/", "/api/charts"):
        answer = ask(shared, "GET", path, headers={"Host": "evil.example.org"})
        assert answer.status == 403
        assert "allowed_hosts" in answer.text
        assert ("evil" in answer.text) == (path in ("/", "/metrics", "/api/charts"))


def test_loopback_and_configured_names_are_on_the_list(tmp_path_factory: object, collector: CollectorProcess) -> None:
    for host in ("localhost", "localhost:8765", "127.0.0.1", "[::1]:8765", "LOCALHOST."):
        assert ask(collector, "GET", "/api/pulse", headers={"Host": host}).status == 200
    other = collector.data_dir.parent / "other"
    with start_collector(other, allowed_hosts="stats.example.org,.svc.cluster.local") as configured:
        for host, status in {
            "stats.example.org": 200,
            "footfall.ns.svc.cluster.local:8765": 200,
            "x.stats.example.org": 403,
            "svc.cluster.local.evil.org": 403,
        }.items():
            assert ask(configured, "GET", "/api/pulse", headers={"Host": host}).status == status


def test_sdks_get_a_configuration_with_every_feature_off(shared: CollectorProcess) -> None:
    flags = post(shared, b'{"token":"phc_x","distinct_id":"a"}', "/flags/?v=2").json
    assert (flags["flags"], flags["errorsWhileComputingFlags"], flags["quotaLimited"]) == ({}, False, [])
    assert post(shared, b"{}", "/decide/?v=3").json["sessionRecording"] is False
    config = ask(shared, "GET", "/array/phc_x/config").json
    assert (config["token"], config["analytics"]) == ("phc_x", {"endpoint": "/i/v0/e/"})
    script = ask(shared, "GET", "/array/phc_x/config.js")
    assert script.headers["content-type"] == "application/javascript"
    assert 'c["phc_x"]=' in script.text
    assert ask(shared, "GET", "/array/phc%22%5D;alert(1);%22/config.js").status == 404


def test_a_body_that_does_not_arrive_is_refused(collector: CollectorProcess) -> None:
    collector.stop()
    with start_collector(collector.data_dir, body_seconds=0.3) as hasty:
        with socket.create_connection(("127.0.0.1", hasty.port), 10) as slow:
            slow.sendall(b"POST /batch/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            began = time.monotonic()
            assert b" 408 " in slow.recv(1000)
            assert time.monotonic() - began < 5
        assert post(hasty, batch(event())).status == 200


def test_monitors_read_metrics(shared: CollectorProcess) -> None:
    metrics = ask(shared, "GET", "/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE footfall_journal_failing gauge" in metrics.text


def raw(collector: CollectorProcess, sent: bytes, answers: int) -> list[bytes]:
    """Send bytes over one connection and return `answers` complete answers."""
    with socket.create_connection(("127.0.0.1", collector.port), timeout=20) as connection:
        connection.sendall(sent)
        found = b""
        while found.count(b'{"status":1}') < answers:
            part = connection.recv(65536)
            assert part, found
            found += part
    return [b"HTTP/1.1" + answer for answer in found.split(b"HTTP/1.1")[1:]]


def test_each_of_several_requests_at_once_gets_its_whole_answer(shared: CollectorProcess) -> None:
    body = batch(event())
    one = b"POST /batch/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    answers = raw(shared, one * 5, 5)
    assert len(answers) == 5
    for answer in answers:
        head, _, said = answer.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        assert (lines[0], said) == (b"http/1.1 200 ok", b'{"status":1}')
        assert b"content-length: 12" in lines
        assert b"content-type: application/json" in lines
        assert [line for line in lines if line.startswith(b"date: ")]
        assert b"connection: close" not in lines


def test_a_request_without_keep_alive_gets_connection_close(shared: CollectorProcess) -> None:
    body = batch(event())
    for version, more in ((b"1.0", b""), (b"1.1", b"Connection: close\r\n")):
        head = b"POST /batch/ HTTP/%b\r\nHost: localhost\r\n%bContent-Length: %d\r\n\r\n" % (version, more, len(body))
        [answer] = raw(shared, head + body, 1)
        assert b"\r\nconnection: close\r\n" in answer.lower()

"""Probes and load balancers get one word, whatever they send; `--host ::` is both families."""

import json
import resource
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from collector.tests.app.http import ask, post
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with start_collector(tmp_path_factory.mktemp("shared") / "data") as started:
        yield started


WORDS = {"/healthz": b"ok\n", "/readyz": b"ready\n", "/healthz/": b"ok\n", "/readyz/": b"ready\n"}
HOSTS = ("localhost", "10.2.3.4:8765", "evil.example.org", "under_score", "[2001:db8::1]", "*", "a" * 300)


def sent(collector: CollectorProcess, request: bytes) -> tuple[bytes, bytes]:
    """The head and the body of the answer to bytes on a connection of their own."""
    with socket.create_connection(("127.0.0.1", collector.port), timeout=20) as connection:
        connection.sendall(request)
        found = b""
        while part := connection.recv(65536):
            found += part
    head, _, body = found.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize("path", WORDS)
def test_any_host_or_none_gets_the_word_and_nothing_else(shared: CollectorProcess, path: str) -> None:
    for host in HOSTS:
        answer = ask(shared, "GET", path, headers={"Host": host})
        assert (answer.status, answer.body) == (200, WORDS[path]), host
    for version in (b"1.0", b"1.1"):
        head, body = sent(shared, b"GET %b HTTP/%b\r\nConnection: close\r\n\r\n" % (path.encode(), version))
        assert (b" 200 " in head, body) == (True, WORDS[path]), version
    assert sent(shared, b"GET %b?x=1 HTTP/1.0\r\n\r\n" % path.encode())[1] == WORDS[path]


@pytest.mark.parametrize("path", WORDS)
def test_the_methods_of_probes(shared: CollectorProcess, path: str) -> None:
    head, body = sent(shared, b"HEAD %b HTTP/1.0\r\n\r\n" % path.encode())
    assert (b" 200 " in head, body) == (True, b"")
    assert b"content-length: %d" % len(WORDS[path]) in head.lower()
    answer = ask(shared, "OPTIONS", path, headers={"Host": "lb.example", "Origin": "https://app.example.org"})
    assert (answer.status, answer.headers["allow"], answer.body) == (204, "GET, HEAD, OPTIONS", b"")
    for method in ("POST", "PUT", "DELETE"):
        assert ask(shared, method, path).status == 405


def test_the_words_of_a_collector_that_can_not_write(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", segment_seconds=60) as collector:
        assert post(collector, batch(event())).status == 200
        (live,) = (tmp_path / "data" / "journal").glob("*.open")
        before = resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, (live.stat().st_size + 10, -1))
        assert post(collector, batch(event())).status == 503
        ready = ask(collector, "GET", "/readyz")
        assert (ready.status, ready.body) == (503, b"not ready\n")
        wait_for(lambda: ask(collector, "GET", "/healthz").body == b"alarm\n", "the word")
        assert ask(collector, "GET", "/healthz").status == 200, "a restart would not mend it"
        resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, before)


def test_strangers_at_the_same_address_use_up_no_probe(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", peer_requests_per_minute=3, unlimited_peers="192.0.2.1") as collector:
        assert [ask(collector, "GET", "/api/pulse").status for _ in range(4)] == [200] * 3 + [429]
        assert {ask(collector, "GET", path).status for path in WORDS for _ in range(5)} == {200}


def test_the_ipv6_wildcard_is_both_families(tmp_path: Path) -> None:
    env = {"FOOTFALL_SIGN_IN_SECRET": "correct horse battery"}
    with start_collector(tmp_path / "data", env, host="::", peer_requests_per_minute=2) as collector:
        named = next(line for line in collector.lines if "dashboard: " in line).split("dashboard: ")[1].split()[0]
        for address in (named, f"http://127.0.0.1:{collector.port}/", f"http://[::1]:{collector.port}/"):
            with urlopen(f"{address}sign-in", timeout=10) as answer:
                assert answer.status == 200, address
        sent_event = {"api_key": "phc_x", "batch": [event()]}
        assert post(collector, json.dumps(sent_event).encode()).status == 401, "loopback is exempt in either form"

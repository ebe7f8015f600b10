"""Connections that send slowly, idle, pile up or never read are closed, while the others are served."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from collector.tests.app.http import ask, counter, post
from collector.tests.defence.wires import HEAD, answer, ended, request, status, wire
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

HASTY: dict[str, Any] = {"header_seconds": 0.5, "idle_seconds": 1, "body_seconds": 0.5}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with start_collector(tmp_path_factory.mktemp("hasty") / "data", **HASTY) as started:
        yield started


def dripped(collector: CollectorProcess, first: bytes, drop: bytes, seconds: float = 10.0) -> float:
    """Seconds until the collector closes a connection that sends `first`, and then `drop` every 50 ms."""
    pause = threading.Event()
    with wire(collector) as slow:
        began = time.monotonic()
        slow.sendall(first)
        slow.settimeout(0.05)
        while time.monotonic() - began < seconds:
            with suppress(TimeoutError):
                if slow.recv(100) == b"":
                    return time.monotonic() - began
                continue
            try:
                slow.sendall(drop)
            except ConnectionError:
                return time.monotonic() - began
            pause.wait(0.0)
    raise AssertionError(f"still open after {seconds:g} s")


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"P", b"O"),
        (HEAD, b"X-A: b\r\n"),
        (HEAD + b"X-Long: ", b"a"),
        (b"\r\n", b"\r\n"),
        (b"GET /", b"a"),
    ],
)
def test_a_connection_that_drips_a_head_is_cut(hasty: CollectorProcess, first: bytes, drop: bytes) -> None:
    before = counter(hasty, "connections_cut", reason="slow_head")
    with suppress(ConnectionError):
        assert dripped(hasty, first, drop) < 5
    assert counter(hasty, "connections_cut", reason="slow_head") + counter(hasty, "requests_refused") > before


def test_a_silent_connection_is_cut(hasty: CollectorProcess) -> None:
    with wire(hasty) as silent:
        assert ended(silent)


def test_a_connection_that_drips_a_body_gets_408_and_is_closed(hasty: CollectorProcess) -> None:
    with wire(hasty) as slow:
        slow.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        assert status(slow) == 408
        assert ended(slow)


def test_a_connection_that_drips_a_form_is_cut(tmp_path: Path) -> None:
    with start_collector(tmp_path, {"FOOTFALL_SIGN_IN_SECRET": "correct horse battery"}, **HASTY) as gated:
        with wire(gated) as slow:
            slow.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsecret=")
            assert ended(slow)
        assert counter_of_gated(gated) >= 1


def counter_of_gated(gated: CollectorProcess) -> int:
    headers = {"Authorization": "Bearer correct horse battery"}
    text = ask(gated, "GET", "/metrics", headers=headers).text
    return sum(
        int(line.split()[-1]) for line in text.splitlines() if 'connections_cut_total{reason="slow_body"' in line
    )


def test_an_idle_connection_is_closed_and_a_busy_one_kept(hasty: CollectorProcess) -> None:
    with wire(hasty) as busy:
        for _ in range(3):
            busy.sendall(request(batch(event())))
            assert status(busy) == 200
        assert ended(busy)


def test_a_client_that_never_reads_its_answer_is_cut(hasty: CollectorProcess) -> None:
    scripts = re.findall(r'src="([^"]+[.]js)"', ask(hasty, "GET", "/").text)
    largest = max(scripts, key=lambda path: len(ask(hasty, "GET", path).body))
    with wire(hasty) as deaf:
        # Together they exceed the kernel's buffers by far.
        deaf.sendall(f"GET {largest} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 15)
        wait_for(lambda: counter(hasty, "connections_cut", reason="slow_answer") == 1, "the connection to be cut")


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"X-Long: " + b"a" * 40_000 + b"\r\n\r\n",
        HEAD + b"X-Long: " + b"a" * 40_000,
        HEAD + b"X: y\r\n" * 200 + b"\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_a_head_that_is_too_large_is_refused(hasty: CollectorProcess, head: bytes) -> None:
    before = counter(hasty, "requests_refused", reason="large_head")
    with wire(hasty) as connection:
        with suppress(ConnectionError):
            connection.sendall(head)
        assert status(connection) in (431, 0)
    assert counter(hasty, "requests_refused", reason="large_head") == before + 1


def test_a_connection_with_endless_trailers_is_cut(hasty: CollectorProcess) -> None:
    with wire(hasty) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n")
        with suppress(ConnectionError):
            for _ in range(2000):
                connection.sendall(b"x: y\r\n" * 100)
        assert ended(connection)


def test_the_number_of_pipelined_requests_is_limited(hasty: CollectorProcess) -> None:
    with wire(hasty) as connection:
        with suppress(ConnectionError):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)
        assert ended(connection)
    assert counter(hasty, "connections_cut", reason="pipelined") == 1


def test_a_few_pipelined_requests_are_answered_in_order(hasty: CollectorProcess) -> None:
    with wire(hasty) as connection:
        connection.sendall(request(batch(event())) * 5)
        found = b""
        while found.count(b'{"status":1}') < 5:
            part = answer(connection)
            assert part
            found += part
    assert found.count(b" 200 ") == 5


def test_bytes_that_are_no_http_are_refused_and_counted(hasty: CollectorProcess) -> None:
    with wire(hasty) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        assert status(connection) == 400
    assert counter(hasty, "requests_refused", reason="not_http") >= 1


def test_silent_connections_make_room_for_who_has_something_to_say(tmp_path: Path) -> None:
    with start_collector(tmp_path, max_connections=20) as small, ExitStack() as held:
        for n in range(60):
            held.enter_context(wire(small, f"127.0.1.{n + 1}"))
        slow = [held.enter_context(wire(small, f"127.0.2.{n + 1}")) for n in range(60)]
        for connection in slow:
            with suppress(ConnectionError):
                connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        for _ in range(5):
            assert post(small, batch(event())).status == 200
        assert counter(small, "connections_cut", reason="connections") > 60


def test_one_peer_has_so_many_connections_and_no_more(tmp_path: Path) -> None:
    with start_collector(tmp_path, peer_connections=5, unlimited_peers="127.0.0.1") as small, ExitStack() as held:
        waiting = [held.enter_context(wire(small, "127.0.0.9")) for _ in range(6)]
        assert ended(waiting[0]), "the one that waits longest"
        waiting[5].sendall(request(batch(event())))
        assert status(waiting[5]) == 200
        assert counter(small, "connections_cut", reason="peer_connections") == 1
        with wire(small, "127.0.0.8") as other:
            other.sendall(request(batch(event())))
            assert status(other) == 200

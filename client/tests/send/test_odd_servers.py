"""Answers of servers and proxies that use less common parts of HTTP/1.1 are understood."""

import gzip
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, formatdate
from http.server import BaseHTTPRequestHandler

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.tests.support.server import OK, Answer, Request, Server, status
from footfall.send.http.deadline import MAX_INTERIM
from footfall.send.wire import (
    MAX_RETRY_AFTER_SECONDS,
    BatchSender,
    Delivered,
    Outcome,
    Retry,
    batch_url,
    interpret_answer,
    request_body,
)

BODY = request_body("phc_test", [b'{"event":"tool_executed","uuid":"1"}'], 1_790_000_000)
NOW = 1_790_000_000.0
BOM = b"\xef\xbb\xbf"


def with_interim(*heads: bytes) -> Answer:
    """Answer 200, after these interim answers."""

    def answer(server: Server, request: Request, handler: BaseHTTPRequestHandler) -> None:
        for head in heads:
            handler.wfile.write(head)
        status(200)(server, request, handler)

    return answer


def directly(server: Server) -> Outcome:
    sender = BatchSender(server.url, {})
    try:
        return sender.post(BODY, 5)
    finally:
        sender.close()


def through_a_proxy(server: Server) -> Outcome:
    sender = BatchSender("http://telemetry.invalid:8000", {"http_proxy": server.url})
    try:
        return sender.post(BODY, 5)
    finally:
        sender.close()


Post = Callable[[Server], Outcome]
CONNECTIONS = pytest.mark.parametrize("post", [directly, through_a_proxy])
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@CONNECTIONS
@pytest.mark.parametrize(
    "heads", [(HINTS,), (PROCESSING,), (CONTINUE,), (PROCESSING, PROCESSING, HINTS), (HINTS, CONTINUE)], ids=len
)
def test_interim_answers_before_the_200_are_skipped(post: Post, heads: tuple[bytes, ...]) -> None:
    with Server(with_interim(*heads)) as server:
        assert post(server) == Delivered()
        assert len(server.requests) == 1


@CONNECTIONS
@pytest.mark.parametrize(
    "heads",
    [
        (PROCESSING,) * (MAX_INTERIM + 1),
        (b"HTTP/1.1 103 Early Hints\r\n" + b"X: y\r\n" * 200 + b"\r\n",),
        (b"HTTP/1.1 103 Early Hints\r\nX: " + b"y" * 300_000,),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",),
    ],
    ids=["too many", "too many headers", "a header without end", "another protocol"],
)
def test_endless_interim_answers_keep_the_batch_within_the_time_limit(post: Post, heads: tuple[bytes, ...]) -> None:
    with Server(with_interim(*heads)) as server:
        start = time.monotonic()
        assert isinstance(post(server), Retry)
        assert time.monotonic() - start < 10


@CONNECTIONS
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(OK), {"Content_Encoding": "gzip"}),
        (gzip.compress(OK), {}),
        (BOM + OK, {}),
        (gzip.compress(BOM + OK), {"Content_Encoding": "gzip"}),
    ],
    ids=["gzip", "gzip without its header", "BOM", "both"],
)
def test_an_acknowledgement_counts_in_every_encoding(post: Post, body: bytes, headers: dict[str, str]) -> None:
    with Server(status(200, body, **headers)) as server:
        assert post(server) == Delivered()
        assert server.requests[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "answer",
    [gzip.compress(b"<html>"), gzip.compress(OK)[:-12], b"\x1f\x8b", BOM, BOM * 2 + OK],
    ids=["a page", "cut", "magic bytes", "BOM", "two BOMs"],
)
def test_an_encoded_body_that_is_no_acknowledgement_keeps_the_batch(answer: bytes) -> None:
    assert isinstance(interpret_answer(200, answer, ""), Retry)


@given(st.binary(max_size=100))
def test_no_compressed_answer_makes_the_sender_fail(data: bytes) -> None:
    assert isinstance(interpret_answer(200, b"\x1f\x8b\x08" + data, ""), Retry)


def test_a_decompression_bomb_is_read_up_to_the_bound_of_an_answer() -> None:
    assert isinstance(interpret_answer(200, gzip.compress(b" " * 50_000_000 + OK), ""), Retry)


@pytest.mark.parametrize(
    ("seconds", "wait"), [(30, 30), (0, 0), (-500, 0), (3600, 3600), (10 * 86_400, MAX_RETRY_AFTER_SECONDS)]
)
def test_retry_after_as_a_date_is_honoured_within_a_day(seconds: int, wait: float) -> None:
    for date in (
        formatdate(NOW + seconds, usegmt=True),
        format_datetime(datetime.fromtimestamp(NOW + seconds, UTC)),
        time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(NOW + seconds)),
    ):
        assert interpret_answer(429, b"", date, NOW) == Retry("HTTP status 429", wait), date


@CONNECTIONS
def test_a_date_in_retry_after_is_read_from_a_real_answer(post: Post) -> None:
    with Server(status(503, Retry_After=formatdate(time.time() + 120, usegmt=True))) as server:
        outcome = post(server)
    assert isinstance(outcome, Retry)
    assert 100 < outcome.after <= 120


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("", "/batch/"),
        ("/", "/batch/"),
        ("/ingest", "/ingest/batch/"),
        ("/ingest/", "/ingest/batch/"),
        ("/batch", "/batch/"),
        ("/batch/", "/batch/"),
        ("/ingest/batch/", "/ingest/batch/"),
        ("/my-batch", "/my-batch/batch/"),
    ],
)
def test_batches_go_below_the_path_of_a_host(host: str, path: str) -> None:
    assert batch_url(f"https://proxy.example{host}") == f"https://proxy.example{path}"
    with Server() as server:
        sender = BatchSender(server.url + host, {})
        assert sender.post(BODY, 5) == Delivered()
        sender.close()
        assert [request.path for request in server.requests] == [path]

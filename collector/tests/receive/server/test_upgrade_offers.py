"""A request that offers another protocol is read like any other; spaces around a header's value are ignored."""

import json

import pytest

from collector.tests.app.http import ask, counter
from collector.tests.defence.wires import answer, ended, wire
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess

# As Java's HttpClient offers it with the first request to a host.
H2C = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
)
WEBSOCKET = (
    b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
TAKEN = b'{"status":1}'


def request(headers: bytes = b"", host: bytes = b" 127.0.0.1", chunked: bool = False) -> bytes:
    body = batch(event())
    head = b"POST /batch/ HTTP/1.1\r\nHost:" + host + b"\r\nContent-Type: application/json\r\n" + headers
    if chunked:
        return head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("offer", [H2C, WEBSOCKET, b"Connection: upgrade\r\nUpgrade: TLS/1.0\r\n"])
def test_the_events_of_a_request_with_an_offer_are_taken(shared: CollectorProcess, offer: bytes, chunked: bool) -> None:
    before = counter(shared, "events_accepted")
    with wire(shared) as connection:
        for _ in range(2):
            connection.sendall(request(offer, chunked=chunked))
            assert answer(connection).endswith(TAKEN)
    assert counter(shared, "events_accepted") == before + 2
    assert "pgrade" not in shared.output


def test_a_request_with_an_offer_is_taken_wherever_its_bytes_are_cut(shared: CollectorProcess) -> None:
    whole = request(H2C)
    head = whole.index(b"\r\n\r\n")
    for cut in (1, 60, head, head + 2, head + 4, head + 5, len(whole) - 1):
        with wire(shared) as connection:
            connection.sendall(whole[:cut])
            assert ask(shared, "GET", "/readyz").status == 200  # the first piece was read by now, or is with the second
            connection.sendall(whole[cut:])
            assert answer(connection).endswith(TAKEN), cut


def test_requests_behind_one_with_an_offer_are_answered_in_order(shared: CollectorProcess) -> None:
    with wire(shared) as connection:
        connection.sendall(request(H2C) + request() + request(WEBSOCKET) + request(b"Connection: close\r\n"))
        found = b""
        while part := connection.recv(65536):
            found += part
        assert found.count(TAKEN) == 4


def test_who_offers_in_every_request_of_a_read_is_refused(shared: CollectorProcess) -> None:
    with wire(shared) as connection:
        connection.sendall(request(H2C) * 40)
        assert ended(connection)
    assert ask(shared, "GET", "/readyz").status == 200


def test_what_reads_answers_as_if_nothing_were_offered(shared: CollectorProcess) -> None:
    with wire(shared) as connection:
        connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n" + WEBSOCKET + b"\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("host", [b" localhost \t ", b"\t127.0.0.1", b"localhost", b"   localhost:80  "])
def test_spaces_around_the_host_mean_nothing(shared: CollectorProcess, host: bytes) -> None:
    with wire(shared) as connection:
        connection.sendall(request(host=host))
        assert answer(connection).endswith(TAKEN)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Encoding", "  identity \t"),
        ("Origin", " https://app.example.org "),
    ],
)
def test_spaces_around_other_values_mean_nothing(shared: CollectorProcess, name: str, value: str) -> None:
    with wire(shared) as connection:
        connection.sendall(request(f"{name}:{value}\r\n".encode()))
        found = answer(connection)
        assert TAKEN in found
        if name == "Origin":
            assert b"access-control-allow-origin: https://app.example.org\r\n" in found


def test_a_bearer_token_with_spaces_around_it_is_the_token(shared: CollectorProcess) -> None:
    body = json.dumps({"batch": [event()]}).encode()
    with wire(shared) as connection:
        connection.sendall(
            b"POST /i/v1/analytics/events HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization:   Bearer phc_public_write_key  \r\n" + b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        assert b'"result":"ok"' in answer(connection)

"""Many requests in one read, and clients that leave: no connection delays the others."""

import gzip
import socket
import struct
from collections.abc import Iterator

import pytest

from collector.tests.app.http import ask, counter
from collector.tests.defence.wires import HEAD, answer, ended, request, status, wire
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

GOOD = batch(event())


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with start_collector(
        tmp_path_factory.mktemp("hasty") / "data", idle_seconds=1, unlimited_peers="127.0.0.0/8"
    ) as started:
        # The first key is adopted as the product's; later ones are unknown.
        assert ask(started, "POST", "/batch/", GOOD).status == 200
        yield started


def said(connection: socket.socket) -> bytes:
    """All bytes until the connection ends."""
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionError:
        pass
    return found


@pytest.mark.parametrize("query", ["", "?x=1"])
def test_forty_requests_in_one_read_are_cut_and_not_all_answered_at_once(hasty: CollectorProcess, query: str) -> None:
    unknown = gzip.compress(b'{"api_key":"phc_unknown","batch":[{"event":"a"}]}')
    before = counter(hasty, "connections_cut", reason="pipelined")
    with wire(hasty) as connection:
        connection.sendall(request(unknown, "Content-Encoding: gzip", path=f"/batch/{query}") * 40)
        assert said(connection).count(b"HTTP/1.1 401") < 17
    wait_for(lambda: counter(hasty, "connections_cut", reason="pipelined") == before + 1, "the connection to be cut")


@pytest.mark.parametrize("query", ["", "?x=1"])
@pytest.mark.parametrize("trailers", [b"X: y\r\n" * 200, b"X-Long: " + b"a" * 40_000 + b"\r\n"], ids=["many", "long"])
def test_trailers_count_as_a_head_before_anything_is_taken(
    hasty: CollectorProcess, query: str, trailers: bytes
) -> None:
    accepted = counter(hasty, "events_accepted")
    head = HEAD.replace(b"/batch/", f"/batch/{query}".encode()) + b"Transfer-Encoding: chunked\r\n\r\n"
    with wire(hasty) as connection:
        connection.sendall(head + b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(GOOD), GOOD, trailers))
        found = said(connection)
    assert found.count(b"HTTP/1.1 ") == found.count(b"HTTP/1.1 431") == 1
    # Requests that were accepted earlier are counted before this one.
    assert ask(hasty, "POST", "/batch/", GOOD).status == 200
    assert counter(hasty, "events_accepted") == accepted + 1


@pytest.mark.parametrize("query", ["", "?x=1"])
def test_an_earlier_request_in_the_same_read_is_no_part_of_a_head(hasty: CollectorProcess, query: str) -> None:
    first = request(batch(*(event() for _ in range(120))), path=f"/batch/{query}")
    assert len(first) > 33_000
    with wire(hasty) as connection:
        connection.sendall(first + b"POST ")
        assert status(connection) == 200
        connection.sendall(request(GOOD).removeprefix(b"POST "))
        assert status(connection) == 200


@pytest.mark.parametrize("query", ["", "?x=1"])
def test_a_client_that_closed_its_half_is_answered(hasty: CollectorProcess, query: str) -> None:
    for many in (1, 3):
        with wire(hasty) as connection:
            connection.sendall(request(GOOD, path=f"/batch/{query}") * many)
            connection.shutdown(socket.SHUT_WR)
            assert said(connection).count(b"HTTP/1.1 200 OK") == many
    with wire(hasty) as connection:
        connection.sendall(request(GOOD, path=f"/batch/{query}")[:-1])
        connection.shutdown(socket.SHUT_WR)
        assert said(connection) == b""


def test_disconnecting_clients_are_not_logged(hasty: CollectorProcess) -> None:
    for _ in range(50):
        for path in ("/batch/", "/batch/?x=1", "/flags/", "/"):
            with wire(hasty) as connection:
                connection.sendall(request(GOOD, path=path) * 3)
                # A reset instead of a normal close.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with wire(hasty) as connection:
        connection.sendall(request(GOOD))
        assert b"200 OK" in answer(connection)
        assert ended(connection)
    assert "Traceback" not in hasty.output
    assert "ASGI" not in hasty.output

"""The fast path gives the same answers as uvicorn's path."""

import asyncio
import gzip
import logging
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import uvloop

from collector.tests.app.http import counter, post
from collector.tests.defence.wires import answer, ended, request, wire
from collector.tests.receive.shapes import SECRET_TEXT, TOKEN, batch, event
from footfall_collector.receive import Peers
from footfall_collector.receive.asgi import Answer
from footfall_collector.receive.server import Connections, FastPath
from footfall_collector.runtime import Settings
from footfall_collector.runtime.status import Status
from tests.support.collector_process import CollectorProcess, start_collector

V1 = "/i/v1/analytics/events"
BEARER = f"Authorization: Bearer {TOKEN}"
ORIGIN = "Origin: https://app.example.org"
GOOD = event()

Case = tuple[str, bytes, tuple[str, ...]]

CASES: dict[str, Case] = {
    "a batch": ("/batch/", batch(GOOD), ()),
    "gzip": ("/batch", gzip.compress(batch(GOOD)), ("Content-Encoding: gzip",)),
    "of a page": ("/e/", batch(GOOD), (ORIGIN,)),
    "nothing admitted": ("/i/v0/e/", batch(event("$pageview")), ()),
    "a person": ("/engage/", b'{"token": "%b", "$set": {}}' % TOKEN.encode(), ()),
    "v1": (V1, batch(GOOD), (BEARER,)),
    "v1 of a page": (V1 + "/", batch(GOOD), (BEARER, ORIGIN)),
    "v1 without a key": (V1, batch(GOOD), (ORIGIN,)),
    "no JSON": ("/batch/", b"{" + SECRET_TEXT.encode(), (ORIGIN,)),
    "no body": ("/batch/", b"", ()),
    "not gzip": ("/batch/", b"\x1f\x8b" + SECRET_TEXT.encode(), ()),
    "another host": ("/batch/", batch(GOOD), ("Host: evil.example.org", ORIGIN)),
    "closing": ("/batch/", batch(GOOD), ("Connection: close",)),
}


def answered(collector: CollectorProcess, path: str, body: bytes, lines: tuple[str, ...]) -> tuple[bytes, list[bytes]]:
    """Status line and body, and the headers without the date, in any order."""
    whole = request(body, *lines, path=path)
    if any(line.startswith("Host:") for line in lines):
        whole = whole.replace(b"Host: localhost\r\n", b"")
    with wire(collector) as connection:
        connection.sendall(whole)
        head, _, said = answer(connection).partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    return first + said, sorted(line.lower() for line in headers if not line.lower().startswith(b"date:"))


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_the_fast_path_and_uvicorns_path_give_the_same_answer(collector: CollectorProcess, case: Case) -> None:
    path, body, lines = case
    assert post(collector, batch(GOOD)).status == 200, "the first key, which no page may add"
    accepted = []
    answers = []
    # A request with a query takes uvicorn's path; this query has no meaning.
    for query in ("", "?x=1"):
        before = counter(collector, "events_accepted")
        answers.append(answered(collector, path + query, body, lines))
        accepted.append(counter(collector, "events_accepted") - before)
    assert answers[0] == answers[1]
    assert accepted[0] == accepted[1]
    assert SECRET_TEXT.encode() not in answers[0][0]


def test_a_request_in_two_pieces_is_answered_wherever_it_is_cut(collector: CollectorProcess) -> None:
    whole = request(batch(GOOD))
    with wire(collector) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for cut in range(1, len(whole), 5):
            connection.sendall(whole[:cut])
            connection.sendall(whole[cut:])
            assert answer(connection).startswith(b"HTTP/1.1 200"), cut


def test_pipelined_requests_are_answered_in_order(collector: CollectorProcess) -> None:
    asked = [
        (request(batch(GOOD)), b"200", b'{"status":1}'),
        (b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"200", b"ready"),
        (request(b"{"), b"400", b"JSON"),
        (request(batch(GOOD), BEARER, path=V1), b"200", b'"ok"'),
        (request(batch(GOOD), "Connection: close"), b"200", b'{"status":1}'),
    ]
    with wire(collector) as connection:
        connection.sendall(b"".join(whole for whole, _, _ in asked))
        found = b""
        while part := connection.recv(65536):
            found += part
    answers = found.split(b"HTTP/1.1 ")[1:]
    assert [one[:3] for one in answers] == [status for _, status, _ in asked]
    for one, (_, _, said) in zip(answers, asked, strict=True):
        assert said in one.partition(b"\r\n\r\n")[2]


Ingest = Callable[..., None]


async def served(ingest: Ingest, talk: Callable[[int, uvicorn.Server], Any], **limits: Any) -> Any:
    """Talk to a server on a free port whose fast path calls `ingest`."""

    async def nothing(scope: object, receive: object, send: object) -> None:
        raise AssertionError("uvicorn's path was taken")

    settings, status = Settings(data=Path("unused"), **limits), Status()
    connections = Connections(settings, Peers(), status)
    fast_path = FastPath({b"/batch/": lambda scope, body, limits: pytest.fail("ingest decodes")}, ingest)
    config = uvicorn.Config(nothing, http=fast_path.protocol(connections), lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            return await asyncio.wait_for(talk(listener.getsockname()[1], server), 20)
        finally:
            server.should_exit = True
            await running


def test_an_unexpected_error_is_a_500_and_one_log_line_without_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def ingest(decode: object, scope: object, body: bytes, done: object) -> None:
        raise ValueError(body.decode())

    async def talk(port: int, _: uvicorn.Server) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(SECRET_TEXT.encode()))
        found = await reader.read()
        writer.close()
        return found

    with caplog.at_level(logging.ERROR):
        found = asyncio.run(served(ingest, talk))
    assert found.startswith(b"HTTP/1.1 500 ")
    assert b"connection: close" in found
    assert [record.getMessage() for record in caplog.records] == ["a request could not be answered (ValueError)"]
    assert SECRET_TEXT not in caplog.text


class DeferredAnswers:
    """Collects the callbacks of requests that wait for an answer."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Callable[[Answer], None]] = asyncio.Queue()

    def ingest(self, decode: object, scope: object, body: bytes, done: Callable[[Answer], None]) -> None:
        self._waiting.put_nowait(done)

    async def next(self) -> Callable[[Answer], None]:
        return await self._waiting.get()


def test_a_request_under_way_when_the_server_stops_is_answered_and_its_connection_closed() -> None:
    later = DeferredAnswers()

    async def talk(port: int, server: uvicorn.Server) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(b"{}"))
        done = await later.next()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        done(Answer(200, b"done"))
        found = await reader.read()
        writer.close()
        return found

    found = asyncio.run(served(later.ingest, talk))
    assert found.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close\r\n" in found
    assert found.endswith(b"done")


def test_a_client_that_disconnects_before_its_answer_affects_no_other() -> None:
    later = DeferredAnswers()

    async def talk(port: int, server: uvicorn.Server) -> bytes:
        _, gone = await asyncio.open_connection("127.0.0.1", port)
        gone.write(request(b"{}"))
        done = await later.next()
        # A reset: after a mere end of data the client may still read.
        gone.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.transport.abort()
        while server.server_state.connections:  # noqa: ASYNC110 -- uvicorn tells nobody that one is lost
            await asyncio.sleep(0)
        done(Answer(200, b"nobody hears it"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(b"{}"))
        done = await later.next()
        done(Answer(200, b"heard"))
        found = await reader.readuntil(b"heard")
        writer.close()
        return found

    assert asyncio.run(served(later.ingest, talk)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("closing", [False, True])
def test_a_client_that_never_reads_a_small_answer_is_disconnected(closing: bool) -> None:
    """It stays below the transport's high-water mark, so no callback reports it."""

    answered = asyncio.Semaphore(0)

    def ingest(decode: object, scope: object, body: bytes, done: Callable[[Answer], None]) -> None:
        done(Answer(200, b"x" * 10_000))
        answered.release()

    async def talk(port: int, server: uvicorn.Server) -> None:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            deaf.connect(("127.0.0.1", port))
            while not server.server_state.connections:  # noqa: ASYNC110 -- uvicorn has no callback for it
                await asyncio.sleep(0)
            connection: Any
            (connection,) = server.server_state.connections
            transport: Any = connection.transport
            while not transport.get_write_buffer_size():
                deaf.sendall(request(b"{}"))
                await answered.acquire()
            assert transport.get_write_buffer_size() < 64 << 10
            if closing:
                # As uvicorn does after an answer that is the last one.
                connection.shutdown()
                connection.on_response_complete()
            while server.server_state.connections:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.01)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(served(ingest, talk, idle_seconds=1, header_seconds=0.2))


def test_an_idle_connection_is_closed_after_requests_on_the_fast_path(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", header_seconds=0.5, idle_seconds=1) as hasty, wire(hasty) as connection:
        for _ in range(3):
            connection.sendall(request(batch(GOOD)))
            assert answer(connection).startswith(b"HTTP/1.1 200")
        assert ended(connection)

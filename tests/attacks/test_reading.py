"""Bursts of questions, from readers whom nobody checks on loopback."""

import asyncio
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.tests.app.http import gauge
from footfall_collector.app import Collector
from footfall_collector.runtime import Settings
from tests.attacks.harness import (
    SOAK,
    Measured,
    assert_unharmed,
    attacked_collector,
    exchange,
    exchange_once,
    measure,
    request,
    wait_until_stored,
)
from tests.attacks.parties.claims import Party, at_most
from tests.attacks.senders import connected
from tests.support.collector_process import CollectorProcess
from tests.support.waiting import wait_for

_READER = "127.0.0.1"
_EVENTS = 60_000 if SOAK else 20_000
_BATCH = 2000
_BUSY = 503


def get(path: str) -> bytes:
    return request(b"", path=path, method="GET")


_CHARTS = [
    get(f"/api/charts/{chart}?range={span}&internal=all&tool=tool-{n}")
    for n, (chart, span) in enumerate(
        (chart, span)
        for chart in ("versions", "tool-usage", "error-types", "active-instances.csv", "tool-duration.parquet")
        for span in ("24h", "7d", "90d", "all")
    )
]
_EVERYTHING = [
    get("/api/report?range=24h&internal=all"),
    get("/api/releases?range=24h&internal=all"),
    get("/api/pages/next?range=24h&internal=all"),
    get("/api/health"),
    get("/api/options"),
    get("/metrics"),
    get("/public/dot-ai"),
    get("/public/dot-ai/badge/calls.svg"),
    get("/public/dot-ai/data.parquet"),
    get("/tools"),
]


@contextmanager
def collector_with_events(data: Path, **settings: Any) -> Iterator[CollectorProcess]:
    """Enough events of today, in many values, that a question over them takes a while."""
    with attacked_collector(data, public_products="dot-ai", **settings) as collector:
        with connected(collector, _READER) as connection:
            for first in range(0, _EVENTS, _BATCH):
                assert exchange(connection, request(batch(first))).status == 200
        wait_until_stored(collector)
        yield collector


def batch(first: int) -> bytes:
    events = [
        {
            "event": "tool_executed",
            "uuid": f"00000000-0000-4000-8000-{number:012x}",
            "distinct_id": f"cluster_{number % 700:016x}",
            "properties": {
                "tool": f"tool-{number % 400}",
                "success": number % 7 != 0,
                "duration_ms": number % 900,
                "dot_ai_version": f"1.{number % 300}.0",
            },
        }
        for number in range(first, first + _BATCH)
    ]
    return json.dumps({"api_key": "phc_public_write_key", "batch": events}).encode()


class Burst:
    """Connections that ask one question after the other and wait for no one. A context manager."""

    def __init__(self, collector: CollectorProcess, requests: Sequence[bytes], connections: int) -> None:
        self._collector, self._requests = collector, requests
        self._over, self._lock = threading.Event(), threading.Lock()
        self.statuses: Counter[int] = Counter()
        self.without_time = 0
        self._threads = [threading.Thread(target=self._ask, args=(n,), daemon=True) for n in range(connections)]

    def __enter__(self) -> "Burst":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a question was not answered"

    def _ask(self, number: int) -> None:
        with connected(self._collector, _READER) as connection:
            while not self._over.is_set():
                answer = exchange(connection, self._requests[number % len(self._requests)])
                number += 1
                with self._lock:
                    self.statuses[answer.status] += 1
                    self.without_time += answer.status == _BUSY and answer.retry_after is None


def attacked(collector: CollectorProcess, requests: Sequence[bytes], connections: int) -> tuple[Measured, Burst]:
    quiet = measure(collector, seconds=2)
    with Burst(collector, requests, connections) as burst:
        attack = measure(collector, seconds=8 if SOAK else 3)
    assert_unharmed(quiet, attack)
    assert burst.without_time == 0
    return attack, burst


@at_most(Party.READER, "wait for other readers, or get 503; ingestion goes on")
@pytest.mark.parametrize(("requests", "connections"), [(_CHARTS, 150), (_EVERYTHING, 40)], ids=["charts", "everything"])
def test_bursts_of_questions_stop_no_one(tmp_path: Path, requests: list[bytes], connections: int) -> None:
    """A burst of questions, about charts, files, reports, badges or metrics, stalls ingestion or takes memory."""
    with collector_with_events(tmp_path) as collector:
        attack, burst = attacked(collector, requests, connections)
        print(attack, dict(burst.statuses))
        assert set(burst.statuses) <= {200, _BUSY}
        assert burst.statuses[200]
        # After the burst every question is answered.
        for one in requests:
            assert exchange_once(collector, _READER, one).status == 200


@at_most(Party.READER, "ask and hang up, which frees the place for others")
def test_readers_who_leave_free_their_places(tmp_path: Path) -> None:
    """Questions whose askers hang up at once keep the collector at work, and keep others from their answers."""
    with collector_with_events(tmp_path) as collector:
        gone = [connected(collector, _READER) for _ in range(90)]
        for number, connection in enumerate(gone):
            connection.sendall(get(f"/api/report?range=24h&tool=left-{number}"))
        for connection in gone:
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        wait_for(lambda: gauge(collector, "questions_waiting") == 0, "the places", 5)
        assert exchange_once(collector, _READER, get("/api/charts/events")).status == 200


@at_most(Party.READER, "keep one of two places for as long as a question may take")
def test_a_question_has_a_time_limit(tmp_path: Path) -> None:
    """A question that takes minutes keeps one of two places for minutes."""
    with collector_with_events(tmp_path, query_seconds=0.1) as collector:
        with Burst(collector, _EVERYTHING[:3], 20) as burst:
            wait_for(lambda: burst.statuses[_BUSY], "a question that is given up", 30)
        assert burst.without_time == 0
        assert set(burst.statuses) <= {200, _BUSY}
        wait_for(lambda: gauge(collector, "questions_waiting") == 0, "the places", 5)
        assert exchange_once(collector, _READER, get("/api/charts")).status == 200


@at_most(Party.NETWORK, "without a sign-in: ask for what is not published, which takes no reader's place")
@pytest.mark.parametrize("path", ["/public/x", "/public/x/data.json", "/public/dot-ai/badge/x.svg"])
def test_what_is_not_published_is_refused_without_a_place_among_the_questions(tmp_path: Path, path: str) -> None:
    """While two questions are answered, a hundred paths that a stranger makes up fill the queue; readers get 503."""
    collector = Collector(Settings(data=tmp_path, public_products=("dot-ai",), sign_in_secret="x" * 20))
    sent: list[Any] = []

    async def ask() -> None:
        # The gate is not started, so that a question waits for ever.
        async with asyncio.timeout(5):
            scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
            await collector.dashboard(scope, asyncio.Event().wait, record)  # type: ignore[arg-type] # nobody disconnects

    async def record(message: Any) -> None:
        sent.append(message)

    try:
        asyncio.run(ask())
        assert sent[0]["status"] == 404
    finally:
        collector.pipeline.close()
        collector.store.close()

"""Events are acknowledged while the store is busy or short of memory, and are loaded later."""

import asyncio
import threading
import uuid
from pathlib import Path
from typing import Any

from collector.tests.receive.shapes import batch, event
from footfall_collector.app import Collector
from footfall_collector.runtime import Settings
from footfall_collector.store import EventSelection
from tests.support.waiting import wait_for

EVERYTHING = EventSelection("dot-ai", 0, 4_000_000_000)
COUNT = "SELECT coalesce(sum(n), 0)::BIGINT FROM event_counts"
LEAST_MEMORY = "128MB"


async def posted(collector: Collector, body: bytes) -> int:
    """Post a body; returns the status."""
    sent: list[Any] = []
    app: Any = collector.asgi()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/batch/",
        "raw_path": b"/batch/",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return int(sent[0]["status"])


def bodies(requests: int, events: int) -> list[bytes]:
    return [batch(*[event(uuid=str(uuid.uuid4())) for _ in range(events)]) for _ in range(requests)]


async def all_posted(collector: Collector, made: list[bytes]) -> list[int]:
    return await asyncio.gather(*(posted(collector, body) for body in made))


def counted(collector: Collector) -> int:
    [[total]] = collector.store.query(COUNT, EVERYTHING)
    return int(total)


def test_while_the_store_is_checkpointed_events_are_acknowledged_and_afterwards_they_are_in_the_charts(
    tmp_path: Path,
) -> None:
    collector = Collector(Settings(data=tmp_path, segment_seconds=0.05))
    store: Any = collector.store
    begun, over = threading.Event(), threading.Event()

    def checkpoint(step: str) -> None:
        if step == "checkpoint" and not over.is_set():
            # Simulates an endless checkpoint: it blocks readers and the loader.
            with store.files.lock.exclusive():
                begun.set()
                assert over.wait(60)

    collector.start()
    collector.first_key.open()
    try:
        assert asyncio.run(all_posted(collector, bodies(1, 10))) == [200]
        wait_for(lambda: counted(collector) == 10, "the first events")
        store._step = checkpoint
        checkpointing = threading.Thread(target=lambda: collector.loader.run_between_loads(collector.loader.checkpoint))
        checkpointing.start()
        assert begun.wait(30)
        statuses = asyncio.run(all_posted(collector, bodies(40, 10)))
        assert statuses == [200] * 40
        assert not over.is_set()
        assert collector.status.total("events_stored") == 10
        over.set()
        checkpointing.join(30)
        wait_for(lambda: counted(collector) == 410, "the events sent during the checkpoint")
    finally:
        over.set()
        collector.stop()


def test_the_engine_keeps_its_memory_limit_while_it_loads_rolls_up_and_answers(tmp_path: Path) -> None:
    collector = Collector(Settings(data=tmp_path, segment_seconds=0.05, store_memory=LEAST_MEMORY))
    files: Any = collector.store.files  # type: ignore[attr-defined]  # DuckDB's own
    most = 0

    def look() -> int:
        nonlocal most
        with files.reader() as cursor:
            [[used]] = cursor.execute("SELECT sum(memory_usage_bytes)::BIGINT FROM duckdb_memory()").fetchall()
        most = max(most, int(used))
        return collector.status.total("events_stored")

    collector.start()
    collector.first_key.open()
    try:
        made = bodies(40, 2000)
        assert set(asyncio.run(all_posted(collector, made))) == {200}
        wait_for(lambda: look() == 80_000, "all events in the store", seconds=60)
        collector.loader.run_between_loads(collector.loader.checkpoint)
        look()
        assert counted(collector) == 80_000
        with files.reader() as cursor:
            [[limit]] = cursor.execute("SELECT current_setting('memory_limit')").fetchall()
        assert limit == "122.0 MiB"
        assert 0 < most <= 128_000_000
        assert collector.status.gauge("loader_failing") == 0
    finally:
        collector.stop()

"""The worker's limits: processor time and memory; and that it refuses what the pipeline refuses."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.tests.receive.shapes import TOKEN, event
from footfall_collector.receive.large import LargeBodyDecoder
from footfall_collector.receive.large.frames import Job, pack
from footfall_collector.receive.large.worker_process import WorkerEndedError
from footfall_collector.receive.limits import Limits
from footfall_collector.receive.refusals import RefusedError

SCOPE: dict[str, Any] = {"method": "POST", "path": "/batch/", "query_string": b"", "headers": []}


def body_of(events: int, padding: int = 0) -> bytes:
    """A body; each event has so many bytes that say nothing."""
    batch = [event() | {"padding": "x" * padding} for _ in range(events)]
    return json.dumps({"api_key": TOKEN, "batch": batch}).encode()


def decoded(decoder: LargeBodyDecoder, body: bytes, charged: list[float]) -> int:
    """The number of events that came in slices. Raises RefusedError."""

    async def main() -> int:
        async with decoder.opened(SCOPE, body, "p1", lambda: None, charged.append) as batch:
            assert batch.token == TOKEN
            await batch.count()
            events = [len(part) async for part in batch.slices()]
            assert sum(events) == batch.size
            assert (await batch.answer([None] * batch.size)).status == 200
            return batch.size

    return asyncio.run(main())


def refused(decoder: LargeBodyDecoder, body: bytes, charged: list[float]) -> tuple[int, str]:
    with pytest.raises(RefusedError) as caught:
        decoded(decoder, body, charged)
    return caught.value.status, caught.value.reason


@pytest.fixture
def decoder(request: pytest.FixtureRequest) -> Iterator[LargeBodyDecoder]:
    limits, job_seconds = request.param
    made = LargeBodyDecoder(limits, job_seconds)
    yield made
    made.close()


def limited(job_seconds: float = 60.0, **limits: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("decoder", [(replace(Limits(), **limits), job_seconds)], indirect=True, ids=[""])


@limited(job_seconds=0.001)
def test_a_body_that_takes_too_much_time_ends_the_worker_and_is_charged(decoder: LargeBodyDecoder) -> None:
    charged: list[float] = []
    # Nearly as much as a body may have: the system counts in steps of some milliseconds, and a fast machine needs few.
    assert refused(decoder, body_of(9000, padding=1700), charged) == (413, "too_much_work")
    assert sum(charged) >= 1


@limited()
def test_a_worker_that_ends_between_two_messages_is_not_replaced_in_the_middle_of_a_body(
    decoder: LargeBodyDecoder,
) -> None:
    process = decoder.process
    process.begin(pack(Job("POST", "/batch/", b"", [])), body_of(200))
    process.receive()
    running = process._process
    assert running is not None
    os.kill(running.pid, signal.SIGPROF)
    running.wait()
    with pytest.raises(WorkerEndedError) as ended:
        process.send(pack(True))
    assert ended.value.too_slow
    assert process._process is None
    assert decoded(decoder, body_of(200), []) == 200


@limited(body_bytes=1 << 20, decoded_bytes=1 << 20)
def test_the_worker_gets_no_more_memory_than_decoding_needs(decoder: LargeBodyDecoder) -> None:
    assert refused(decoder, b"[" * (64 << 20), []) == (503, "busy")
    assert decoded(decoder, body_of(200), []) == 200


@limited(batch_events=200)
def test_the_limits_are_the_collectors_and_a_refusal_is_charged(decoder: LargeBodyDecoder) -> None:
    assert decoded(decoder, body_of(200), []) == 200
    assert refused(decoder, body_of(201), []) == (413, "batch_too_large")
    charged: list[float] = []
    assert refused(decoder, b"{}" + b" " * (1 << 20), charged)[0] in (400, 401, 413)
    assert len(charged) > 0
    assert decoded(decoder, body_of(1), []) == 1


@limited()
def test_no_module_of_the_working_directory_is_imported(
    decoder: LargeBodyDecoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("msgspec", "footfall", "footfall_collector", "resource"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    assert decoded(decoder, body_of(300), []) == 300

"""The ASGI application with a real journal in this process, called without HTTP for speed."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from collector.tests.app.http import holds
from collector.tests.fuzz.inputs import KEY, MARKER, Input
from footfall_collector.app import Collector
from footfall_collector.journal import FOLDER
from footfall_collector.journal.line_checksum import has_valid_checksum
from footfall_collector.receive.write_keys import WriteKeys
from footfall_collector.runtime import Settings

_SEGMENT_BYTES = 4 << 20


class Target:
    """Sends requests and checks answers, log and files. Use `running()`."""

    def __init__(self, data: Path) -> None:
        WriteKeys(data).add("dot-ai", KEY)
        self.data = data
        self.collector = Collector(Settings(data=data, segment_bytes=_SEGMENT_BYTES))
        self.collector.journal.start()
        self.statuses: Counter[int] = Counter()
        self.asked = self.lines = 0
        self.said: list[str] = []
        self.misfits: list[str] = []
        self._app: Any = self.collector.asgi()
        self._runner = asyncio.Runner()
        self._addresses = Random(0)

    def ask(self, requests: Sequence[Input]) -> None:
        """Send all requests concurrently; AssertionError names the one whose answer is wrong."""
        for request, (status, said) in zip(requests, self._runner.run(self._all(requests)), strict=True):
            self.asked += 1
            self.statuses[status] += 1
            assert status < 500, f"{status} {said!r} to {request}"
            assert MARKER.encode() not in said, f"{said!r} to {request}"
        assert self.said == []
        assert len(self.misfits) == len(set(self.misfits)), "a misfit is logged once"
        assert MARKER not in "".join(self.misfits)
        self._look_at_segments()

    async def _all(self, requests: Sequence[Input]) -> list[tuple[int, bytes]]:
        return await asyncio.gather(*map(self._one, requests))

    async def _one(self, request: Input) -> tuple[int, bytes]:
        """The status and the whole answer; (0, b"") if the client did not wait for it."""
        parts = [{"type": "http.request", "body": part, "more_body": True} for part in request.parts]
        parts[-1]["more_body"] = False
        if request.gone:
            parts[-1] = {"type": "http.disconnect"}
        coming = iter(parts)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return next(coming, {"type": "http.disconnect"})

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(self._scope(request), receive, send)
        if not sent:
            assert request.gone, f"no answer to {request}"
            return 0, b""
        headers = b"".join(name + b": " + value + b"\n" for name, value in sent[0]["headers"])
        return sent[0]["status"], headers + b"".join(message.get("body", b"") for message in sent[1:])

    def _scope(self, request: Input) -> dict[str, Any]:
        return {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.path,
            "raw_path": request.path.encode(),
            "query_string": request.query,
            "headers": [(b"host", b"localhost"), *request.headers.items()],
            # Each request has another address, so that the rate limits per peer don't interfere.
            "client": (f"10.{'.'.join(str(self._addresses.randrange(256)) for _ in range(3))}", 1),
            "server": ("127.0.0.1", 80),
        }

    def _look_at_segments(self) -> None:
        """Check the closed segments and delete them, as the loader does."""
        for path in (self.data / FOLDER).glob("*.jsonl"):
            self._check(path)
            path.unlink()

    def _check(self, path: Path) -> None:
        whole = path.read_bytes()
        assert MARKER.encode() not in whole
        for line in whole.splitlines():
            assert has_valid_checksum(line), line
            json.loads(line)
            self.lines += 1

    def close(self) -> None:
        """Close the journal and check all files."""
        self.collector.journal.close()
        self.collector.store.close()
        self._runner.close()
        self._look_at_segments()
        assert holds(self.data, MARKER) == []
        accepted = self.collector.status.total("events_accepted")
        assert self.lines == accepted, f"{self.lines} lines of {accepted} events that were acknowledged"


@contextmanager
def running(data: Path) -> Iterator[Target]:
    """A target whose log is captured; no request may make it log a line, but for each kind of misfit one."""
    data.mkdir(parents=True)
    target = Target(data)

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # What an operator has to hear once is not the work of one request.
            if not record.name.endswith((".proxy_alarm", ".new_instances")):
                lines = target.misfits if record.name == "footfall_collector.admit.misfits" else target.said
                lines.append(record.getMessage())

    handler = Listening(logging.INFO)
    logging.getLogger().addHandler(handler)
    try:
        yield target
        target.close()
    finally:
        logging.getLogger().removeHandler(handler)

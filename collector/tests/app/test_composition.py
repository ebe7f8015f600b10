"""The composition of the collector's parts in `app`, tested without a process."""

import asyncio
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from footfall_collector.app import Collector
from footfall_collector.receive.asgi import Message
from footfall_collector.runtime import Settings
from footfall_collector.store import StoreError


def answer_of(collector: Collector, path: str) -> tuple[int, Any]:
    """Status and JSON of a GET that goes to the ASGI application directly."""
    sent: list[Message] = []

    received: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not received:
            await asyncio.Event().wait()  # the client stays
        return received.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": None,
        "scheme": "http",
        "http_version": "1.1",
    }
    app: Any = collector.asgi()
    asyncio.run(app(scope, receive, send))
    whole = json.loads(b"".join(message.get("body", b"") for message in sent[1:]))
    return sent[0]["status"], whole | {"headers": dict(sent[0]["headers"])}


def test_a_store_that_can_not_answer_is_a_plain_503_and_one_line_by_class(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    collector = Collector(Settings(data=tmp_path))
    collector.start()
    assert answer_of(collector, "/api/charts/tool-usage")[0] == 200
    collector.store.close()
    with caplog.at_level(logging.ERROR):
        # Another question: the answer to the first one is kept.
        status, body = answer_of(collector, "/api/charts/tool-errors")
    assert (status, "see the collector's log" in body["error"]) == (503, True)
    assert body["headers"][b"retry-after"] == b"5"
    assert [record.message for record in caplog.records] == [
        "store: ConnectionException; the question stays unanswered"
    ]
    assert collector.status.total("answers_failed") == 1
    with pytest.raises(StoreError, match="can't be checkpointed"):
        collector.stop()


def test_the_driver_of_an_engine_that_is_not_used_is_not_loaded(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from footfall_collector.app import Collector\n"
        "from footfall_collector.runtime import Settings\n"
        f"Collector(Settings(data=Path({str(tmp_path)!r})))\n"
        "print('clickhouse_driver' in sys.modules, 'duckdb' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"

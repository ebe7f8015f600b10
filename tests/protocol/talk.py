"""A collector process behind a relay: an SDK's requests, their answers, and the counted events."""

import base64
import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import zstandard

from collector.tests.app.http import counter, holds
from scripts.demo.charts import chart
from tests.privacy.tee import Request, Tee
from tests.protocol.events import PLANTED
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

CAPTURE = re.compile(rb"POST (/batch|/e|/capture|/track|/engage|/i/v0/e|/i/v1/analytics/events)/?[ ?]")
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_GZIP, _ZLIB, _ZSTD = b"\x1f\x8b", b"\x78", b"\x28\xb5\x2f\xfd"


@dataclass
class Talk:
    """What went over the wire between an SDK and a collector. `url` is what the SDK is given as its host."""

    collector: CollectorProcess
    tee: Tee

    @property
    def url(self) -> str:
        return self.tee.url

    def deliveries(self) -> list[Request]:
        """The requests that carry events."""
        return [request for request in self.tee.requests() if CAPTURE.match(request.head)]

    def sent(self) -> list[dict[str, Any]]:
        """Every event of every request, as often as it was sent."""
        return [event for request in self.deliveries() for event in events_in(request.body)]

    def statuses(self) -> Counter[int]:
        """The number of answers by status, over all requests."""
        return Counter(int(status) for stream in list(self.tee.answered) for status in _STATUS.findall(bytes(stream)))

    def counted(self, product: str = "dot-ai") -> Counter[str]:
        """The chart `events`: counts by event name."""
        found: Counter[str] = Counter()
        for row in chart(self.collector.url, "events", range="all", product=product):
            found[row["event"]] += row["events"]
        return found

    def assert_counted_once(self, expected: Counter[str], refused: int) -> None:
        """Every expected event is in the charts once, the rest counted by reason, and nothing was sent twice."""
        wait_for(lambda: self.counted() == expected, f"{expected} in the charts, where {self.counted()} are")
        sent = self.sent()
        named = [event["uuid"] for event in sent if event.get("uuid")]  # old SDKs give none
        assert len(set(named)) == len(named), "an event was sent twice"
        assert len(sent) == expected.total() + refused
        assert counter(self.collector, "events_accepted") == expected.total()
        assert counter(self.collector, "events_refused", reason="unknown_event") == refused
        assert counter(self.collector, "events_refused") == refused
        assert counter(self.collector, "requests_refused") == 0

    def assert_nothing_kept(self) -> None:
        """What was refused is in no file, no log and no answer."""
        assert any(PLANTED in json.dumps(event) for event in self.sent()), "nothing was planted"
        assert self.collector.stop() == 0
        assert holds(self.collector.data_dir, PLANTED) == []
        assert PLANTED not in self.collector.output
        assert not any(PLANTED.encode() in stream for stream in self.tee.answered)


@contextmanager
def talking(data: Path, **settings: Any) -> Iterator[Talk]:
    """A collector on a fresh directory, with a relay before it."""
    with start_collector(data, segment_seconds=0.1, **settings) as collector, Tee(collector.port) as tee:
        yield Talk(collector, tee)


def events_in(body: bytes) -> list[dict[str, Any]]:
    """The events of a request as SDKs write it: read here by other means than the collector's own."""
    if body.startswith(b"data="):
        body = base64.b64decode(unquote_plus(body[5:].split(b"&")[0].decode()))
    if body.startswith(_GZIP):
        body = gzip.decompress(body)
    elif body.startswith(_ZSTD):
        body = zstandard.decompress(body)
    elif body.startswith(_ZLIB):
        body = zlib.decompress(body)
    found = json.loads(body)
    if isinstance(found, list):
        return found
    events: list[dict[str, Any]] = found.get("batch", [found])
    return events

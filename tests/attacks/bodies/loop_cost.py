"""What a request costs the event loop: a real collector in this process, and the processor time of its pipeline."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from footfall_collector.app import Collector
from footfall_collector.receive.asgi import Answer
from footfall_collector.receive.write_keys import WriteKeys
from footfall_collector.runtime import Settings
from tests.attacks.bodies.recipes import Recipe
from tests.attacks.senders import KEY, honest_body

_HONEST_EVENTS = 100
_UNLIMITED: dict[str, Any] = {
    "peer_cpu_seconds_per_minute": 0.0,
    "peer_bytes_per_minute": 0,
    "unkeyed_cpu_seconds_per_minute": 0.0,
    "unkeyed_bytes_per_minute": 0,
    "peer_requests_per_minute": 0,
    "peer_events_per_minute": 0,
}
"""What is measured is a request's cost before any budget is spent."""


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time of the event loop's thread.

    Attributes:
        longest: of the longest uninterrupted part.
        whole: of the whole request; a worker's time is not in it.
    """

    longest: float
    whole: float
    status: int


class LoopCost:
    """Sends requests to a collector in this process; see `measuring`."""

    def __init__(self, collector: Collector) -> None:
        self._collector, self._runner = collector, asyncio.Runner()
        self.honest = min(self._cost_of_honest() for _ in range(5))
        """The longest part of a batch of a hundred honest events in a foreign form, on this machine."""

    def cost(self, recipe: Recipe) -> Cost:
        """The cost of a request."""
        query = recipe.query().encode()
        return self._run(recipe.path, query, recipe.headers(), recipe.body())

    def close(self) -> None:
        self._runner.close()

    def _cost_of_honest(self) -> float:
        # Not in the form of Footfall's client, which is far cheaper.
        body = honest_body(_HONEST_EVENTS).replace(b'"is_internal": false', b'"is_internal": false, "other": 1')
        cost = self._run("/batch/", b"", {"Host": "localhost"}, body)
        assert cost.status == 200
        return cost.longest

    def _run(self, path: str, query: bytes, headers: dict[str, str], body: bytes) -> Cost:
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": query,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("p1", 0),
        }
        return self._runner.run(self._ingest(scope, body))

    async def _ingest(self, scope: dict[str, Any], body: bytes) -> Cost:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()
        decode = self._collector.routes.decoders[scope["path"].encode()]
        first = before = time.thread_time()
        self._collector.pipeline.ingest(decode, scope, body, answered.set_result)
        longest = time.thread_time() - before
        while not answered.done():
            # One turn of the loop, in which a large body goes on by one slice at most.
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)
        return Cost(longest, time.thread_time() - first, answered.result().status)


@contextmanager
def measuring(data: Path) -> Iterator[LoopCost]:
    """A collector without limits per peer, with a known key."""
    WriteKeys(data).add("dot-ai", KEY)
    collector = Collector(Settings(data=data, **_UNLIMITED))
    collector.journal.start()
    measured = LoopCost(collector)
    try:
        yield measured
    finally:
        measured.close()
        collector.pipeline.close()
        collector.journal.close()
        collector.store.close()

"""Posts a fleet's events to collectors on a cluster and waits until charts count them."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.clickhouse.answers import fetch
from tests.oracle.fleet import Fleet, FleetEvent, wire_event
from tests.support.waiting import wait_for

KEY = "phc_cluster-tests"
BATCH_EVENTS = 200
TIMEOUT_SECONDS = 90.0


def batches(fleet: Fleet) -> list[bytes]:
    """Request bodies with all events of a fleet, in order of time, stamped with the true time."""
    events = sorted(fleet.events(), key=lambda event: (event.at, event.uuid))
    return [body(events[at : at + BATCH_EVENTS]) for at in range(0, len(events), BATCH_EVENTS)]


def body(events: Sequence[FleetEvent]) -> bytes:
    return json.dumps({"api_key": KEY, "batch": [wire_event(event) for event in events]}).encode()


def post(url: str, content: bytes) -> bool:
    """Whether the request is acknowledged. Raises OSError if there is no answer."""
    request = urllib.request.Request(f"{url}/batch/", content, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status == 200 and bool(json.load(response)["status"] == 1)
    except urllib.error.HTTPError:
        return False


def post_all(url: str, bodies: Sequence[bytes]) -> None:
    """Post all bodies in order; each must be acknowledged."""
    for content in bodies:
        assert post(url, content)


def counted(url: str) -> int:
    """The number of events in the charts, of all time and including internal ones."""
    rows = fetch(url, "/api/charts/events", range="all", internal="all")["rows"]
    return sum(row[2] for row in rows)


def counted_or_minus_one(url: str) -> int:
    """`counted`, or -1 while the store doesn't answer."""
    try:
        return counted(url)
    except urllib.error.HTTPError:
        return -1


def await_counted(url: str, n: int) -> None:
    """Wait until charts count `n` events; AssertionError if they count more, or if it takes too long."""

    def is_complete() -> bool:
        events = counted_or_minus_one(url)
        assert events <= n, f"{events} events are counted, but there are only {n}"
        return events == n

    wait_for(is_complete, f"{n} events to be counted", TIMEOUT_SECONDS)


@dataclass
class BackgroundLoad:
    """Batches that a thread posts one after another. `sent` are the acknowledged ones."""

    url: str
    bodies: Sequence[bytes]
    sent: list[bytes] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)

    def run(self) -> None:
        try:
            for content in self.bodies:
                assert post(self.url, content)
                self.sent.append(content)
        except BaseException as error:  # noqa: BLE001 -- the test raises it again
            self.failed.append(error)

    def await_sent(self, n: int) -> None:
        """Wait until `n` batches are acknowledged."""
        wait_for(lambda: self.failed or len(self.sent) >= n, f"{n} batches to be acknowledged", TIMEOUT_SECONDS)
        if self.failed:
            raise self.failed[0]


@contextmanager
def loading(url: str, bodies: Sequence[bytes]) -> Iterator[BackgroundLoad]:
    """Post batches in the background; on success all of them are acknowledged at the end."""
    load = BackgroundLoad(url, bodies)
    thread = threading.Thread(target=load.run)
    thread.start()
    try:
        yield load
        load.await_sent(len(bodies))
    finally:
        thread.join(TIMEOUT_SECONDS)

"""Sends a fleet's events to collectors on a cluster, and waits until they are counted."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from collector.tests.app.http import ask
from tests.clickhouse.answers import fetch
from tests.oracle.fleet import Fleet, Happened, wire_event
from tests.support.collector_process import CollectorProcess
from tests.support.waiting import wait_for

KEY = "phc_cluster-tests"
BATCH = 200
PATIENCE = 90.0


def batches(fleet: Fleet) -> list[bytes]:
    """The bodies of requests with all events of a fleet, in the order of time, stamped by the true time."""
    events = sorted(fleet.happened(), key=lambda event: (event.at, event.uuid))
    return [body(events[at : at + BATCH]) for at in range(0, len(events), BATCH)]


def body(events: Sequence[Happened]) -> bytes:
    """One request's body."""
    return json.dumps({"api_key": KEY, "batch": [wire_event(event) for event in events]}).encode()


def post(url: str, content: bytes) -> bool:
    """Whether a request was acknowledged. Raises OSError where nobody answers."""
    request = urllib.request.Request(f"{url}/batch/", content, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status == 200 and bool(json.load(response)["status"] == 1)
    except urllib.error.HTTPError:
        return False


def post_all(url: str, bodies: Sequence[bytes]) -> None:
    """Post them in order; each must be acknowledged."""
    for content in bodies:
        assert post(url, content)


def counted(url: str) -> int:
    """How many events the charts count, of all time, internal ones too."""
    rows = fetch(url, "/api/charts/events", range="all", internal="all")["rows"]
    return sum(row[2] for row in rows)


def counted_or_less(url: str) -> int:
    """The same; -1 where the store doesn't answer."""
    try:
        return counted(url)
    except urllib.error.HTTPError:
        return -1


def await_counted(url: str, n: int) -> None:
    """Wait until the charts count so many events; AssertionError where they count more, or not as many in time."""

    def there() -> bool:
        seen = counted_or_less(url)
        assert seen <= n, f"{seen} events are counted, but there are only {n}"
        return seen == n

    wait_for(there, f"{n} events to be counted", PATIENCE)


def alarms(collector: CollectorProcess) -> list[str]:
    """The names of what is wrong, as /healthz says."""
    found: list[str] = ask(collector, "GET", "/healthz").json["alarms"]
    return found


@dataclass
class Load:
    """Batches that are posted one after another by a thread. `sent` are those that were acknowledged."""

    url: str
    bodies: Sequence[bytes]
    sent: list[bytes] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)

    def run(self) -> None:
        try:
            for content in self.bodies:
                assert post(self.url, content)
                self.sent.append(content)
        except BaseException as error:  # noqa: BLE001 -- whatever it is, the test raises it again
            self.failed.append(error)

    def await_sent(self, n: int) -> None:
        """Wait until so many batches were acknowledged."""
        wait_for(lambda: self.failed or len(self.sent) >= n, f"{n} batches to be acknowledged", PATIENCE)
        if self.failed:
            raise self.failed[0]


@contextmanager
def loading(url: str, bodies: Sequence[bytes]) -> Iterator[Load]:
    """Batches that are posted meanwhile; all of them are acknowledged when this ends well."""
    load = Load(url, bodies)
    thread = threading.Thread(target=load.run)
    thread.start()
    try:
        yield load
        load.await_sent(len(bodies))
    finally:
        thread.join(PATIENCE)

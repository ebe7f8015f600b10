"""Sends a fleet's events to a running collector, and waits until they are stored."""

import json
import urllib.request
from collections.abc import Iterable

from tests.dashboard.reading import fetch
from tests.oracle.command_line import bodies
from tests.oracle.fleet import Fleet, FleetEvent, wire_event
from tests.support.waiting import wait_for

KEY = "phc_dashboard-tests"


def feed(url: str, fleet: Fleet, key: str = KEY) -> None:
    """Post all events of a fleet. Returns once they are in the store."""
    posted = 0
    before = stored(url)
    for body, n in bodies(fleet, key):
        post(url, body, {"Content-Encoding": "gzip"})
        posted += n
    wait_for(lambda: stored(url) >= before + posted, "the fleet's events to be in the store", 60)


def send(url: str, events: Iterable[FleetEvent], key: str = KEY) -> None:
    """Post a few events in one request, with their true times."""
    post(url, json.dumps({"api_key": key, "batch": [wire_event(event) for event in events]}).encode())


def post(url: str, body: bytes, headers: dict[str, str] | None = None) -> None:
    """One request. Raises urllib.error.HTTPError where it is refused."""
    request = urllib.request.Request(f"{url}/batch/", body, {"Content-Type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request, timeout=30) as response:
        assert json.load(response)["status"] == 1


def stored(url: str) -> int:
    """The number of events stored since the collector started."""
    facts = {fact["id"]: fact["value"] for fact in fetch(url, "/api/health")["facts"]}
    return int(facts["stored"])

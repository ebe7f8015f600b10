"""Sends events to a running collector as PostHog's SDKs do, and waits until the charts can count them."""

import gzip
import json
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.dashboard.reading import fetch
from tests.dashboard.sample import Event
from tests.support.waiting import wait_for

BATCH = 1000
KEY = "phc_dashboard-tests"


def feed(url: str, events: Sequence[Event]) -> None:
    """Post all events in batches. Returns once they are in the store."""
    before = stored(url)
    for first in range(0, len(events), BATCH):
        post(url, events[first : first + BATCH])
    wait_for(lambda: stored(url) >= before + len(events), "the events to be in the store", 60)


def post(url: str, events: Sequence[Event]) -> None:
    """One request. Raises urllib.error.HTTPError where it is refused."""
    sent_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"api_key": KEY, "batch": [event.as_posthog() for event in events], "sent_at": sent_at}
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    request = urllib.request.Request(f"{url}/batch/", gzip.compress(json.dumps(body).encode(), 1), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        assert json.load(response)["status"] == 1


def stored(url: str) -> int:
    """How many events the store has taken in since the collector started."""
    facts = {fact["id"]: fact["value"] for fact in fetch(url, "/api/health")["facts"]}
    return int(facts["stored"])

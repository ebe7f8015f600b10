"""The work of decoding one request: no body costs the collector much more than an honest one of its size."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.tests.app.http import counter, post
from tests.attacks.harness import KEY, MAX_RESIDENT, attacked_collector, exchange_once, honest_body, resident
from tests.attacks.hostile_bodies import ALL, GZIP, named
from tests.attacks.parties.claims import Party, at_most
from tests.attacks.senders import honest_event, request
from tests.support.collector_process import CollectorProcess

HONEST_EVENTS = 1500
"""As many as the hostile batches have."""
LOOP_FACTOR, ALL_FACTOR, READING_FACTOR = 5.0, 15.0, 3.0
"""Bounds of a hostile request, in honest batches: of the event loop's time, and of all threads and processes.

Reading a body takes its time too: that of one of the same size which is discarded, thrice.
"""
UNKNOWN = "phc_nobody_added_this"
V1 = "/i/v1/analytics/events"


@dataclass(frozen=True)
class Cost:
    """Processor time in seconds: `loop` of the thread of the event loop, `all` of the processes."""

    loop: float
    all: float


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with attacked_collector(tmp_path_factory.mktemp("collector") / "data") as started:
        yield started


@pytest.fixture(scope="module")
def honest(collector: CollectorProcess) -> Cost:
    """The cost of an honest batch, once the collector has seen its words."""
    whole = request(honest_body(HONEST_EVENTS))
    costs = [cost_of(collector, whole, {200}) for _ in range(4)]
    return Cost(max(cost.loop for cost in costs), max(cost.all for cost in costs))


def used(pid: int) -> Cost:
    """The processor time so far, which the scheduler counts in nanoseconds."""
    tasks = {int(task.name): _nanoseconds(task / "schedstat") for task in Path(f"/proc/{pid}/task").iterdir()}
    children = re.findall(r"\d+", "".join(p.read_text() for p in Path(f"/proc/{pid}/task").glob("*/children")))
    total = sum(tasks.values()) + sum(used(int(child)).all * 1e9 for child in children)
    return Cost(tasks[pid] / 1e9, total / 1e9)


def _nanoseconds(schedstat: Path) -> int:
    try:
        return int(schedstat.read_text().split()[0])
    except (OSError, IndexError):
        return 0


def cost_of(collector: CollectorProcess, whole: bytes, statuses: set[int]) -> Cost:
    before = used(collector.pid)
    assert exchange_once(collector, "127.0.0.1", whole).status in statuses
    after = used(collector.pid)
    return Cost(after.loop - before.loop, after.all - before.all)


@at_most(Party.NETWORK, "without a key: cost little more with any body than an honest batch does")
@pytest.mark.parametrize("name", ALL)
def test_no_body_costs_much_more_than_an_honest_one(collector: CollectorProcess, honest: Cost, name: str) -> None:
    """A few kilobytes, from anyone, stop the event loop for seconds or fill the memory."""
    whole = ALL[name]()
    reading = cost_of(collector, request(b"x" * len(whole), path="/s/"), {200})
    # The lower of two: the loader works meanwhile.
    costs = [cost_of(collector, whole, {200, 400, 401, 413}) for _ in range(2)]
    loop, total = min(cost.loop for cost in costs), min(cost.all for cost in costs)
    assert loop < LOOP_FACTOR * honest.loop + READING_FACTOR * reading.loop, (costs, honest, reading)
    assert total < ALL_FACTOR * honest.all + READING_FACTOR * reading.all, (costs, honest, reading)
    assert resident(collector) < MAX_RESIDENT


@at_most(Party.NETWORK, "without a key: have the head read, and nothing decoded")
@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param(V1, ("Authorization: Bearer " + UNKNOWN, GZIP), id="in a header"),
        pytest.param(f"/e/?token={UNKNOWN}&compression=lz64", (), id="in a query"),
        pytest.param(f"/batch/?api_key={UNKNOWN}", (GZIP,), id="in a query under its other name"),
    ],
)
def test_a_key_in_the_head_is_checked_before_the_body_is_decoded(
    collector: CollectorProcess, path: str, headers: tuple[str, ...]
) -> None:
    """A stranger makes the collector decode a body that it would refuse by the head."""
    refused = counter(collector, "requests_refused", reason="unknown_key")
    assert exchange_once(collector, "127.0.0.1", request(b"not in this encoding", *headers, path=path)).status == 401
    assert counter(collector, "requests_refused", reason="unknown_key") == refused + 1


@at_most(Party.NETWORK, "without a key: have the key looked for, and no event read")
@pytest.mark.parametrize(
    ("events", "key", "status"),
    [
        pytest.param(10_001, UNKNOWN, 401, id="the key before the number of events"),
        pytest.param(10_001, KEY, 413, id="the number before the events"),
    ],
)
def test_the_key_is_checked_before_the_events(collector: CollectorProcess, events: int, key: str, status: int) -> None:
    """A stranger makes the collector split a batch into events that it refuses."""
    body = gzip.compress(named(b",".join([b'{"event":7}'] * events), key), 1)
    assert exchange_once(collector, "127.0.0.1", request(body, GZIP)).status == status


@at_most(Party.NETWORK, "without a key: have one event looked at for a key")
def test_a_key_is_not_looked_for_behind_the_first_event(collector: CollectorProcess) -> None:
    """Work grows with the number of events before any key is known."""
    keyed = {**honest_event(), "token": KEY}
    assert post(collector, json.dumps([keyed, honest_event()]).encode(), "/e/").status == 200
    assert post(collector, json.dumps([honest_event(), keyed]).encode(), "/e/").status == 401


@at_most(Party.SENDER, "send 64 properties in an event")
@pytest.mark.parametrize(
    ("more", "result"),
    [
        pytest.param({f"own{n}": n for n in range(60)}, "ok", id="64 properties"),
        pytest.param({f"own{n}": n for n in range(61)}, "drop", id="65 properties"),
        pytest.param({f"$sdk{n}": n for n in range(150)}, "ok", id="an SDK's own besides"),
        pytest.param({f"$sdk{n}": n for n in range(300)}, "drop", id="too many of an SDK's own"),
    ],
)
def test_an_event_has_at_most_64_properties(collector: CollectorProcess, more: dict[str, int], result: str) -> None:
    """Thousands of properties in each event take a hundred times what its known ones do."""
    one = honest_event(**more)
    answer = post(collector, json.dumps({"batch": [one]}).encode(), V1, authorization=f"Bearer {KEY}")
    (told,) = answer.json["results"].values()
    assert (answer.status, told["result"]) == (200, result)
    assert told.get("details") == (None if result == "ok" else "too_many_properties")

"""SIGKILL at random moments under load: every acknowledged event is in the store and in the charts exactly once.

Ten kills in every run, fifty with SOAK=1; FOOTFALL_SEED chooses other moments. Half of the time an operator's command
makes the store roll up, settle and delete segments, so that kills fall into these too.
"""

import os
import random
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collector.tests.app.http import ask, counter
from collector.tests.durability.senders import PHASES, Fleet, Moment
from footfall_collector.runtime import ControlError, NotRunningError, send_command
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

KILLS = 50 if os.environ.get("SOAK") else 10
SEED = int(os.environ.get("FOOTFALL_SEED", "20261124"))
MOST_BATCHES = 60


def totals(collector: CollectorProcess) -> tuple[int, int]:
    """The number of events in the chart of events, and of calls in that of tools."""

    def rows(chart: str) -> list[list[Any]]:
        found: list[list[Any]] = ask(collector, "GET", f"/api/charts/{chart}?range=90d").json["rows"]
        return found

    return sum(row[2] for row in rows("events")), sum(row[1] for row in rows("tool-usage"))


def loaded(collector: CollectorProcess, least: int, what: str) -> tuple[int, int]:
    """The totals, once they are at least `least`."""
    wait_for(lambda: totals(collector)[0] >= least, f"{least} events: {what}", 60)
    return totals(collector)


def operate(data: Path, until: threading.Event) -> None:
    """Make the store settle again and again."""
    while not until.is_set():
        try:
            send_command(data, "forget", {"instance": "nobody"}, timeout=10)
        except (ControlError, NotRunningError):
            return


def live_until_killed(collector: CollectorProcess, fleet: Fleet, chance: random.Random) -> str:
    """Run the collector until it is killed; returns the phase and its count at the kill."""
    killed = threading.Event()

    def kill() -> None:
        collector.process.kill()
        killed.set()

    phase, count, settling = chance.choice(PHASES), chance.randrange(1, MOST_BATCHES), chance.random() < 0.5
    operator = threading.Thread(target=operate, args=(collector.data_dir, killed))
    if settling:
        operator.start()
    fleet.open(collector.port, Moment(phase, count, kill))
    assert killed.wait(60), f"{phase} was not reached {count} times"
    collector.kill()
    fleet.shut()
    if settling:
        operator.join(30)
    return f"{phase} {count}" + (", settling" if settling else "")


def stored(data: Path) -> Counter[str]:
    """How often each uuid is in the month files, read without the collector's code."""
    found: Counter[str] = Counter()
    for path in (data / "store").glob("events-*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as connection:
            found.update(name for (name,) in connection.execute("SELECT uuid::VARCHAR FROM events").fetchall())
    return found


@pytest.mark.timeout(60 * KILLS)
def test_after_kills_at_random_moments_every_acknowledged_event_counts_exactly_once(tmp_path: Path) -> None:
    chance, data, fleet = random.Random(SEED), tmp_path / "data", Fleet(tmp_path / "ledger", SEED)
    moments: list[str] = []
    unanswered = 0
    collector = start_collector(data, segment_seconds=0.2)
    began = time.monotonic()
    for _ in range(KILLS):
        moments.append(live_until_killed(collector, fleet, chance))
        acknowledged, most = len(fleet.acknowledged()), len(fleet.acknowledged()) + fleet.waiting
        collector = start_collector(data, segment_seconds=0.2)
        # All senders are stopped: events loaded from here on were committed before the kill.
        for total in loaded(collector, acknowledged, str(moments)):
            assert acknowledged <= total <= most, moments
        unanswered += totals(collector)[0] > acknowledged
    fleet.open(collector.port, None)
    fleet.finish()
    acknowledged = len(fleet.acknowledged())
    charts = loaded(collector, acknowledged, "the last events")
    assert counter(collector, "journal_lines_damaged") == 0
    assert collector.stop() == 0
    in_store = stored(data)
    print(
        f"{KILLS} kills, seed {SEED}: {acknowledged} events acknowledged, {len(in_store)} stored, charts {charts}, "
        f"{unanswered} kills left committed events without an answer; {time.monotonic() - began:.0f} s"
    )
    assert set(fleet.acknowledged()) <= in_store.keys()
    assert set(in_store.values()) == {1}
    assert charts == (len(in_store), len(in_store))

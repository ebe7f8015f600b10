"""Months go to the trash and come back whole, wherever the process ends, and `forget` reaches them there."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from collector.tests.store.duckdb.test_deletion import (
    BY_EVENT,
    EVENTS,
    EVERYTHING,
    FLEET,
    NOVEMBER,
    OCTOBER,
    ROOT,
    STORED_INSTANCE,
    check,
    filled,
    load,
    others,
    stored_number,
)
from collector.tests.store.fill_store import journal_fleet, open_store
from footfall_collector.store import StoreError

MONTHS = ["2026-08", "2026-09"]
LEFT = [event for event in EVENTS if event.at >= OCTOBER]

KILLED = """
import os, signal, sys
from pathlib import Path
from collector.tests.store.fill_store import open_store

def step(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

store = open_store(Path(sys.argv[1]), on_step=step)
if sys.argv[3] == "remove":
    store.months.remove(["2026-08", "2026-09"], 1793491200)
else:
    store.months.restore("2026-09")
"""


def run_killed(data: Path, step: str, work: str) -> None:
    command = [sys.executable, "-c", KILLED, str(data), step, work]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == -9


def on_disk(data: Path) -> Counter[str]:
    """How often each event is in the store or the trash, read without the collector's code."""
    found: Counter[str] = Counter()
    for path in [*(data / "store").glob("events-*.duckdb"), *data.glob("trash/*.duckdb")]:
        with duckdb.connect(str(path), read_only=True) as connection:
            found.update(name for (name,) in connection.execute("SELECT uuid::VARCHAR FROM events").fetchall())
    return found


def test_removed_months_are_in_the_trash_and_come_back_whole(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.months.remove(MONTHS, NOVEMBER)
    check(store, LEFT)
    entries = store.months.trash()
    assert [(entry.month, entry.removed_at) for entry in entries] == [(month, NOVEMBER) for month in MONTHS]
    assert sum(entry.events or 0 for entry in entries) == len(EVENTS) - len(LEFT)
    # Late events of a removed month are in both places; the trash may have the month twice.
    journal_fleet(tmp_path, FLEET.requests())
    load(tmp_path, store)
    store.months.remove(["2026-08"], NOVEMBER)
    assert [entry.month for entry in store.months.trash()] == ["2026-08", "2026-08", "2026-09"]
    assert store.months.restore("2026-09") == 0
    assert store.months.restore("2026-08") > 0
    check(store, EVENTS)
    assert store.months.trash() == []
    store.close()
    store = open_store(tmp_path)
    check(store, EVENTS)
    assert store.months.newest_event() == max(event.at for event in EVENTS)
    store.close()


@pytest.mark.parametrize("step", ["fresh rollups", "decided", "exchanged"])
def test_killed_at_any_step_of_a_removal_no_event_is_lost(tmp_path: Path, step: str) -> None:
    filled(tmp_path).close()
    before = on_disk(tmp_path)
    run_killed(tmp_path, step, "remove")
    store = open_store(tmp_path)
    check(store, EVENTS if step == "fresh rollups" else LEFT)
    store.close()
    assert on_disk(tmp_path) == before


@pytest.mark.parametrize("step", ["fresh month", "decided", "exchanged"])
def test_killed_at_any_step_of_a_restore_it_can_be_repeated(tmp_path: Path, step: str) -> None:
    store = filled(tmp_path)
    store.months.remove(MONTHS, NOVEMBER)
    store.close()
    run_killed(tmp_path, step, "restore")
    store = open_store(tmp_path)
    store.months.restore("2026-09")
    store.months.restore("2026-08")
    check(store, EVENTS)
    store.close()


def test_forgetting_reaches_the_trash_and_counts_what_it_deletes_there(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.months.remove(MONTHS, NOVEMBER)
    assert store.forget(STORED_INSTANCE) == len(EVENTS) - len(others())
    assert stored_number(tmp_path) == []
    with pytest.raises(StoreError, match="so it can't be taken back"):
        store.take_back_forgetting([STORED_INSTANCE])
    for month in MONTHS:
        store.months.restore(month)
    check(store, others())
    store.close()


def test_a_damaged_month_in_the_trash_is_set_aside_and_stops_nothing(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.months.remove(MONTHS, NOVEMBER)
    damaged = next((tmp_path / "trash").glob("events-2026-08*"))
    damaged.write_bytes(b"x" * 5000)
    assert [entry.events is None for entry in store.months.trash()] == [True, False]
    store.forget(STORED_INSTANCE)
    assert [entry.month for entry in store.months.trash()] == ["2026-09"]
    assert [path.name[:14] for path in (tmp_path / "damaged").iterdir()] == ["events-2026-08"]
    store.close()


def test_a_mistyped_instance_is_taken_back_and_its_events_count_from_then_on(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert store.forget(STORED_INSTANCE) == 0
    store.close()
    store = open_store(tmp_path)
    store.take_back_forgetting([STORED_INSTANCE])
    with pytest.raises(StoreError, match="is not forgotten"):
        store.take_back_forgetting([STORED_INSTANCE])
    journal_fleet(tmp_path, FLEET.requests())
    load(tmp_path, store)
    assert dict(store.query(BY_EVENT, EVERYTHING)) == Counter(event.event for event in EVENTS)
    store.close()

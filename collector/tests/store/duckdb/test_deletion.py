"""Forgotten instances and old months are gone from charts and disk, and late retries don't restore them."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import PEPPER, admitted, journal, journal_fleet, loader_of, open_store
from footfall_collector.admit.instance_hash import instance_of
from footfall_collector.runtime.status import Status
from footfall_collector.store import EventSelection, StoreError
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet, FleetEvent, stamp

DAY = 86_400
NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z
OCTOBER = NOVEMBER - 31 * DAY
FLEET = Fleet(instances=25, days=70, seed=21, end=NOVEMBER + 6 * DAY)
EVENTS = list(FLEET.events())
EVERYTHING = EventSelection("dot-ai", 0, 4_000_000_000)
BY_EVENT = "SELECT event, sum(n)::BIGINT FROM event_counts GROUP BY event"
INSTANCES = "SELECT count(DISTINCT instance) FROM presence"
ROOT = Path(__file__).parents[4]

BUSIEST = Counter(event.instance for event in EVENTS if event.instance.startswith("cluster_")).most_common(1)[0][0]
STORED_INSTANCE = instance_of(PEPPER, "dot-ai", BUSIEST)[0]
"""The instance that is forgotten here, as it is stored."""


def load(data: Path, store: DuckStore) -> Status:
    status = Status()
    loader = loader_of(data, store, status)
    loader.run_once()
    loader.checkpoint()
    return status


def filled(data: Path) -> DuckStore:
    journal_fleet(data, FLEET.requests())
    store = open_store(data)
    load(data, store)
    return store


def check(store: DuckStore, left: list[FleetEvent]) -> None:
    """The charts' relations, the rebuilt roll-ups and the raw events all have these events and no others."""
    expected = Counter(event.event for event in left)
    lasting = {event.instance for event in left if not event.instance.startswith("ephemeral_")}
    for _ in range(2):
        assert dict(store.query(BY_EVENT, EVERYTHING)) == expected
        assert store.query(INSTANCES, EVERYTHING) == [(len(lasting),)]
        before = tables(store)
        store.rebuild()
        assert tables(store) == before


def tables(store: DuckStore) -> dict[str, list[tuple[object, ...]]]:
    rows = store.files.writer
    return {
        rollup.name: sorted(rows.execute(f"SELECT * FROM rollups.{rollup.name}").fetchall(), key=repr)
        for rollup in store.files.rollups
    }


def others() -> list[FleetEvent]:
    return [event for event in EVENTS if event.instance != BUSIEST]


def stored_number(data: Path) -> list[Path]:
    """The files in which the instance's stored number is found, as DuckDB writes it and as the journal does."""
    number = int(STORED_INSTANCE, 16).to_bytes(8, "little")
    return [
        path
        for path in data.rglob("*")
        if path.is_file() and (number in path.read_bytes() or STORED_INSTANCE.encode() in path.read_bytes())
    ]


def test_a_forgotten_instance_is_out_of_the_charts_and_its_bytes_out_of_the_files(tmp_path: Path) -> None:
    store = filled(tmp_path)
    check(store, EVENTS)
    assert stored_number(tmp_path)
    deleted = store.forget(STORED_INSTANCE)
    assert deleted == len(EVENTS) - len(others()) > 100
    check(store, others())
    store.close()
    assert stored_number(tmp_path) == []


def test_the_files_get_smaller_by_what_is_forgotten(tmp_path: Path) -> None:
    times = {"timestamp": stamp(NOVEMBER - 500), "distinct_id": BUSIEST}
    many = (event(duration_ms=n, **times) for n in range(40_000))
    journal(tmp_path, [admitted([*many], NOVEMBER, None), admitted([event(timestamp=stamp(NOVEMBER))], NOVEMBER, None)])
    store = open_store(tmp_path)
    load(tmp_path, store)
    before = size(tmp_path)
    assert store.forget(STORED_INSTANCE) == 40_000
    store.checkpoint()
    assert size(tmp_path) < before - 700_000
    assert store.query(BY_EVENT, EVERYTHING) == [("tool_executed", 1)]
    store.close()


def size(data: Path) -> int:
    return sum(path.stat().st_size for path in (data / "store").iterdir() if path.is_file())


def test_deleting_alone_would_leave_the_bytes(tmp_path: Path) -> None:
    # The reason for rewriting files: the engine's own DELETE leaves these bytes behind.
    store = filled(tmp_path)
    for month in store.files.months.values():
        store.files.writer.execute(f"DELETE FROM {month.events} WHERE instance = {int(STORED_INSTANCE, 16)}")
        store.files.writer.execute(f"CHECKPOINT {month.alias}")
    store.close()
    assert stored_number(tmp_path)


def test_a_late_retry_does_not_bring_a_forgotten_instance_back(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.forget(STORED_INSTANCE)
    journal_fleet(tmp_path, FLEET.requests())
    status = load(tmp_path, store)
    assert status.total("events_stored") == 0
    check(store, others())
    store.close()
    store = open_store(tmp_path)
    journal_fleet(tmp_path, FLEET.requests())
    load(tmp_path, store)
    check(store, others())
    assert STORED_INSTANCE not in (tmp_path / "forgotten.json").read_text()
    store.close()


def test_what_is_not_rolled_up_yet_is_forgotten_too(tmp_path: Path) -> None:
    requests = sorted(FLEET.requests(), key=lambda one: one.received)
    store = open_store(tmp_path)
    journal_fleet(tmp_path, requests[::2])
    load(tmp_path, store)
    journal_fleet(tmp_path, requests[1::2])
    loader_of(tmp_path, store).run_once()
    assert store.unrolled_loads == 1
    store.forget(STORED_INSTANCE)
    assert dict(store.query(BY_EVENT, EVERYTHING)) == Counter(event.event for event in others())
    store.roll_up()
    check(store, others())
    store.close()


STEPS = ("tombstone", "counted", "fresh rollups", "fresh months", "decided", "exchanged", "trash")
CHARTS_GO_ON = STEPS[:5]
"""The steps before the exchange; during the exchange itself a chart would wait for its end."""

KILLED = """
import os, signal, sys
from pathlib import Path
from collector.tests.store.fill_store import open_store

def step(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

open_store(Path(sys.argv[1]), on_step=step).forget(sys.argv[3])
"""


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_of_forgetting_the_next_start_finishes_it(tmp_path: Path, step: str) -> None:
    filled(tmp_path).close()
    command = [sys.executable, "-c", KILLED, str(tmp_path), step, STORED_INSTANCE]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == -9
    store = open_store(tmp_path)
    store.finish_forgetting()
    assert store.tombstones.pending == ()
    check(store, others())
    store.close()
    assert stored_number(tmp_path) == []
    assert not list((tmp_path / "store").glob("*.new*"))


def test_an_instance_that_was_never_seen_is_kept_out_from_now_on(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert store.forget(STORED_INSTANCE) == 0
    journal_fleet(tmp_path, FLEET.requests())
    load(tmp_path, store)
    check(store, others())
    store.close()


def test_months_that_are_over_go_as_files_and_their_days_from_the_rollups(tmp_path: Path) -> None:
    store = filled(tmp_path)
    assert sorted(store.files.months) == ["2026-08", "2026-09", "2026-10", "2026-11"]
    store.months.remove(["2026-08"], None)
    store.months.remove(["2026-09"], None)
    store.months.remove([], None)
    check(store, [event for event in EVENTS if event.at >= OCTOBER])
    store.close()
    names = sorted(path.name for path in (tmp_path / "store").iterdir() if path.is_file())
    assert names == ["events-2026-10.duckdb", "events-2026-11.duckdb", "rollups.duckdb"]
    store = open_store(tmp_path)
    check(store, [event for event in EVENTS if event.at >= OCTOBER])
    store.close()


def test_charts_go_on_while_files_are_exchanged(tmp_path: Path) -> None:
    store = filled(tmp_path)
    seen = []

    def step(name: str) -> None:
        if name in CHARTS_GO_ON:
            seen.append(dict(store.query(BY_EVENT, EVERYTHING)))

    store.close()
    store = open_store(tmp_path, on_step=step)
    store.forget(STORED_INSTANCE)
    assert seen == [Counter(event.event for event in EVENTS)] * len(CHARTS_GO_ON)
    store.close()


def test_another_pepper_is_refused_before_it_splits_every_instance_in_two(tmp_path: Path) -> None:
    open_store(tmp_path, pepper="aaaaaaaaaaaaaaaa").close()
    open_store(tmp_path, pepper="aaaaaaaaaaaaaaaa").close()
    with pytest.raises(StoreError, match="filled with another pepper"):
        open_store(tmp_path, pepper="bbbbbbbbbbbbbbbb")


def test_a_damaged_list_of_the_forgotten_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "forgotten.json").write_text("[")
    with pytest.raises(StoreError, match="restore it from a backup"):
        open_store(tmp_path)

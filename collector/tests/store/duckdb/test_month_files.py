"""The content of the store's files, their derivation from one another, and their refusals."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import (
    CATALOGUES,
    admitted,
    journal,
    journal_dir,
    journal_fleet,
    loader_of,
    open_store,
)
from footfall.catalogue import Catalogue, catalogue_for
from footfall_collector.runtime.status import Status
from footfall_collector.store import EventSelection, EventsUnreadableError, StoreError
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet, stamp
from tests.support.waiting import wait_for

DAY = 86_400
NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z
FLEET = Fleet(instances=15, days=40, seed=8, end=NOVEMBER + 4 * DAY)
EVERYTHING = EventSelection("dot-ai", 0, 4_000_000_000)
BY_DAY = "SELECT moment, sum(n)::BIGINT FROM event_counts GROUP BY moment ORDER BY moment"


def load(data: Path, store: DuckStore, checkpoint: bool = True) -> Status:
    status = Status()
    loader = loader_of(data, store, status)
    loader.run_once()
    if checkpoint:
        loader.checkpoint()
    return status


def filled(data: Path) -> DuckStore:
    journal_fleet(data, FLEET.requests())
    store = open_store(data)
    load(data, store)
    return store


def rollups_of(store: DuckStore) -> dict[str, list[tuple[Any, ...]]]:
    """All roll-ups, row by row."""
    return {
        rollup.name: sorted(store.files.writer.execute(f"SELECT * FROM rollups.{rollup.name}").fetchall(), key=repr)
        for rollup in store.files.rollups
    }


def test_raw_events_are_in_one_file_per_month_and_rollups_in_one_of_their_own(tmp_path: Path) -> None:
    filled(tmp_path).close()
    names = sorted(path.name for path in (tmp_path / "store").iterdir() if path.is_file())
    assert names == ["events-2026-09.duckdb", "events-2026-10.duckdb", "events-2026-11.duckdb", "rollups.duckdb"]
    with duckdb.connect(str(tmp_path / "store" / "events-2026-10.duckdb"), read_only=True) as file:
        [[first, last]] = file.execute("SELECT min(ts), max(ts) FROM events").fetchall()
    assert NOVEMBER - 31 * DAY <= first < last < NOVEMBER


def test_the_instance_is_kept_as_its_second_hash_only(tmp_path: Path) -> None:
    filled(tmp_path).close()
    sent = {happened.instance for happened in FLEET.events()}
    for path in (tmp_path / "store").iterdir():
        content = path.read_bytes()
        assert not any(name.split("_")[1].encode() in content for name in sent)


def test_rollups_made_step_by_step_equal_rollups_made_at_once(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    requests = sorted(FLEET.requests(), key=lambda one: one.received)
    for part in range(5):
        journal_fleet(tmp_path, requests[part::5])
        load(tmp_path, store)
    grown = rollups_of(store)
    store.rebuild()
    assert rollups_of(store) == grown
    assert all(grown.values())
    store.close()


def test_lost_rollups_are_made_again_from_the_raw_events(tmp_path: Path) -> None:
    store = filled(tmp_path)
    before, days = rollups_of(store), store.query(BY_DAY, EVERYTHING)
    store.close()
    (tmp_path / "store" / "rollups.duckdb").unlink()
    store = open_store(tmp_path)
    assert store.query(BY_DAY, EVERYTHING) == days
    loader = loader_of(tmp_path, store)
    loader.start()
    wait_for(lambda: store.unrolled_loads == 0, "the rollups")
    loader.stop()
    assert rollups_of(store) == before
    store.close()


def test_a_rollup_that_an_earlier_version_did_not_have_is_filled_at_the_start(tmp_path: Path) -> None:
    store = filled(tmp_path)
    before = rollups_of(store)
    store.files.writer.execute("DROP TABLE rollups.connections")
    store.close()
    store = open_store(tmp_path)
    assert rollups_of(store) == before
    store.close()


def test_a_late_event_lands_on_its_own_day_and_corrects_its_rollup(tmp_path: Path) -> None:
    store = filled(tmp_path)
    day = NOVEMBER - 25 * DAY
    before = dict(store.query(BY_DAY, EVERYTHING))
    late = admitted([event(timestamp=stamp(day + 5000))], NOVEMBER + 4 * DAY, NOVEMBER + 4 * DAY)
    journal(tmp_path, [late])
    load(tmp_path, store, checkpoint=False)
    for rolled_up in (False, True):
        after = dict(store.query(BY_DAY, EVERYTHING))
        assert after.pop(day) == before[day] + 1, rolled_up
        assert after == {other: n for other, n in before.items() if other != day}
        store.roll_up()
    store.close()


def test_durations_and_uptimes_are_kept_to_two_digits_whoever_sent_them(tmp_path: Path) -> None:
    times = {"timestamp": stamp(NOVEMBER - 50)}
    journal(
        tmp_path,
        [
            admitted([event(duration_ms=value, **times)], NOVEMBER, NOVEMBER)
            for value in (1234.567, 1249, 0.123456, 99.6, 12e9)
        ],
    )
    stopped = event("server_stopped", uptime_seconds=3661, tool=None, success=None, duration_ms=None, **times)
    journal(tmp_path, [admitted([stopped], NOVEMBER, NOVEMBER)])
    store = open_store(tmp_path)
    load(tmp_path, store)
    for table in ("m202610.events", "rollups.tool_durations"):
        found = store.files.writer.execute(f"SELECT DISTINCT duration_ms FROM {table} WHERE duration_ms IS NOT NULL")
        assert {value for (value,) in found.fetchall()} == {1200.0, 0.12, 100.0, 86_000_000.0}
    for table in ("m202610.events", "rollups.uptimes"):
        found = store.files.writer.execute(f"SELECT uptime_seconds FROM {table} WHERE uptime_seconds IS NOT NULL")
        assert found.fetchall() == [(3700.0,)]
    store.close()


def test_a_damaged_line_is_left_out_counted_and_costs_no_other(tmp_path: Path) -> None:
    journal_fleet(tmp_path, FLEET.requests())
    [segment] = journal_dir(tmp_path).glob("*.jsonl")
    lines = segment.read_bytes().splitlines(True)
    lines[1] = lines[1].replace(b'"dot-ai"', b'"dot-al"')
    lines[3] = b'{"torn":\n'
    segment.write_bytes(b"".join(lines))
    status = Status()
    store = open_store(tmp_path, status=status)
    load(tmp_path, store)
    assert status.total("journal_lines_damaged") == 2
    kept = {json.loads(line)["uuid"] for n, line in enumerate(lines) if n not in (1, 3)}
    assert sum(n for _, n in store.query(BY_DAY, EVERYTHING)) == len(kept)
    store.close()


def test_charts_can_be_asked_from_many_threads_while_events_are_loaded(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    requests = sorted(FLEET.requests(), key=lambda one: one.received)
    failures: list[BaseException] = []
    done = threading.Event()

    def ask() -> None:
        last = 0
        try:
            while not done.wait(0.002):
                total = sum(n for _, n in store.query(BY_DAY, EVERYTHING))
                assert total >= last
                last = total
        except (StoreError, AssertionError) as failure:
            failures.append(failure)

    readers = [threading.Thread(target=ask) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for part in range(6):
            journal_fleet(tmp_path, requests[part::6])
            load(tmp_path, store, checkpoint=part % 2 == 1)
    finally:
        done.set()
        for reader in readers:
            reader.join(30)
    assert failures == []
    assert sum(n for _, n in store.query(BY_DAY, EVERYTHING)) == sum(1 for _ in FLEET.events())
    store.close()


def test_a_store_in_use_is_refused_with_its_path(tmp_path: Path) -> None:
    store = filled(tmp_path)
    other = "import sys; from pathlib import Path; from collector.tests.store.fill_store import open_store"
    command = [sys.executable, "-c", f"{other}; open_store(Path(sys.argv[1]))", str(tmp_path)]
    ran = subprocess.run(command, cwd=Path(__file__).parents[4], capture_output=True, text=True, check=False)
    assert "rollups.duckdb is in use by another process; only one collector can use a store" in ran.stderr
    store.close()


@pytest.mark.parametrize("name", ["rollups.duckdb", "events-2026-10.duckdb"])
def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path, name: str) -> None:
    filled(tmp_path).close()
    path = tmp_path / "store" / name
    with duckdb.connect(str(path)) as file:
        file.execute("UPDATE meta SET value = '99' WHERE name = 'schema'")
    with pytest.raises(StoreError, match=r"newer version \(schema 99\)"):
        open_store(tmp_path)


def test_a_month_that_is_no_database_is_set_aside_and_its_days_still_count(tmp_path: Path) -> None:
    store = filled(tmp_path)
    before = store.query(BY_DAY, EVERYTHING)
    [[events]] = store.files.writer.execute("SELECT count(*) FROM m202610.events").fetchall()
    store.close()
    path = tmp_path / "store" / "events-2026-10.duckdb"
    whole = path.read_bytes()
    path.write_bytes(b"garbage" * 5000)
    status = Status()
    store = open_store(tmp_path, status=status)
    assert store.query(BY_DAY, EVERYTHING) == before
    assert [(month.name, month.missing) for month in store.incomplete] == [("2026-10", events)]
    assert "--without-damaged" in status.damage[0]
    assert [alarm.name for alarm in status.alarms()] == ["store_damaged", "events_lost"]
    with pytest.raises(EventsUnreadableError, match=f"2026-10 are damaged .{events} events"):
        store.query(BY_DAY, EventSelection("dot-ai", NOVEMBER - DAY, NOVEMBER + 60, exact=True))
    assert store.query(BY_DAY, EventSelection("dot-ai", NOVEMBER, NOVEMBER + DAY, exact=True))
    with pytest.raises(StoreError, match="--without-damaged"):
        store.rebuild()
    store.close()
    # The file comes back from a backup.
    path.write_bytes(whole)
    store = open_store(tmp_path)
    assert store.incomplete == ()
    store.rebuild()
    assert store.query(BY_DAY, EVERYTHING) == before
    store.close()


def test_a_property_of_a_new_catalogue_is_a_column_from_the_next_start(tmp_path: Path) -> None:
    filled(tmp_path).close()
    common = dict(catalogue_for("dot-ai").common)
    common["region_known"] = common["is_internal"]
    wider = {"dot-ai": Catalogue("dot-ai", (), common)}
    store = DuckStore(tmp_path, wider)
    assert "region_known" in {row[0] for row in store.files.writer.execute("DESCRIBE m202610.events").fetchall()}
    store.close()


def test_two_products_that_name_different_things_alike_are_refused(tmp_path: Path) -> None:
    common = dict(catalogue_for("dot-ai").common)
    common["duration_ms"] = common["ai_provider"]
    with pytest.raises(StoreError, match="duration_ms"):
        DuckStore(tmp_path, {**CATALOGUES, "odd": Catalogue("odd", (), common)})


def test_damaged_copies_leave_with_the_instance_and_with_the_retention(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (tmp_path / "store" / "rollups.duckdb").write_bytes(b"garbage" * 5000)
    (tmp_path / "store" / "events-2026-10.duckdb").write_bytes(b"garbage" * 5000)
    store = open_store(tmp_path)
    copies = {name.rsplit(".", 1)[0] for name in store.files.quarantine.names()}
    assert copies == {"rollups.duckdb", "events-2026-10.duckdb"}
    store.forget("0" * 16)
    assert [name.rsplit(".", 1)[0] for name in store.files.quarantine.names()] == ["events-2026-10.duckdb"]
    store.months.delete_damaged(NOVEMBER - 1)
    assert store.files.quarantine.months() == {"2026-10"}
    store.months.delete_damaged(NOVEMBER)
    assert store.files.quarantine.names() == []
    store.close()


def test_a_second_damaged_log_replaces_the_copy_of_the_first(tmp_path: Path) -> None:
    for _ in range(2):
        filled(tmp_path).close()
        (tmp_path / "store" / "rollups.duckdb").write_bytes(b"garbage" * 5000)
        open_store(tmp_path).close()
    assert len(list((tmp_path / "damaged").iterdir())) == 1

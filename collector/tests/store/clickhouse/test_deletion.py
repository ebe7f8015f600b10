"""On ClickHouse, as on DuckDB, forgotten instances and old months stay deleted, at any point where the process ends."""

from pathlib import Path

import pytest

from collector.tests.store.clickhouse.embedded_engine import embedded_store
from collector.tests.store.clickhouse.fill_clickhouse import (
    BUSIEST,
    EVENTS,
    FLEET,
    OCTOBER,
    STORED_INSTANCE,
    EndedError,
    check,
    filled,
    load,
)
from collector.tests.store.fill_store import journal_fleet
from footfall_collector.runtime.status import Status
from footfall_collector.store import StoreError
from footfall_collector.store.rollups import ROLLUPS

pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("one_engine_at_a_time")]


def test_a_forgotten_instance_is_gone_and_no_retry_brings_it_back(tmp_path: Path) -> None:
    counters = Status()
    store = filled(tmp_path, status=counters)
    others = [one for one in EVENTS if one.instance != BUSIEST]
    before = store.deletions
    assert store.forget(STORED_INSTANCE) == len(EVENTS) - len(others) > 20
    assert store.deletions != before, "what was computed before does not stand any longer"
    check(store, others)
    for table in ("events", *(rollup.name for rollup in ROLLUPS if rollup.is_presence)):
        found = store.writer.execute(
            f"SELECT count() FROM footfall.{table} WHERE instance = {int(STORED_INSTANCE, 16)}"
        )
        assert found == [(0,)], table
    journal_fleet(tmp_path, list(FLEET.requests())[1:])
    status = load(tmp_path, store)
    assert status.total("events_stored") == 0
    assert counters.total("events_forgotten") > 20
    check(embedded_store(tmp_path), others)


def test_what_the_engine_keeps_of_a_deletion_does_not_name_the_instance(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.forget(STORED_INSTANCE)
    kept = [path.read_text() for path in (tmp_path / "engine").rglob("mutation_*.txt")]
    assert kept
    assert not [text for text in kept if str(int(STORED_INSTANCE, 16)) in text or STORED_INSTANCE in text.lower()]


@pytest.mark.parametrize("step", ["tombstone", "counted", "taken away", "deleted"])
def test_ended_at_any_step_of_forgetting_it_is_finished_later(tmp_path: Path, step: str) -> None:
    def end(name: str) -> None:
        if name == step:
            raise EndedError

    store = filled(tmp_path)
    store = embedded_store(tmp_path, on_step=end)
    with pytest.raises(EndedError):
        store.forget(STORED_INSTANCE)
    store = embedded_store(tmp_path)
    store.finish_forgetting()
    check(store, [one for one in EVENTS if one.instance != BUSIEST])
    assert store.finish_forgetting() == 0


def test_months_that_are_over_go_with_their_days_of_the_rollups(tmp_path: Path) -> None:
    store = filled(tmp_path)
    assert list(store.months.counts()) == ["2026-09", "2026-10", "2026-11"]
    store.months.remove(["2026-09"], None)
    store.months.remove([], None)
    assert store.months.trash() == []
    check(store, [one for one in EVENTS if one.at >= OCTOBER])


def test_forgetting_reaches_the_trash_and_what_it_deletes_there_can_not_be_taken_back(tmp_path: Path) -> None:
    store = filled(tmp_path)
    others = [one for one in EVENTS if one.instance != BUSIEST]
    months = list(store.months.counts())
    store.months.remove(months, OCTOBER)
    assert sum(entry.events or 0 for entry in store.months.trash()) == len(EVENTS)
    assert store.forget(STORED_INSTANCE) == len(EVENTS) - len(others)
    where = f"WHERE instance = {int(STORED_INSTANCE, 16)}"
    assert store.writer.execute(f"SELECT count() FROM footfall.trash {where}") == [(0,)]
    with pytest.raises(StoreError, match="so it can't be taken back"):
        store.take_back_forgetting([STORED_INSTANCE])
    for month in months:
        store.months.restore(month)
    check(store, others)


def test_a_mistyped_instance_is_taken_back_and_its_events_count_from_then_on(tmp_path: Path) -> None:
    store = embedded_store(tmp_path)
    assert store.forget(STORED_INSTANCE) == 0
    with pytest.raises(StoreError, match="is not forgotten"):
        store.take_back_forgetting(["0" * 16])
    store = embedded_store(tmp_path)
    store.take_back_forgetting([STORED_INSTANCE])
    with pytest.raises(StoreError, match="is not forgotten"):
        store.take_back_forgetting([STORED_INSTANCE])
    journal_fleet(tmp_path, FLEET.requests())
    assert load(tmp_path, store).total("events_stored") == len(EVENTS)
    check(store, EVENTS)


def test_a_deletion_that_was_cut_short_can_not_be_taken_back(tmp_path: Path) -> None:
    def end(name: str) -> None:
        if name == "counted":
            raise EndedError

    filled(tmp_path)
    with pytest.raises(EndedError):
        embedded_store(tmp_path, on_step=end).forget(STORED_INSTANCE)
    with pytest.raises(StoreError, match="so it can't be taken back"):
        embedded_store(tmp_path).take_back_forgetting([STORED_INSTANCE])

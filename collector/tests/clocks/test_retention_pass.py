"""Retention removes a month at a time, to the day that was promised, and waits where a pass is unusual."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.tests.clocks.machine import DAY, Machine
from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import admitted, journal, loader_of, open_store
from footfall_collector.operate import Retention
from footfall_collector.runtime import Settings, Status
from footfall_collector.store import Store, StoreError

START = int(datetime(2026, 1, 15, 12, tzinfo=UTC).timestamp())
MONTHS = [f"2025-{month:02d}" for month in range(1, 13)] + ["2026-01"]


def embedded(data: Path) -> Store:
    pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
    from collector.tests.store.clickhouse.embedded_engine import embedded_store

    return embedded_store(data)


@pytest.fixture(params=[open_store, embedded], ids=["duckdb", "clickhouse"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store with an event in the middle of each month."""
    moments = [int(datetime.fromisoformat(f"{month}-14T12:00:00Z").timestamp()) for month in MONTHS]
    stamps = [datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for at in moments]
    journal(tmp_path, [admitted([event(timestamp=s)], at, None) for s, at in zip(stamps, moments, strict=True)])
    make: Callable[[Path], Store] = request.param
    opened = make(tmp_path)
    loader = loader_of(tmp_path, opened)
    loader.run_once()
    loader.checkpoint()
    yield opened
    opened.close()
    if request.param is embedded:
        from collector.tests.store.clickhouse.embedded_engine import close_all

        close_all()


def retention_of(store: Store, machine: Machine, status: Status, days: int = 365) -> Retention:
    time = machine.process(store.months.newest_event)
    return Retention(store, Settings(data=machine.data, retention_days=days), time, status)


def day_of(machine: Machine) -> str:
    return datetime.fromtimestamp(machine.clock.now(), UTC).strftime("%Y-%m-%d")


def test_each_month_leaves_the_store_a_week_early_and_the_disk_to_the_day(
    tmp_path: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    machine, status = Machine(tmp_path, START), Status()
    retention = retention_of(store, machine, status)
    removed, deleted = {}, {}
    for _ in range(48):
        present, trashed = set(store.months.counts()), {entry.month for entry in store.months.trash()}
        retention.run_hourly()
        for month in present - store.months.counts().keys():
            removed[month] = day_of(machine)
        for month in trashed - {entry.month for entry in store.months.trash()}:
            deleted[month] = day_of(machine)
        assert status.alarms() == []
        machine.pass_(DAY)
    # 2025-01 ended on 2025-02-01, 365 days before 2026-02-01.
    assert removed == {"2025-01": "2026-01-25", "2025-02": "2026-02-22"}
    assert deleted == {"2025-01": "2026-02-01", "2025-02": "2026-03-01"}
    lines = [record.message for record in caplog.records if record.message.startswith("retention: 2025-01")]
    assert lines == [
        "retention: 2025-01 (1 event) moved to the trash until 2026-02-01 12:00 UTC",
        "retention: 2025-01 (1 event) deleted from the trash",
    ]


def test_more_than_one_new_month_waits_and_can_be_taken_back(
    tmp_path: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    machine, status = Machine(tmp_path, START), Status()
    retention = retention_of(store, machine, status, days=90)
    for _ in range(3):
        retention.run_hourly()
        assert list(store.months.counts()) == MONTHS
        assert [alarm.name for alarm in status.alarms()] == ["retention_waiting"]
    waits = [record.message for record in caplog.records if "not removed, because" in record.message]
    assert len(waits) == 1
    assert "it would remove 9 months, and a pass normally removes one" in waits[0]
    planned = retention.run(dry=True)
    assert (list(planned.due), planned.done) == (MONTHS[:9], False)
    assert retention.run(confirmed=True).done
    assert (list(store.months.counts()), status.alarms()) == (MONTHS[9:], [])
    with pytest.raises(StoreError, match="raise retention_days"):
        retention.restore("2025-09")
    retention = retention_of(store, machine, status)
    assert retention.restore("2025-09") == 1
    assert "2025-09" in store.months.counts()


def test_a_collector_whose_clock_is_doubtful_does_not_empty_the_trash(tmp_path: Path, store: Store) -> None:
    machine, status = Machine(tmp_path, START), Status()
    retention_of(store, machine, status, days=330).run(confirmed=True)
    trashed = store.months.trash()
    assert trashed
    machine.off = 730 * DAY
    retention = retention_of(store, machine, status)
    retention.run_hourly()
    assert (store.months.trash(), len(store.months.counts())) == (trashed, len(MONTHS) - len(trashed))
    # Confirmed by mistake under the wrong clock, then under the right one: everything is still there for a week.
    retention.run(confirmed=True)
    assert store.months.counts() == {}
    machine.off = 0
    retention = retention_of(store, machine, status)
    assert "behind" in retention.time.doubt()
    retention.run(confirmed=True)
    assert {entry.removed_at for entry in store.months.trash()} <= {START, START + 1}
    for month in sorted({entry.month for entry in store.months.trash()})[-2:]:
        assert retention.restore(month) == 1
    assert list(store.months.counts()) == MONTHS[-2:]


def test_the_last_month_waits(tmp_path: Path, store: Store) -> None:
    machine, status = Machine(tmp_path, START), Status()
    retention = retention_of(store, machine, status)
    store.months.remove(MONTHS[:-1], None)
    for _ in range(60):
        machine.pass_(7 * DAY)
        retention.run_hourly()
    assert list(store.months.counts()) == MONTHS[-1:]
    assert retention.run(dry=True).doubts == ("it would remove every month",)

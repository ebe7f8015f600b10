"""On ClickHouse, as on DuckDB, an event counts once after any end of a load, and also after a rebuild.

ClickHouse is a current release, embedded. The server outlives the collector, so an uncaught exception stands for the
end of the collector, and the store is then opened again.
"""

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.tests.receive.shapes import event
from collector.tests.store.clickhouse.embedded_engine import ADDRESS, Embedded, embedded_store
from collector.tests.store.clickhouse.fill_clickhouse import (
    BY_EVENT,
    CALLS,
    CALLS_OF_FACTS,
    DAY,
    EVENTS,
    EVERYTHING,
    FLEET,
    NOVEMBER,
    EndedError,
    check,
    filled,
    load,
    two_collectors,
)
from collector.tests.store.fill_store import CATALOGUES, admitted, journal, journal_dir, journal_fleet
from footfall.catalogue import Catalogue, catalogue_for
from footfall_collector.runtime.status import Status
from footfall_collector.store import EventSelection, StoreError
from footfall_collector.store.clickhouse import ClickHouseStore, dedupe
from footfall_collector.store.clickhouse.address import parse_address
from footfall_collector.store.clickhouse.connection import EngineError
from footfall_collector.store.loader import Loader
from tests.oracle.fleet import stamp
from tests.support.waiting import wait_for

pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("one_engine_at_a_time")]


def ending_at(number: int) -> Callable[[str], None]:
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        if len(steps) == number:
            raise EndedError(name)

    return step


STEPS = (
    "begin",
    "insert",
    "inserted",
    "done",
    "roll up",
    "rolled up",
    "batch published",
    "published",
    "checkpoint",
    "forget segments",
)


@pytest.mark.parametrize("number", range(1, len(STEPS) + 1), ids=lambda n: STEPS[n - 1])
def test_ended_at_any_step_the_next_start_counts_every_event_once(tmp_path: Path, number: int) -> None:
    # Two months, and two segments of which the second repeats requests of the first.
    requests = list(FLEET.requests())
    journal_fleet(tmp_path, requests[: len(requests) * 2 // 3])
    journal_fleet(tmp_path, requests[len(requests) // 3 :])
    with pytest.raises(EndedError, match=f"^{STEPS[number - 1]}$"):
        load(tmp_path, embedded_store(tmp_path, on_step=ending_at(number)))
    store = embedded_store(tmp_path)
    load(tmp_path, store)
    assert list(journal_dir(tmp_path).glob("*.jsonl")) == []
    check(store, EVENTS)


class _Cut(Embedded):
    """An engine whose insert arrives in one month only, as if the connection ended between two shards."""

    months = 1

    def insert(self, table: str, columns: Any, query_id: str = "") -> None:
        if not table.endswith(".events"):
            super().insert(table, columns, query_id)
            return
        first = [n for n, day in enumerate(columns["day"]) if day * DAY < NOVEMBER]
        super().insert(table, {name: [values[n] for n in first] for name, values in columns.items()}, query_id)
        raise EngineError("cut")


def test_an_insert_that_arrived_in_part_is_completed_and_not_doubled(tmp_path: Path) -> None:
    journal_fleet(tmp_path, FLEET.requests())
    cut = ClickHouseStore(tmp_path, CATALOGUES, parse_address(ADDRESS), connect=lambda _: _Cut(tmp_path / "engine"))
    with pytest.raises(StoreError, match="they stay in the journal"):
        load(tmp_path, cut)
    partly = sum(n for _, n in cut.query(BY_EVENT, EVERYTHING))
    assert 0 < partly < len(EVENTS)
    store = embedded_store(tmp_path)
    load(tmp_path, store)
    check(store, EVENTS)


def test_an_event_sent_again_weeks_later_or_in_another_month_counts_once(tmp_path: Path) -> None:
    # The first attempt was a second in transit, so by the collector's clock its event is a second older than the retry.
    one, store = event(timestamp=stamp(NOVEMBER)), embedded_store(tmp_path)
    journal(tmp_path, [admitted([one], NOVEMBER + 10, NOVEMBER + 11)])
    load(tmp_path, store)
    for later in (100, 40 * DAY):
        journal(tmp_path, [admitted([one, one], NOVEMBER + later, NOVEMBER + later)])
        status = load(tmp_path, store)
        assert (status.total("events_stored"), status.total("events_known")) == (0, 1)
    assert store.query(BY_EVENT, EVERYTHING) == [("tool_executed", 1)]


def test_the_same_uuid_of_another_product_is_another_event(tmp_path: Path) -> None:
    one, store = event(timestamp=stamp(NOVEMBER - 50)), embedded_store(tmp_path)
    for product in ("dot-ai", "other-product"):
        journal(tmp_path, [admitted([one], NOVEMBER, None, product)])
    load(tmp_path, store)
    for product in ("dot-ai", "other-product"):
        assert store.query(BY_EVENT, EventSelection(product, 0, 4_000_000_000)) == [("tool_executed", 1)]


def test_a_late_event_lands_on_its_own_day(tmp_path: Path) -> None:
    store, days = filled(tmp_path), "SELECT moment, sum(n) FROM event_counts GROUP BY moment"
    day = NOVEMBER - 25 * DAY
    before = dict(store.query(days, EVERYTHING)).get(day, 0)
    journal(tmp_path, [admitted([event(timestamp=stamp(day + 60))], NOVEMBER + 3 * DAY, None)])
    load(tmp_path, store)
    assert dict(store.query(days, EVERYTHING))[day] == before + 1


def test_two_collectors_that_get_the_same_events_one_after_the_other_count_them_once(tmp_path: Path) -> None:
    requests = list(FLEET.requests())
    one, two = two_collectors(tmp_path)
    journal_fleet(tmp_path / "one", requests[: len(requests) * 2 // 3])
    journal_fleet(tmp_path / "two", requests[len(requests) // 3 :])
    load(tmp_path / "one", one, checkpoint=False)
    status = load(tmp_path / "two", two)
    assert status.total("events_known") > 0
    assert one.load_state.collector != two.load_state.collector
    for store in (one, two):
        assert dict(store.query(BY_EVENT, EVERYTHING)) == Counter(happened.event for happened in EVENTS)
    load(tmp_path / "one", one)
    two.rebuild()
    check(one, EVENTS)


@pytest.mark.parametrize("first", [0, 1])
def test_two_collectors_that_load_the_same_events_at_the_same_moment_count_them_once(
    tmp_path: Path, first: int
) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        journal_fleet(home, FLEET.requests())
    two_collectors(tmp_path)
    other = ClickHouseStore(
        homes[1 - first], CATALOGUES, parse_address(ADDRESS), connect=lambda _: Embedded(tmp_path / "engine")
    )

    def in_between(name: str) -> None:
        # Both looked for known events before either inserted: the other one's whole load happens here.
        if name == "insert":
            load(homes[1 - first], other, checkpoint=False)

    store = ClickHouseStore(
        homes[first],
        CATALOGUES,
        parse_address(ADDRESS),
        connect=lambda _: Embedded(tmp_path / "engine"),
        on_step=in_between,
    )
    load(homes[first], store, checkpoint=False)
    assert dedupe.layout_of_query(store.writer, store.layout).has_repeated
    for _ in range(2):
        assert dict(store.query(BY_EVENT, EVERYTHING)) == Counter(happened.event for happened in EVENTS)
        assert store.query(CALLS_OF_FACTS, EVERYTHING) == [(CALLS,)]
        store.roll_up()
        other.roll_up()


def test_full_partitions_become_one_batch_and_replaced_ones_are_dropped(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    store = embedded_store(tmp_path, clock=lambda: now[0])
    requests = sorted(FLEET.requests(), key=lambda one: one.received)
    for part in range(26):
        now[0] += 30
        journal_fleet(tmp_path, requests[part::26])
        load(tmp_path, store)
    levels = store.writer.execute("SELECT level, count() FROM footfall.batches GROUP BY level ORDER BY level")
    assert levels == [(0, 26), (1, 1)]
    now[0] += 100
    store.roll_up()
    levels = store.writer.execute("SELECT level, count() FROM footfall.batches GROUP BY level ORDER BY level")
    assert levels == [(0, 2), (1, 1)]
    [[batches]] = store.writer.execute("SELECT uniqExact(batch) FROM footfall.event_counts")
    assert batches == 3
    check(store, EVENTS)


@pytest.mark.parametrize("name", ["connections", "numbers_durations_by_client"])
def test_a_rollup_that_an_earlier_version_did_not_have_is_filled_at_the_start(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = filled(tmp_path)
    asked = f"SELECT mcp_client, sum(n) FROM {name} GROUP BY mcp_client ORDER BY mcp_client"
    before = store.query(asked, EVERYTHING)
    store.writer.execute(f"DROP TABLE footfall.{name} SYNC")
    with caplog.at_level(logging.INFO):
        assert embedded_store(tmp_path).query(asked, EVERYTHING) == before != []
    assert f"counting {name} from what is stored, table 1 of 1" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO):
        embedded_store(tmp_path).close()
    assert "counting" not in caplog.text


class _Leaving(Embedded):
    """An engine that can't be reached for a while."""

    away = False

    def execute(self, sql: str, uuids: Any = None) -> list[tuple[Any, ...]]:
        if _Leaving.away:
            raise EngineError("NetworkError")
        return super().execute(sql, uuids)


def test_while_the_server_is_away_events_wait_in_the_journal_and_an_alarm_says_so(tmp_path: Path) -> None:
    status = Status()
    store = ClickHouseStore(
        tmp_path, CATALOGUES, parse_address(ADDRESS), connect=lambda _: _Leaving(tmp_path / "engine")
    )
    loader = Loader(store, journal_dir(tmp_path), status, interval=0.01)
    journal_fleet(tmp_path, FLEET.requests())
    _Leaving.away = True
    try:
        loader.start()
        wait_for(lambda: status.gauge("loader_failing") == 1, "the alarm")
        with pytest.raises(StoreError, match="can't answer"):
            store.query(BY_EVENT, EVERYTHING)
        assert list(journal_dir(tmp_path).glob("*.jsonl"))
    finally:
        _Leaving.away = False
    wait_for(lambda: status.total("events_stored") == len(EVENTS), "the events", 60)
    wait_for(lambda: status.gauge("loader_failing") == 0, "the end of the alarm")
    loader.stop()
    check(store, EVENTS)


def test_another_pepper_is_refused_before_it_splits_every_instance_in_two(tmp_path: Path) -> None:
    embedded_store(tmp_path, pepper="aaaaaaaaaaaaaaaa")
    embedded_store(tmp_path, pepper="aaaaaaaaaaaaaaaa")
    with pytest.raises(StoreError, match="filled with another pepper"):
        embedded_store(tmp_path, pepper="bbbbbbbbbbbbbbbb")


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    store = embedded_store(tmp_path)
    store.writer.insert("footfall.meta", {"name": ["schema"], "value": ["99"]})
    with pytest.raises(StoreError, match=r"newer version \(schema 99\)"):
        embedded_store(tmp_path)


def test_a_property_of_a_new_catalogue_is_a_column_from_the_next_start(tmp_path: Path) -> None:
    filled(tmp_path)
    common = dict(catalogue_for("dot-ai").common)
    common["region_known"] = common["is_internal"]
    wider = {"dot-ai": Catalogue("dot-ai", (), common)}
    store = ClickHouseStore(tmp_path, wider, parse_address(ADDRESS), connect=lambda _: Embedded(tmp_path / "engine"))
    assert store.writer.execute("SELECT DISTINCT region_known FROM footfall.events") == [(-1,)]

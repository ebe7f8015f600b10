"""On ClickHouse as on DuckDB: counted once however a load ends, forgotten for good, cut by months, made anew.

ClickHouse is the one of today, embedded. The server is another process than the collector, so a collector's end is
told by an exception that nothing catches and a store that is opened anew.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.fleet import Fleet, Happened, stamp
from collector.tests.clickhouse.embedded import ADDRESS, Embedded, close_all, embedded_store
from collector.tests.receive.shapes import event
from collector.tests.store.filling import CATALOGUES, PEPPER, admitted, journal, journal_dir, journal_fleet
from footfall.catalogue import catalogue_for
from footfall.schema import Catalogue
from footfall_collector.admit.instances import instance_of
from footfall_collector.status import Status
from footfall_collector.store import Scope, StoreError
from footfall_collector.store.clickhouse import ClickHouseStore
from footfall_collector.store.clickhouse.address import parse
from footfall_collector.store.clickhouse.connection import EngineError
from footfall_collector.store.loader import Loader
from footfall_collector.store.rollups import ROLLUPS
from tests.support.waiting import wait_for

pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
pytestmark = pytest.mark.timeout(300)

DAY = 86_400
NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z
OCTOBER = NOVEMBER - 31 * DAY
FLEET = Fleet(instances=8, days=40, seed=4, end=NOVEMBER + 4 * DAY)
EVENTS = list(FLEET.happened())
EVERYTHING = Scope("dot-ai", 0, 4_000_000_000)
BY_EVENT = "SELECT event, sum(n) FROM event_counts GROUP BY event HAVING sum(n) <> 0"
INSTANCES = "SELECT uniqExact(instance) FROM presence"
BUSIEST = Counter(one.instance for one in EVENTS if one.instance.startswith("cluster_")).most_common(1)[0][0]
DIGEST = instance_of(PEPPER, "dot-ai", BUSIEST)[0]


class EndedError(Exception):
    """Stands for the end of the collector's process."""


@pytest.fixture(autouse=True)
def _one_engine_at_a_time() -> Iterator[None]:
    yield
    close_all()


def load(data: Path, store: ClickHouseStore, settle: bool = True) -> Status:
    status = Status()
    loader = Loader(store, journal_dir(data), status)
    loader.run_once()
    if settle:
        loader.settle()
    return status


def filled(data: Path, **more: Any) -> ClickHouseStore:
    journal_fleet(data, FLEET.sent())
    store = embedded_store(data, **more)
    load(data, store)
    return store


def check(store: ClickHouseStore, left: list[Happened]) -> None:
    """What charts count now, and from rollups that were made anew: these events and no others."""
    lasting = {one.instance for one in left if not one.instance.startswith("ephemeral_")}
    for _ in range(2):
        assert dict(store.rows(BY_EVENT, EVERYTHING)) == Counter(one.event for one in left)
        assert store.rows(INSTANCES, EVERYTHING) == [(len(lasting),)]
        store.rebuild()


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
    "settle",
    "forget segments",
)


@pytest.mark.parametrize("number", range(1, len(STEPS) + 1), ids=lambda n: STEPS[n - 1])
def test_ended_at_any_step_the_next_start_counts_every_event_once(tmp_path: Path, number: int) -> None:
    # Two months, and two segments of which the second repeats requests of the first.
    requests = list(FLEET.sent())
    journal_fleet(tmp_path, requests[: len(requests) * 2 // 3])
    journal_fleet(tmp_path, requests[len(requests) // 3 :])
    with pytest.raises(EndedError, match=f"^{STEPS[number - 1]}$"):
        load(tmp_path, embedded_store(tmp_path, on_step=ending_at(number)))
    store = embedded_store(tmp_path)
    load(tmp_path, store)
    assert list(journal_dir(tmp_path).glob("*.jsonl")) == []
    check(store, EVENTS)


class _Cut(Embedded):
    """An engine whose insert arrives in one month only, as where a connection ends between two shards."""

    months = 1

    def insert(self, table: str, columns: Any, query_id: str = "") -> None:
        if not table.endswith(".events"):
            super().insert(table, columns, query_id)
            return
        first = [n for n, day in enumerate(columns["day"]) if day * DAY < NOVEMBER]
        super().insert(table, {name: [values[n] for n in first] for name, values in columns.items()}, query_id)
        raise EngineError("cut")


def test_an_insert_that_arrived_in_part_is_completed_and_not_doubled(tmp_path: Path) -> None:
    journal_fleet(tmp_path, FLEET.sent())
    cut = ClickHouseStore(tmp_path, CATALOGUES, parse(ADDRESS), connect=lambda _: _Cut(tmp_path / "engine"))
    with pytest.raises(StoreError, match="they stay in the journal"):
        load(tmp_path, cut)
    partly = sum(n for _, n in cut.rows(BY_EVENT, EVERYTHING))
    assert 0 < partly < len(EVENTS)
    store = embedded_store(tmp_path)
    load(tmp_path, store)
    check(store, EVENTS)


def test_an_event_sent_again_weeks_later_or_in_another_month_counts_once(tmp_path: Path) -> None:
    # The first attempt took a second on its way, so by our clock the event is a second older than at the retry.
    one, store = event(timestamp=stamp(NOVEMBER)), embedded_store(tmp_path)
    journal(tmp_path, [admitted([one], NOVEMBER + 10, NOVEMBER + 11)])
    load(tmp_path, store)
    for later in (100, 40 * DAY):
        journal(tmp_path, [admitted([one, one], NOVEMBER + later, NOVEMBER + later)])
        status = load(tmp_path, store)
        assert (status.total("events_stored"), status.total("events_known")) == (0, 1)
    assert store.rows(BY_EVENT, EVERYTHING) == [("tool_executed", 1)]


def test_the_same_uuid_of_another_product_is_another_event(tmp_path: Path) -> None:
    one, store = event(timestamp=stamp(NOVEMBER - 50)), embedded_store(tmp_path)
    for product in ("dot-ai", "other-product"):
        journal(tmp_path, [admitted([one], NOVEMBER, None, product)])
    load(tmp_path, store)
    for product in ("dot-ai", "other-product"):
        assert store.rows(BY_EVENT, Scope(product, 0, 4_000_000_000)) == [("tool_executed", 1)]


def test_a_late_event_lands_on_its_own_day(tmp_path: Path) -> None:
    store, days = filled(tmp_path), "SELECT moment, sum(n) FROM event_counts GROUP BY moment"
    day = NOVEMBER - 25 * DAY
    before = dict(store.rows(days, EVERYTHING)).get(day, 0)
    journal(tmp_path, [admitted([event(timestamp=stamp(day + 60))], NOVEMBER + 3 * DAY, None)])
    load(tmp_path, store)
    assert dict(store.rows(days, EVERYTHING))[day] == before + 1


def two_collectors(data: Path) -> tuple[ClickHouseStore, ClickHouseStore]:
    """Two, each with its own directory, on one store."""
    return tuple(  # type: ignore[return-value]  # two of a range of two
        ClickHouseStore(data / name, CATALOGUES, parse(ADDRESS), connect=lambda _: Embedded(data / "engine"))
        for name in ("one", "two")
    )


def test_two_collectors_that_get_the_same_events_one_after_the_other_count_them_once(tmp_path: Path) -> None:
    requests = list(FLEET.sent())
    one, two = two_collectors(tmp_path)
    journal_fleet(tmp_path / "one", requests[: len(requests) * 2 // 3])
    journal_fleet(tmp_path / "two", requests[len(requests) // 3 :])
    load(tmp_path / "one", one, settle=False)
    status = load(tmp_path / "two", two)
    assert status.total("events_known") > 0
    assert one.progress.collector != two.progress.collector
    for store in (one, two):
        assert dict(store.rows(BY_EVENT, EVERYTHING)) == Counter(happened.event for happened in EVENTS)
    load(tmp_path / "one", one)
    two.rebuild()
    check(one, EVENTS)


@pytest.mark.parametrize("first", [0, 1])
def test_two_collectors_that_load_the_same_events_at_the_same_moment_count_them_once(
    tmp_path: Path, first: int
) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        journal_fleet(home, FLEET.sent())
    two_collectors(tmp_path)
    other = ClickHouseStore(
        homes[1 - first], CATALOGUES, parse(ADDRESS), connect=lambda _: Embedded(tmp_path / "engine")
    )

    def in_between(name: str) -> None:
        # Both looked for known events before either inserted: the other one's whole load happens here.
        if name == "insert":
            load(homes[1 - first], other, settle=False)

    store = ClickHouseStore(
        homes[first], CATALOGUES, parse(ADDRESS), connect=lambda _: Embedded(tmp_path / "engine"), on_step=in_between
    )
    load(homes[first], store, settle=False)
    for _ in range(2):
        assert dict(store.rows(BY_EVENT, EVERYTHING)) == Counter(happened.event for happened in EVENTS)
        store.roll_up()
        other.roll_up()


def test_a_forgotten_instance_is_gone_and_no_retry_brings_it_back(tmp_path: Path) -> None:
    counters = Status()
    store = filled(tmp_path, status=counters)
    others = [one for one in EVENTS if one.instance != BUSIEST]
    assert store.forget(DIGEST) == len(EVENTS) - len(others) > 20
    check(store, others)
    for table in ("events", *(rollup.name for rollup in ROLLUPS if rollup.presence)):
        found = store.writer.execute(f"SELECT count() FROM footfall.{table} WHERE instance = {int(DIGEST, 16)}")
        assert found == [(0,)], table
    journal_fleet(tmp_path, list(FLEET.sent())[1:])
    status = load(tmp_path, store)
    assert status.total("events_stored") == 0
    assert counters.total("events_forgotten") > 20
    check(embedded_store(tmp_path), others)


def test_what_the_engine_keeps_of_a_deletion_does_not_name_the_instance(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.forget(DIGEST)
    kept = [path.read_text() for path in (tmp_path / "engine").rglob("mutation_*.txt")]
    assert kept
    assert not [text for text in kept if str(int(DIGEST, 16)) in text or DIGEST in text.lower()]


@pytest.mark.parametrize("step", ["tombstone", "counted", "taken away", "deleted"])
def test_ended_at_any_step_of_forgetting_it_is_finished_later(tmp_path: Path, step: str) -> None:
    def end(name: str) -> None:
        if name == step:
            raise EndedError

    store = filled(tmp_path)
    store = embedded_store(tmp_path, on_step=end)
    with pytest.raises(EndedError):
        store.forget(DIGEST)
    store = embedded_store(tmp_path)
    store.finish_forgetting()
    check(store, [one for one in EVENTS if one.instance != BUSIEST])
    assert store.finish_forgetting() == 0


def test_months_that_are_over_go_with_their_days_of_the_rollups(tmp_path: Path) -> None:
    store = filled(tmp_path)
    assert store.retain(OCTOBER - 1) == []
    assert store.retain(OCTOBER) == ["2026-09"]
    assert store.retain(OCTOBER + 12 * DAY) == []
    check(store, [one for one in EVENTS if one.at >= OCTOBER])


def test_full_shelves_become_one_batch_and_old_ones_are_dropped(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    store = embedded_store(tmp_path, clock=lambda: now[0])
    requests = sorted(FLEET.sent(), key=lambda one: one.received)
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
    [[shelves]] = store.writer.execute("SELECT uniqExact(batch) FROM footfall.event_counts")
    assert shelves == 3
    check(store, EVENTS)


def test_a_rollup_that_an_earlier_version_did_not_have_is_filled_at_the_start(tmp_path: Path) -> None:
    store = filled(tmp_path)
    asked = "SELECT mcp_client, sum(n) FROM connections GROUP BY mcp_client ORDER BY mcp_client"
    before = store.rows(asked, EVERYTHING)
    store.writer.execute("DROP TABLE footfall.connections SYNC")
    assert embedded_store(tmp_path).rows(asked, EVERYTHING) == before != []


class _Leaving(Embedded):
    """An engine that can't be reached for a while."""

    away = False

    def execute(self, sql: str, asked: Any = None) -> list[tuple[Any, ...]]:
        if _Leaving.away:
            raise EngineError("NetworkError")
        return super().execute(sql, asked)


def test_while_the_server_is_away_events_wait_in_the_journal_and_an_alarm_says_so(tmp_path: Path) -> None:
    status = Status()
    store = ClickHouseStore(tmp_path, CATALOGUES, parse(ADDRESS), connect=lambda _: _Leaving(tmp_path / "engine"))
    loader = Loader(store, journal_dir(tmp_path), status, interval=0.01)
    journal_fleet(tmp_path, FLEET.sent())
    _Leaving.away = True
    try:
        loader.start()
        wait_for(lambda: status.value("loader_failing") == 1, "the alarm")
        with pytest.raises(StoreError, match="can't answer"):
            store.rows(BY_EVENT, EVERYTHING)
        assert list(journal_dir(tmp_path).glob("*.jsonl"))
    finally:
        _Leaving.away = False
    wait_for(lambda: status.total("events_stored") == len(EVENTS), "the events", 60)
    wait_for(lambda: status.value("loader_failing") == 0, "the end of the alarm")
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
    store = ClickHouseStore(tmp_path, wider, parse(ADDRESS), connect=lambda _: Embedded(tmp_path / "engine"))
    assert store.writer.execute("SELECT DISTINCT region_known FROM footfall.events") == [(-1,)]

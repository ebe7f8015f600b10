"""A fleet in an embedded ClickHouse store, and the counts that its charts must have."""

from collections import Counter
from pathlib import Path
from typing import Any

from collector.tests.store.clickhouse.embedded_engine import ADDRESS, Embedded, embedded_store
from collector.tests.store.fill_store import CATALOGUES, PEPPER, journal_dir, journal_fleet
from footfall_collector.admit.instance_hash import instance_of
from footfall_collector.runtime.status import Status
from footfall_collector.store import EventSelection
from footfall_collector.store.clickhouse import ClickHouseStore
from footfall_collector.store.clickhouse.address import parse_address
from footfall_collector.store.loader import Loader
from tests.oracle.fleet import Fleet, FleetEvent

DAY = 86_400
NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z
OCTOBER = NOVEMBER - 31 * DAY
FLEET = Fleet(instances=8, days=40, seed=4, end=NOVEMBER + 4 * DAY)
EVENTS = list(FLEET.events())
EVERYTHING = EventSelection("dot-ai", 0, 4_000_000_000)
BY_EVENT = "SELECT event, sum(n) FROM event_counts GROUP BY event HAVING sum(n) <> 0"
INSTANCES = "SELECT uniqExact(instance) FROM presence"
CALLS_OF_FACTS = "SELECT toInt64(sum(n)) FROM facts_tool_executed"
CALLS = sum(one.event == "tool_executed" for one in EVENTS)
BUSIEST = Counter(one.instance for one in EVENTS if one.instance.startswith("cluster_")).most_common(1)[0][0]
STORED_INSTANCE = instance_of(PEPPER, "dot-ai", BUSIEST)[0]


class EndedError(Exception):
    """Stands for the end of the collector's process."""


def load(data: Path, store: ClickHouseStore, checkpoint: bool = True) -> Status:
    status = Status()
    loader = Loader(store, journal_dir(data), status)
    loader.run_once()
    if checkpoint:
        loader.checkpoint()
    return status


def filled(data: Path, **more: Any) -> ClickHouseStore:
    journal_fleet(data, FLEET.requests())
    store = embedded_store(data, **more)
    load(data, store)
    return store


def check(store: ClickHouseStore, left: list[FleetEvent]) -> None:
    """Charts count the events in `left` and no others, now and after a rebuild."""
    lasting = {one.instance for one in left if not one.instance.startswith("ephemeral_")}
    for _ in range(2):
        assert dict(store.query(BY_EVENT, EVERYTHING)) == Counter(one.event for one in left)
        assert store.query(INSTANCES, EVERYTHING) == [(len(lasting),)]
        store.rebuild()


def two_collectors(data: Path) -> tuple[ClickHouseStore, ClickHouseStore]:
    """Two collectors, each with its own directory, on one store."""
    return tuple(  # type: ignore[return-value]  # two of a range of two
        ClickHouseStore(data / name, CATALOGUES, parse_address(ADDRESS), connect=lambda _: Embedded(data / "engine"))
        for name in ("one", "two")
    )

"""The values of a property that no catalogue has any more outlast every rewrite of the raw events."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import CATALOGUES, PEPPER, journal, loader_of
from footfall.catalogue import EVENTS, Catalogue, catalogue_for
from footfall_collector.admit import Admission, instance_of
from footfall_collector.store import Store, StoreError
from footfall_collector.store.clickhouse import ClickHouseStore, parse_address
from footfall_collector.store.duckdb import DuckStore
from footfall_collector.store.migration import migrate
from tests.oracle.fleet import stamp

NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z
STAYER, *LEAVERS = (f"cluster_{n:016x}" for n in range(4))
VALUES: dict[str, Any] = {"old_flag": True, "old_text": "anthropic", "old_amount": 1200.0}
NARROW: Mapping[str, Catalogue] = CATALOGUES
Opened = Callable[[Mapping[str, Catalogue]], Store]


def wide(**kinds: str) -> dict[str, Catalogue]:
    """The catalogues with properties more, each of the kind of another one."""
    present = catalogue_for("dot-ai")
    known = {**present.common, **present.events["tool_executed"].properties}
    more = {name: known[other] for name, other in kinds.items()}
    return {**CATALOGUES, "dot-ai": Catalogue("dot-ai", EVENTS, {**present.common, **more})}


WIDE = wide(old_flag="is_internal", old_text="ai_provider", old_amount="duration_ms")


def load(data: Path, store: Store, events: list[dict[str, Any]], catalogues: Mapping[str, Catalogue] = NARROW) -> None:
    raw = [msgspec.Raw(msgspec.json.encode(one)) for one in events]
    result = Admission(catalogues, PEPPER, max_age=60 * 86_400).admit("dot-ai", raw, float(NOVEMBER + 900), None)
    assert result.refused == {}
    journal(data, [result.lines])
    loader = loader_of(data, store)
    loader.run_once()
    loader.checkpoint()


def fill(data: Path, store: Store) -> set[str]:
    """Events of all instances in two months, with the properties; the UUIDs of the one that stays."""
    sent = [
        event(distinct_id=instance, timestamp=stamp(NOVEMBER - days * 86_400), **VALUES)
        for instance in (STAYER, *LEAVERS)
        for days in (5, 40)
    ]
    load(data, store, sent, WIDE)
    return {one["uuid"] for one in sent if one["distinct_id"] == STAYER}


def with_values(store: Store) -> set[str]:
    """The UUIDs of the stored events that have the three values."""
    where = " AND ".join(f"{name} = {value!r}" for name, value in VALUES.items())
    if isinstance(store, ClickHouseStore):
        rows = store.writer.execute(f"SELECT toString(uuid) FROM footfall.events WHERE {where}")
    else:
        assert isinstance(store, DuckStore)
        selects = [
            f"SELECT uuid::VARCHAR FROM {month.events} WHERE {where}"
            for month in store.files.months.values()
            if "old_text" in {row[0] for row in store.files.writer.execute(f"DESCRIBE {month.events}").fetchall()}
        ]
        assert selects, "no month has the columns"
        rows = store.files.writer.execute(" UNION ALL ".join(selects)).fetchall()
    assert len(rows) == len(set(rows))
    return {uuid for (uuid,) in rows}


@pytest.fixture(params=["duckdb", "clickhouse"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Opens the engine's store with some catalogues, and closes the one before."""
    if request.param == "clickhouse":
        pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
        request.getfixturevalue("one_engine_at_a_time")
    stores: list[Store] = []

    def opened_with(catalogues: Mapping[str, Catalogue]) -> Store:
        while stores:
            stores.pop().close()
        make = embedded if request.param == "clickhouse" else DuckStore
        stores.append(make(tmp_path, catalogues))
        return stores[0]

    yield opened_with
    for store in stores:
        store.close()


def embedded(data: Path, catalogues: Mapping[str, Catalogue]) -> ClickHouseStore:
    from collector.tests.store.clickhouse.embedded_engine import ADDRESS, Embedded

    return ClickHouseStore(data, catalogues, parse_address(ADDRESS), connect=lambda _: Embedded(data / "engine"))


def forget(store: Store, instance: str) -> None:
    assert store.forget(instance_of(PEPPER, "dot-ai", instance)[0]) > 0


def test_forgetting_removing_restoring_and_rebuilding_keep_all_values(tmp_path: Path, opened: Opened) -> None:
    store = opened(WIDE)
    staying = fill(tmp_path, store)
    if isinstance(store, ClickHouseStore):
        # As in a store of an earlier version: the trash is created after the properties were retired.
        store.writer.execute("DROP TABLE footfall.trash")
    store = opened(NARROW)
    forget(store, LEAVERS[0])
    store.months.remove(["2026-09"], NOVEMBER)
    forget(store, LEAVERS[1])
    # A late event makes a month's file without the retired columns.
    load(tmp_path, store, [event(distinct_id=STAYER, timestamp=stamp(NOVEMBER - 40 * 86_400))])
    assert store.months.restore("2026-09") == 2
    forget(store, LEAVERS[2])
    store.rebuild()
    assert with_values(store) == staying
    store = opened(NARROW)
    assert with_values(store) == staying
    assert sum(store.months.counts().values()) == len(staying) + 1
    assert with_values(opened(WIDE)) == staying


def test_a_property_in_another_spelling_is_refused_and_nothing_is_lost(tmp_path: Path, opened: Opened) -> None:
    """DuckDB can't have both columns: it took the month's file for a damaged one, and set it aside."""
    staying = fill(tmp_path, opened(WIDE))
    with pytest.raises(StoreError, match="`Old_text` is kept as `old_text`: write it as before"):
        opened(wide(Old_text="ai_provider"))
    assert staying < with_values(opened(WIDE))


def test_a_month_whose_property_is_spelled_otherwise_by_now_stays_in_the_trash(tmp_path: Path) -> None:
    store = DuckStore(tmp_path, WIDE)
    fill(tmp_path, store)
    store.months.remove(["2026-09", "2026-10"], NOVEMBER)
    store.close()
    changed = wide(Old_text="ai_provider")
    store = DuckStore(tmp_path, changed)
    with pytest.raises(StoreError, match="keeps `old_text`, and the store has it as `Old_text`"):
        store.months.restore("2026-09")
    store.close()
    DuckStore(tmp_path, changed).close()


def test_a_month_whose_property_has_another_type_by_now_stays_in_the_trash(tmp_path: Path) -> None:
    store = DuckStore(tmp_path, WIDE)
    fill(tmp_path, store)
    store.months.remove(["2026-09", "2026-10"], NOVEMBER)
    store.close()
    changed = wide(old_flag="is_internal", old_text="is_internal", old_amount="duration_ms")
    store = DuckStore(tmp_path, changed)
    with pytest.raises(StoreError, match="keeps `old_text` as VARCHAR, and the store has it as BOOLEAN"):
        store.months.restore("2026-09")
    assert len(store.months.trash()) == 2
    store.close()
    DuckStore(tmp_path, changed).close()


@pytest.mark.usefixtures("one_engine_at_a_time")
def test_a_migration_copies_the_values(tmp_path: Path) -> None:
    pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
    source = DuckStore(tmp_path, WIDE)
    staying = fill(tmp_path, source)
    for instance in LEAVERS:
        forget(source, instance)
    source.close()
    source = DuckStore(tmp_path, NARROW)
    load(tmp_path, source, [event(distinct_id=STAYER, timestamp=stamp(NOVEMBER))])
    target = embedded(tmp_path / "target", NARROW)
    assert migrate(source, target, lambda line: None) == []
    assert with_values(target) == with_values(source) == staying
    assert sum(target.months.counts().values()) == len(staying) + 1
    source.close()
    target.close()

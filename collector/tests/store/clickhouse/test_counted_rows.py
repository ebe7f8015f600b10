"""What counts on ClickHouse: batches that an earlier version wrote, and events that no other collector loaded."""

from pathlib import Path

import pytest

from collector.tests.store.clickhouse.embedded_engine import embedded_store
from collector.tests.store.clickhouse.fill_clickhouse import (
    CALLS,
    CALLS_OF_FACTS,
    EVERYTHING,
    STORED_INSTANCE,
    filled,
)
from collector.tests.store.fill_store import CATALOGUES
from footfall_collector.store.clickhouse import dedupe
from footfall_collector.store.clickhouse.relations import ClickHouseChartQuery
from footfall_collector.store.rollups import fact_tables

pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("one_engine_at_a_time")]


def test_batches_of_an_earlier_version_get_their_durations_by_client_at_the_next_start(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.forget(STORED_INSTANCE)
    name = "numbers_durations_by_client"
    keys = "mcp_client, duration_ms"
    asked = f"SELECT {keys}, sum(n) AS c FROM {name} GROUP BY {keys} HAVING c <> 0 ORDER BY {keys}"
    before = store.query(asked, EVERYTHING)
    [[batch]] = store.writer.execute(f"SELECT DISTINCT batch FROM footfall.{name} WHERE n > 0")
    store.writer.execute(f"ALTER TABLE footfall.{name} DELETE WHERE batch = {batch} SETTINGS mutations_sync = 1")
    assert store.query(asked, EVERYTHING) != before
    assert embedded_store(tmp_path).query(asked, EVERYTHING) == before != []


def test_where_no_event_is_noted_as_repeated_facts_are_counted_without_reading_uuids(tmp_path: Path) -> None:
    store = filled(tmp_path)
    layout = dedupe.layout_of_query(store.writer, store.layout)
    facts = fact_tables(CATALOGUES.values())
    assert "uuid" not in ClickHouseChartQuery(layout, CALLS_OF_FACTS, EVERYTHING, [], [], facts).sql
    assert "uuid" in ClickHouseChartQuery(store.layout, CALLS_OF_FACTS, EVERYTHING, [], [], facts).sql
    assert store.query(CALLS_OF_FACTS, EVERYTHING) == [(CALLS,)]

"""Two collectors load one ClickHouse store at the same time: an event counts once, also if one rolls up in between."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.tests.store.clickhouse.embedded_engine import ADDRESS, Embedded
from collector.tests.store.clickhouse.fill_clickhouse import (
    BY_EVENT,
    EVENTS,
    EVERYTHING,
    FLEET,
    check,
    load,
    two_collectors,
)
from collector.tests.store.fill_store import CATALOGUES, journal_fleet
from footfall_collector.store.clickhouse import ClickHouseStore
from footfall_collector.store.clickhouse.address import parse_address

pytest.importorskip("chdb", reason="`make engines` installs the embedded ClickHouse")
pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("one_engine_at_a_time")]


class _Between(Embedded):
    """An engine that lets something happen just before one collector says that another's row doesn't count."""

    def __init__(self, directory: Path, happens: Callable[[], object]) -> None:
        super().__init__(directory)
        self._happens = happens

    def insert(self, table: str, columns: Any, query_id: str = "") -> None:
        if table.endswith(".repeated"):
            self._happens()
        super().insert(table, columns, query_id)


def test_a_row_that_is_rolled_up_while_another_collector_says_it_does_not_count_is_taken_back(tmp_path: Path) -> None:
    engine = tmp_path / "engine"
    stores = two_collectors(tmp_path)
    # The collector with the higher load numbers loads first: its rows are the ones that do not count.
    numbers = zip((store.load_state.collector for store in stores), ("one", "two"), strict=True)
    low, high = (tmp_path / name for _, name in sorted(numbers))
    for home in (low, high):
        journal_fleet(home, FLEET.requests())
    first = ClickHouseStore(high, CATALOGUES, parse_address(ADDRESS), connect=lambda _: Embedded(engine))

    def interrupt(name: str) -> None:
        if name == "insert":
            load(high, first, checkpoint=False)

    second = ClickHouseStore(
        low, CATALOGUES, parse_address(ADDRESS), connect=lambda _: _Between(engine, first.roll_up), on_step=interrupt
    )
    load(low, second)
    [[doubles]] = second.writer.execute("SELECT count() FROM footfall.repeated")
    assert doubles == len(EVENTS)
    truth = Counter(one.event for one in EVENTS)
    assert sum(n for _, n in second.query(BY_EVENT, EVERYTHING)) == 2 * len(EVENTS), "the window was not met"
    for _ in range(2):
        # The loader finishes pending work every hour, even if no events arrive.
        first.finish_forgetting()
        assert dict(first.query(BY_EVENT, EVERYTHING)) == truth
        second.roll_up()
        assert dict(second.query(BY_EVENT, EVERYTHING)) == truth
    check(first, EVENTS)


def test_a_rebuild_is_done_by_every_collector_of_the_store(tmp_path: Path) -> None:
    one, two = two_collectors(tmp_path)
    requests = list(FLEET.requests())
    journal_fleet(tmp_path / "one", requests[::2])
    journal_fleet(tmp_path / "two", requests[1::2])
    load(tmp_path / "one", one)
    load(tmp_path / "two", two)
    one.writer.execute("TRUNCATE TABLE footfall.event_counts")
    one.rebuild()
    assert dict(one.query(BY_EVENT, EVERYTHING)) != Counter(happened.event for happened in EVENTS)
    two.finish_forgetting()
    assert dict(one.query(BY_EVENT, EVERYTHING)) == Counter(happened.event for happened in EVENTS)
    asked = "SELECT count() FROM footfall.batches"
    before = two.writer.execute(asked)
    two.finish_forgetting()
    assert two.writer.execute(asked) == before, "it was done once already"

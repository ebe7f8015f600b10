"""Rows that several questions share: made once while the store stays as it is, and never those of an earlier state."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from collector.tests.store.fill_store import PEPPER, journal_fleet, loader_of, open_store
from footfall_collector.admit import instance_of
from footfall_collector.store import EventSelection, StoreError
from footfall_collector.store.duckdb.relations.kept_rows import MAX_TABLES
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet, FleetRequest

END = 1_795_534_217
FLEET = Fleet(8, 20, 3, END)
CALLERS = {"shared_callers": "SELECT instance, sum(n)::BIGINT AS calls FROM facts_tool_executed GROUP BY instance"}
EVERYTHING = EventSelection("dot-ai", 0, END + 86_400, shared=CALLERS)
QUESTION = "SELECT count(*), sum(calls)::BIGINT FROM shared_callers"


def load_requests(data: Path, store: DuckStore, requests: Sequence[FleetRequest]) -> None:
    journal_fleet(data, requests)
    loader = loader_of(data, store)
    loader.run_once()
    loader.checkpoint()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckStore]:
    store = open_store(tmp_path)
    requests = sorted(FLEET.requests(), key=lambda one: one.received)
    load_requests(tmp_path, store, requests[::2])
    yield store
    store.close()


def kept(store: DuckStore) -> list[str]:
    listed = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'kept' ORDER BY 1"
    return [name for (name,) in store.files.writer.execute(listed).fetchall()]


def true_answer(store: DuckStore) -> list[tuple[int, int]]:
    plain = f"SELECT count(*), coalesce(sum(calls), 0)::BIGINT FROM ({CALLERS['shared_callers']})"
    return store.query(plain, replace(EVERYTHING, shared={}))


def test_questions_of_one_state_of_the_store_share_rows_and_later_ones_see_every_change(
    store: DuckStore, tmp_path: Path
) -> None:
    first = store.query(QUESTION, EVERYTHING)
    assert first == true_answer(store)
    before = kept(store)
    assert store.query("SELECT max(calls) FROM shared_callers", EVERYTHING) != []
    assert kept(store) == before
    assert len(before) == 1
    load_requests(tmp_path, store, sorted(FLEET.requests(), key=lambda one: one.received)[1::2])
    second = store.query(QUESTION, EVERYTHING)
    assert second == true_answer(store) != first
    assert len(kept(store)) == 1
    leaver = next(one.instance for one in FLEET.events() if one.event == "tool_executed")
    store.forget(instance_of(PEPPER, "dot-ai", leaver)[0])
    assert store.query(QUESTION, EVERYTHING) == true_answer(store) != second
    store.recover()
    assert store.query(QUESTION, EVERYTHING) == true_answer(store)


def test_a_relation_can_name_those_before_it_and_parameters_tell_rows_apart(store: DuckStore) -> None:
    chain = {**CALLERS, "shared_many": "SELECT instance FROM shared_callers WHERE calls >= $least"}
    [[most]] = store.query("SELECT max(calls) FROM shared_callers", EVERYTHING)
    counts = []
    for least in (0, most, most + 1):
        selection = replace(EVERYTHING, shared=chain, parameters={"least": least})
        counts += store.query("SELECT count(*) FROM shared_many", selection)
    assert counts[0] > counts[1] > counts[2] == (0,)


def test_many_readers_of_more_tables_than_are_kept_all_get_their_answer(store: DuckStore) -> None:
    def ask(number: int) -> list[tuple[int]]:
        shared = {"shared_number": f"SELECT {number} AS n FROM facts_tool_executed"}
        return store.query("SELECT DISTINCT n FROM shared_number", replace(EVERYTHING, shared=shared))

    numbers = [*range(2 * MAX_TABLES)] * 2
    with ThreadPoolExecutor(4) as threads:
        assert [*threads.map(ask, numbers)] == [[(number,)] for number in numbers]
    assert 0 < len(kept(store)) <= MAX_TABLES


def test_after_a_query_that_fails_the_next_is_answered(store: DuckStore) -> None:
    with pytest.raises(StoreError):
        store.query(
            "SELECT 1 FROM shared_bad", replace(EVERYTHING, shared={"shared_bad": "SELECT nothing FROM history"})
        )
    assert store.query(QUESTION, EVERYTHING) == true_answer(store)

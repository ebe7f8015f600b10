"""A store of every released schema opens, gives the same charts, and accepts events as before."""

import json
import tarfile
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

from collector.tests.answer.chart_rows import equal
from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import admitted, journal, journal_fleet, loader_of, open_store
from collector.tests.store.keep_released_store import END, FLEET, RELEASED, chart_answers
from footfall_collector.store import EventSelection
from footfall_collector.store.duckdb.schema_migrations import SCHEMA
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import stamp

DAY = 86_400
OLD = sorted(RELEASED.glob("schema-*.tar.xz"))


@pytest.fixture(params=OLD, ids=lambda path: path.name.removesuffix(".tar.xz"))
def released(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A data directory that a release wrote, and the file with the rows of its charts."""
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path, request.param.with_name(request.param.name.replace(".tar.xz", ".json"))


def test_every_schema_before_this_one_is_kept() -> None:
    kept = {int(path.name.removeprefix("schema-").removesuffix(".tar.xz")) for path in OLD}
    assert kept >= set(range(1, SCHEMA))


def check(store: DuckStore, answers: Path) -> None:
    for now, then in zip(chart_answers(store), json.loads(answers.read_text("utf-8")), strict=True):
        assert now.keys() == then.keys()
        for chart, rows in now.items():
            assert equal(rows, then[chart]), chart


def test_in_an_old_store_every_day_with_events_counts_for_an_instances_standing(released: tuple[Path, Path]) -> None:
    data, _ = released
    days: defaultdict[str, set[int]] = defaultdict(set)
    forgotten = min(FLEET.requests(), key=lambda one: one.received).events[0].instance
    for one in FLEET.events():
        if not one.instance.startswith("ephemeral_") and one.instance != forgotten:
            days[one.instance].add(one.at // DAY)
    established = [seen for seen in days.values() if len(seen) >= 3 and max(seen) - min(seen) >= 7]
    store = open_store(data)
    for _ in range(2):
        rows = store.query("SELECT count(*) FROM standing WHERE established", EventSelection("dot-ai", 0, END))
        assert rows == [(len(established),)]
        store.rebuild()
    assert 0 < len(established) < len(days)
    store.close()


def schemas(data: Path) -> set[int]:
    found = set()
    for path in (data / "store").glob("*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as file:
            [[value]] = file.execute("SELECT value FROM meta WHERE name = 'schema'").fetchall()
            found.add(int(value))
    return found


def test_an_old_store_is_brought_forward_and_says_what_it_said(released: tuple[Path, Path]) -> None:
    data, answers = released
    store = open_store(data)
    check(store, answers)
    store.roll_up()
    check(store, answers)
    store.rebuild()
    check(store, answers)
    store.close()
    assert schemas(data) == {SCHEMA}
    store = open_store(data)
    check(store, answers)
    store.close()


def test_it_knows_what_it_had_and_takes_what_is_new(released: tuple[Path, Path]) -> None:
    data, answers = released
    store = open_store(data)
    journal_fleet(data, FLEET.requests())
    assert loader_of(data, store).run_once() == 0
    check(store, answers)
    month_ago = [event(timestamp=stamp(END - 30 * DAY))]
    journal(data, [admitted(month_ago, END, END)])
    assert loader_of(data, store).run_once() == 1
    store.close()


def test_a_migration_that_is_cut_short_goes_on_at_the_next_start(released: tuple[Path, Path]) -> None:
    data, answers = released
    months = sorted((data / "store").glob("events-*.duckdb"))
    whole = months[-1].read_bytes()
    months[-1].write_bytes(b"no database" * 1000)
    open_store(data).close()
    months[-1].write_bytes(whole)
    store = open_store(data)
    check(store, answers)
    store.close()
    assert schemas(data) == {SCHEMA}

"""The roll-ups that the catalogues give: filled in an old store, changed with the catalogue, equal to raw events."""

import logging
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import CATALOGUES, PEPPER, journal, journal_fleet, loader_of, open_store
from collector.tests.store.keep_released_store import END, FLEET, RELEASED
from footfall.catalogue import EVENTS, Catalogue, catalogue_for
from footfall_collector.admit import Admission, instance_of
from footfall_collector.answer import EARLIEST, Answers, Filters, ask, parse_question
from footfall_collector.store import EventSelection
from footfall_collector.store.duckdb.store import DuckStore
from footfall_collector.store.rollups import fact_tables
from tests.oracle import own_product
from tests.oracle.fleet import Fleet, stamp
from tests.oracle.questions import CARRIED, AnyQuestion, QuestionTruth, Where

DAY = 86_400
EVERYTHING = EventSelection("dot-ai", 0, END + 10 * DAY)
RELEASE = max(RELEASED.glob("schema-*.tar.xz"))
BY_CLIENT = "numbers_durations_by_client"
NUMBERS = ("samples_tool_executed__duration_ms", "tool_durations", BY_CLIENT)


def with_properties(*names: str) -> dict[str, Catalogue]:
    """The catalogues with these properties more in every event of dot-ai, of the kind of `tool`."""
    present = catalogue_for("dot-ai")
    kind = present.events["tool_error"].properties["error_type"]
    catalogue = Catalogue("dot-ai", EVENTS, present.common)
    for each in ("tool_executed", "tool_error"):
        catalogue.events[each].properties.update(dict.fromkeys(names, kind))
    return {**CATALOGUES, "dot-ai": catalogue}


def load(data: Path, store: DuckStore, catalogues: Mapping[str, Catalogue], **values: Any) -> None:
    """Load a call of each of three days, and roll it up."""
    calls = [event(timestamp=stamp(END - days * DAY), **values) for days in (1, 2, 40)]
    raw = [msgspec.Raw(msgspec.json.encode(call)) for call in calls]
    result = Admission(catalogues, PEPPER, max_age=60 * DAY).admit("dot-ai", raw, float(END), None)
    assert result.refused == {}
    journal(data, [result.lines])
    loader = loader_of(data, store)
    assert loader.run_once() == len(calls)
    loader.checkpoint()


def fact_rows(store: DuckStore) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table.name: sorted(store.files.writer.execute(f"SELECT * FROM rollups.{table.name}").fetchall(), key=repr)
        for tables in store.files.facts.values()
        for table in tables.stored
    }


def check_rebuilt(store: DuckStore) -> None:
    """The tables are what a rebuild from the raw events makes of them."""
    before = fact_rows(store)
    store.rebuild()
    assert fact_rows(store) == before


@pytest.fixture
def released(tmp_path: Path) -> Path:
    with tarfile.open(RELEASE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def test_an_old_store_gets_the_tables_filled_with_what_it_has(released: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        store = open_store(released)
    assert "counting facts_tool_executed from what is stored" in caplog.text
    forgotten = min(FLEET.requests(), key=lambda one: one.received).events[0].instance
    left = [one for one in FLEET.events() if one.instance != forgotten]
    counts = Counter(one.event for one in left)
    for name, tables in store.files.facts.items():
        assert store.query(f"SELECT sum(n)::BIGINT FROM {tables.counts.name}", EVERYTHING) == [(counts[name],)]
    for number in NUMBERS:
        assert store.query(f"SELECT sum(n)::BIGINT FROM {number}", EVERYTHING) == [(counts["tool_executed"],)]
    tools = dict(
        store.query(
            "SELECT p_tool, count(DISTINCT instance) FILTER (lasting) FROM facts_tool_executed GROUP BY ALL", EVERYTHING
        )
    )
    truth = QuestionTruth(left, CARRIED)
    asked = AnyQuestion(0, END + 10 * DAY, "instances", "tool_executed", by=Where("tool", False, ()), internal="all")
    assert {tool: n for tool, n in tools.items() if n} == dict(truth.answer(asked))
    check_medians(store, truth)
    check_rebuilt(store)
    store.roll_up()
    check_rebuilt(store)
    store.close()
    caplog.clear()
    with caplog.at_level(logging.INFO):
        open_store(released).close()
    assert "counting" not in caplog.text


def check_medians(store: DuckStore, truth: QuestionTruth) -> None:
    """The medians by client are the oracle's."""
    asked = AnyQuestion(
        0, END, "median", "tool_executed", "duration_ms", Where("mcp_client", False, ()), internal="all"
    )
    filters = Filters("dot-ai", EARLIEST, datetime.fromtimestamp(END, UTC), internal="all")
    query = {"measure": "median", "event": "tool_executed", "by": "mcp_client"}
    question = parse_question(query, (), filters, CATALOGUES["dot-ai"])
    assert ask(Answers(store, CATALOGUES), question, filters).rows == truth.answer(asked) != []


def test_after_a_version_that_does_not_extend_it_a_table_is_counted_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    journal_fleet(tmp_path, FLEET.requests())
    loader_of(tmp_path, store).run_once()
    store.roll_up()
    store.files.writer.execute("UPDATE rollups.meta SET value = '0' WHERE name = 'facts'")
    store.files.writer.execute(f"DELETE FROM rollups.{BY_CLIENT}")
    store.close()
    store = open_store(tmp_path)
    check_medians(store, QuestionTruth(FLEET.events(), CARRIED))
    store.close()


def by_colour(store: DuckStore) -> dict[str, int]:
    rows = store.query("SELECT p_colour, sum(n)::BIGINT FROM facts_tool_executed GROUP BY ALL", EVERYTHING)
    return {str(value): int(n) for value, n in rows}


def test_a_property_that_is_added_retired_and_brought_back_is_a_column_each_time(tmp_path: Path) -> None:
    wide = with_properties("colour")
    store = open_store(tmp_path)
    load(tmp_path, store, CATALOGUES)
    store.close()
    store = DuckStore(tmp_path, wide)
    assert by_colour(store) == {"": 3}
    load(tmp_path, store, wide, colour="Red")
    assert by_colour(store) == {"": 3, "Red": 3}
    check_rebuilt(store)
    store.close()
    store = open_store(tmp_path)
    assert "p_colour" not in store.files.facts["tool_executed"].counts.columns()
    assert store.query("SELECT sum(n)::BIGINT FROM facts_tool_executed", EVERYTHING) == [(6,)]
    check_rebuilt(store)
    load(tmp_path, store, CATALOGUES)
    store.close()
    store = DuckStore(tmp_path, wide)
    assert by_colour(store) == {"": 6, "Red": 3}
    check_rebuilt(store)
    store.close()


def test_an_event_that_leaves_the_catalogue_takes_its_tables_along(tmp_path: Path) -> None:
    catalogues = {own_product.PRODUCT: own_product.catalogue()}
    store = DuckStore(tmp_path, catalogues)
    names = {table.name for table in store.files.rollups}
    assert "facts_backup_finished" in names
    store.close()
    open_store(tmp_path).close()
    store = open_store(tmp_path)
    rows = store.files.writer.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'rollups'")
    assert {name for (name,) in rows.fetchall()} & names == {table.name for table in store.files.rollups}
    store.close()


def test_a_table_has_a_plain_name_whatever_the_events_name() -> None:
    tables = fact_tables([own_product.catalogue()])
    hostile = tables["Plan viewed: it's new"].counts
    assert hostile.name.startswith("facts_plan_viewed_it_s_new__")
    assert hostile.name.replace("_", "").isalnum()
    names = [table.name for each in tables.values() for table in each.relations]
    assert len(names) == len(set(names))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Path, DuckStore, dict[str, Counter[str]]]]:
    """A store of the product with own events; and the number of events by name of each instance."""
    catalogues = {own_product.PRODUCT: own_product.catalogue()}
    fleet = Fleet(8, 50, 9, END, product=own_product.PRODUCT)
    store = DuckStore(tmp_path, catalogues)
    admission = Admission(catalogues, PEPPER)
    counts: dict[str, Counter[str]] = {}
    for request in map(own_product.with_own_events, fleet.requests()):
        raw = [msgspec.Raw(msgspec.json.encode(one)) for one in request.wire_events()]
        result = admission.admit(own_product.PRODUCT, raw, float(request.received), request.sent_at)
        journal(tmp_path, [result.lines])
    for one in own_product.all_events(fleet.events()):
        counts.setdefault(one.instance, Counter())[one.event] += 1
    loader = loader_of(tmp_path, store)
    loader.run_once()
    loader.checkpoint()
    yield tmp_path, store, counts
    store.close()


def test_forgetting_and_removing_and_restoring_months_reach_the_tables_of_own_events(
    own: tuple[Path, DuckStore, dict[str, Counter[str]]],
) -> None:
    _, store, counts = own
    everything = EventSelection(own_product.PRODUCT, 0, END + DAY)
    leaver = max(counts, key=lambda instance: counts[instance]["backup_finished"])
    store.forget(instance_of(PEPPER, own_product.PRODUCT, leaver)[0])
    left: Counter[str] = Counter()
    for instance, events in counts.items():
        left.update(events if instance != leaver else {})
    for _ in range(2):
        for name, tables in store.files.facts.items():
            assert store.query(f"SELECT coalesce(sum(n), 0)::BIGINT FROM {tables.counts.name}", everything) == [
                (left[name],)
            ]
        check_rebuilt(store)
        [first, *_] = store.months.counts()
        store.months.remove([first], END)
        [[lasting]] = store.query("SELECT sum(n)::BIGINT FROM facts_backup_finished", everything)
        assert 0 < lasting < left["backup_finished"]
        check_rebuilt(store)
        store.months.restore(first)

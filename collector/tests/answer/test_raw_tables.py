"""What `bench/store/store.py` compares with, and its copies of a fleet, count what the charts count."""

import json
from pathlib import Path

import pytest

from bench.store import report as store_report
from bench.store import steps as store_steps
from bench.store.copies import multiply
from bench.store.journals import Base, Copies, write_day
from bench.store.raw import engines as raw_engines
from footfall_collector.journal import has_valid_checksum
from tests.oracle.fleet import Fleet
from tests.oracle.world import DAY

FLEET = Fleet(instances=40, days=30, seed=9)
ENGINE = ("256MB", 2)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    made = Base(tmp_path_factory.mktemp("base"))
    made.make(FLEET)
    return made


def test_copies_are_whole_lines_and_every_event_of_a_copy_is_another(base: Base, tmp_path: Path) -> None:
    number = 1
    for day in base.days:
        number = write_day(day, Copies(2, 2), tmp_path, number)
    lines = [line for path in tmp_path.glob("*.jsonl") for line in path.read_bytes().splitlines()]
    assert all(map(has_valid_checksum, lines))
    events = [json.loads(line) for line in lines]
    assert len({event["uuid"] for event in events}) == 4 * sum(1 for _ in FLEET.events())
    assert len({event["instance"] for event in events}) == 2 * len({one.instance for one in FLEET.events()})


def test_a_store_that_the_engine_multiplied_has_what_the_journal_would_have_brought(base: Base, tmp_path: Path) -> None:
    copies = Copies(2, 2)
    brought = store_steps.load(tmp_path / "journal", base, copies, *ENGINE)
    store_steps.load(tmp_path / "engine", base, Copies(), *ENGINE)
    added = multiply(tmp_path / "engine", copies, 2)
    assert added * 4 == brought["events"] * 3
    by_journal, by_engine = (store_steps.rows(tmp_path / name, *ENGINE) for name in ("journal", "engine"))
    for chart in ("tool-usage", "tool-duration", "error-types", "kubernetes-versions", "uptime"):
        assert by_engine[chart] == by_journal[chart], chart


def test_the_raw_queries_say_what_the_charts_say(base: Base, tmp_path: Path) -> None:
    loaded = store_steps.load(tmp_path, base, Copies(), *ENGINE)
    assert raw_engines.export(tmp_path, tmp_path / "events.parquet") == loaded["events"]
    measured = raw_engines.measure("DuckDB", tmp_path / "events.parquet", tmp_path, FLEET.end - 90 * DAY, FLEET.end)
    store_report.check_rows("DuckDB", store_steps.rows(tmp_path, *ENGINE), measured["rows"])
    measured["rows"]["tool-usage"][0] = ("query", 1, 1)
    with pytest.raises(SystemExit, match="tool-usage on raw tables in DuckDB differs"):
        store_report.check_rows("DuckDB", store_steps.rows(tmp_path, *ENGINE), measured["rows"])

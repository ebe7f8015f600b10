"""What the store lost without a trace in its own files is counted exactly; no other change claims a loss."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.tests.receive.shapes import event
from collector.tests.store.duckdb.killed_months import LEAVER, LEAVER_EVENTS, STAYER
from collector.tests.store.fill_store import admitted, journal, loader_of, open_store
from footfall_collector.journal import StoredCounts
from footfall_collector.runtime import Status
from footfall_collector.store import EventSelection
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import stamp

ROOT = Path(__file__).parents[4]
SOAK = bool(os.environ.get("SOAK"))
STEPS = range(1, 400, 3) if SOAK else (175, 230, 290, 335, 1000)
NOW = 1_793_491_200  # 2026-11-01T00:00:00Z
EVERYTHING = EventSelection("dot-ai", 0, 4_000_000_000)
pytestmark = pytest.mark.timeout(3600 if SOAK else 300)


def test_no_end_of_the_process_claims_a_loss_and_none_claims_too_much(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "collector.tests.store.duckdb.killed_months", str(tmp_path), *map(str, STEPS)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    results: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines()]
    assert any(result["lost"] for result in results)
    # An instance that is to be forgotten counts as lost until it is deleted.
    wrong = [
        result
        for result in results
        if result["claimed"] or not 0 <= result["left"] + result["lost"] <= result["whole"] + LEAVER_EVENTS
    ]
    exact = [result["left"] + result["lost"] == result["whole"] for result in results if result["ended"]]
    assert not wrong, f"{wrong}\n{ran.stderr[-2000:]}"
    assert exact
    assert all(exact), results


def load(data: Path, store: DuckStore, number: int, instance: str = STAYER) -> None:
    """Load and checkpoint `number` events of each of two months."""
    events = [event(distinct_id=instance, timestamp=stamp(NOW - 86_400 * n)) for n in range(2) for _ in range(number)]
    journal(data, [admitted(events, NOW + 60, None)])
    loader = loader_of(data, store)
    loader.run_once()
    loader.checkpoint()


def filled(data: Path, number: int = 10) -> None:
    store = open_store(data)
    load(data, store, number)
    store.close()


class Started:
    """A start on a directory, with what it says and counts."""

    def __init__(self, data: Path) -> None:
        self.status = Status()
        self.store = open_store(data, status=self.status)
        self.store.finish_forgetting()

    @property
    def lost(self) -> int:
        return int(self.status.gauge("events_lost"))

    @property
    def events(self) -> int:
        [[events]] = self.store.query("SELECT sum(n)::BIGINT FROM event_counts", EVERYTHING)
        return int(events or 0)


def october(data: Path) -> Path:
    return data / "store" / "events-2026-10.duckdb"


def test_a_store_that_is_gone_is_counted_until_it_is_back(tmp_path: Path) -> None:
    filled(tmp_path)
    shutil.move(tmp_path / "store", tmp_path / "elsewhere")
    for _ in range(2):
        started = Started(tmp_path)
        assert (started.lost, started.events) == (20, 0)
        assert [alarm.name for alarm in started.status.alarms()] == ["store_damaged", "events_lost"]
        assert "2026-10 with 10 events is missing" in started.status.damage[0]
        assert "--without-damaged" in started.status.damage[1]
        started.store.close()
    # New events change nothing about those that are gone.
    load(tmp_path, store := open_store(tmp_path), 3)
    store.close()
    started = Started(tmp_path)
    assert (started.lost, started.events) == (20, 6)
    started.store.close()
    # The months come back, without what was loaded in between.
    for path in (tmp_path / "elsewhere").glob("events-*"):
        shutil.copy(path, tmp_path / "store" / path.name)
    started = Started(tmp_path)
    assert (started.lost, started.events) == (6, 20)
    assert "2026-10 lost 3 of its 13 events" in started.status.damage[0]
    started.store.close()


def test_a_store_that_comes_back_whole_ends_the_alarm(tmp_path: Path) -> None:
    filled(tmp_path)
    shutil.move(tmp_path / "store", tmp_path / "elsewhere")
    Started(tmp_path).store.close()
    shutil.rmtree(tmp_path / "store")
    shutil.move(tmp_path / "elsewhere", tmp_path / "store")
    started = Started(tmp_path)
    assert (started.lost, started.events, started.status.alarms()) == (0, 20, [])
    started.store.close()


def test_lost_events_can_be_given_up(tmp_path: Path) -> None:
    filled(tmp_path)
    shutil.rmtree(tmp_path / "store")
    started = Started(tmp_path)
    started.store.give_up_damaged()
    started.store.rebuild()
    assert started.status.alarms() == []
    started.store.close()
    started = Started(tmp_path)
    assert started.status.alarms() == []
    started.store.close()


def test_an_older_version_of_a_month_is_noticed_and_its_days_still_count(tmp_path: Path) -> None:
    filled(tmp_path)
    older = october(tmp_path).read_bytes()
    filled(tmp_path, 5)
    newer = october(tmp_path).read_bytes()
    october(tmp_path).write_bytes(older)
    started = Started(tmp_path)
    assert (started.lost, started.events) == (5, 30)
    assert [(month.name, month.missing) for month in started.store.incomplete] == [("2026-10", 5)]
    assert "2026-10 lost 5 raw events" in started.status.damage[0]
    started.store.close()
    october(tmp_path).write_bytes(newer)
    started = Started(tmp_path)
    assert (started.lost, started.events, started.status.alarms()) == (0, 30, [])
    started.store.close()


def test_an_older_version_of_the_whole_store_is_noticed(tmp_path: Path) -> None:
    filled(tmp_path)
    shutil.copytree(tmp_path / "store", tmp_path / "older")
    filled(tmp_path, 5)
    shutil.rmtree(tmp_path / "store")
    shutil.move(tmp_path / "older", tmp_path / "store")
    started = Started(tmp_path)
    assert (started.lost, started.events) == (10, 20)
    assert "2026-10 lost 5 of its 15 events" in started.status.damage[0]
    started.store.close()


def test_an_instance_that_was_forgotten_does_not_come_back_with_an_older_month(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    load(tmp_path, store, 4, LEAVER)
    load(tmp_path, store, 6)
    store.close()
    older = october(tmp_path).read_bytes()
    store = open_store(tmp_path)
    [[leaver]] = store.files.writer.execute(
        "SELECT instance FROM m202610.events GROUP BY instance HAVING count(*) = 4"
    ).fetchall()
    store.forget(f"{leaver:016x}")
    load(tmp_path, store, 5)
    store.close()
    october(tmp_path).write_bytes(older)
    started = Started(tmp_path)
    rows = started.store.files.writer.execute(
        "SELECT count(*), count(DISTINCT instance) FROM m202610.events"
    ).fetchall()
    assert rows == [(6, 1)]
    assert (started.lost, started.events) == (5, 22)
    started.store.close()


HARM: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[:40],
    "altered": lambda content: content.replace(b'"events":10', b'"events":90'),
    "older": lambda _: b"",
}


@pytest.mark.parametrize("harm", ["removed", "empty", "cut", "altered", "older", "directory", "pipe"])
@pytest.mark.parametrize("name", ["months.json", "copies/months.json"])
def test_a_damaged_record_claims_no_loss_and_hides_none(tmp_path: Path, name: str, harm: str) -> None:
    store = open_store(tmp_path)
    load(tmp_path, store, 10)
    path = tmp_path / name
    older = path.read_bytes()
    store.months.remove(["2026-10"], NOW)
    store.close()
    content = path.read_bytes()
    path.unlink()
    if harm == "directory":
        path.mkdir()
    elif harm == "pipe":
        os.mkfifo(path)
    elif harm != "removed":
        path.write_bytes(older if harm == "older" else HARM[harm](content))
    started = Started(tmp_path)
    assert (started.lost, started.events, started.status.alarms()) == (0, 10, [])
    started.store.close()
    shutil.rmtree(tmp_path / "store")
    started = Started(tmp_path)
    assert (started.lost, started.events) == (10, 0)
    started.store.close()


def test_without_any_record_the_next_checkpoint_makes_one(tmp_path: Path) -> None:
    filled(tmp_path)
    for path in (tmp_path / "months.json", tmp_path / "copies" / "months.json"):
        path.write_bytes(b"{}")
    filled(tmp_path, 2)
    shutil.rmtree(tmp_path / "store")
    started = Started(tmp_path)
    assert started.lost == 24
    started.store.close()


def test_a_month_that_retention_would_remove_is_no_longer_missed(tmp_path: Path) -> None:
    filled(tmp_path)
    shutil.rmtree(tmp_path / "store")
    started = Started(tmp_path)
    started.store.months.delete_damaged(NOW)
    started.store.close()
    assert StoredCounts(tmp_path).lost().keys() == {"2026-11"}

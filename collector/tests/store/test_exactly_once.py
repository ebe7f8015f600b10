"""An event is counted once, after any end of the process and any number of retries."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import admitted, journal, journal_dir, journal_fleet, loader_of, open_store
from footfall_collector.runtime.status import Status
from footfall_collector.store import EventSelection
from tests.oracle.fleet import Fleet, stamp

ROOT = Path(__file__).parents[3]
NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z
FLEET = Fleet(instances=12, days=8, seed=4, end=NOVEMBER + 4 * 86_400)
EVERYTHING = EventSelection("dot-ai", 0, 4_000_000_000)
BY_EVENT = "SELECT event, sum(n)::BIGINT FROM event_counts GROUP BY event"


def counts(data: Path) -> dict[str, int]:
    """Events by name. Checks that charts count the same now, after a roll-up, and after a rebuild."""
    store = open_store(data)
    try:
        now = dict(store.query(BY_EVENT, EVERYTHING))
        store.roll_up()
        assert store.unrolled_loads == 0
        assert dict(store.query(BY_EVENT, EVERYTHING)) == now
        store.rebuild()
        assert dict(store.query(BY_EVENT, EVERYTHING)) == now
        return now
    finally:
        store.close()


def load(data: Path) -> Status:
    """Open a store, load the journal, and checkpoint."""
    status, store = Status(), open_store(data)
    loader = loader_of(data, store, status)
    loader.run_once()
    loader.checkpoint()
    store.close()
    return status


def load_until_killed_at(data: Path, step: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "collector.tests.store.killed_load", str(data), str(step)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("step", range(1, 12))
def test_killed_at_any_step_the_next_start_counts_every_event_once(tmp_path: Path, step: int) -> None:
    # Two months, and two segments of which the second repeats requests of the first.
    requests = list(FLEET.requests())
    journal_fleet(tmp_path, requests[: len(requests) * 2 // 3])
    journal_fleet(tmp_path, requests[len(requests) // 3 :])
    killed = load_until_killed_at(tmp_path, step)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert killed.stdout.split("\n")[-2] == STEPS[step - 1]
    load(tmp_path)
    assert counts(tmp_path) == Counter(happened.event for happened in FLEET.events())
    assert list(journal_dir(tmp_path).glob("*.jsonl")) == []


STEPS = (
    "begin", "month 2026-10", "month 2026-11", "done",
    "roll up", "rolled up", "checkpoint", "checkpointed", "forget segments", "checkpoint", "checkpointed",
)  # fmt: skip
"""The steps of one load; `close` adds another checkpoint."""


def test_killed_at_one_step_after_another_it_still_counts_once(tmp_path: Path) -> None:
    journal_fleet(tmp_path, FLEET.requests())
    for step in (2, 3, 5, 4):
        assert load_until_killed_at(tmp_path, step).returncode == -signal.SIGKILL
    load(tmp_path)
    assert counts(tmp_path) == Counter(happened.event for happened in FLEET.events())


def send(data: Path, *events: dict[str, Any], received: int = NOVEMBER, sent_at: int | None = None) -> Status:
    journal(data, [admitted(events, received, sent_at)])
    return load(data)


def test_an_event_twice_in_one_segment_counts_once(tmp_path: Path) -> None:
    one = event(timestamp=stamp(NOVEMBER - 50))
    status = send(tmp_path, one, one, event(timestamp=stamp(NOVEMBER - 50)))
    assert counts(tmp_path) == {"tool_executed": 2}
    assert (status.total("events_stored"), status.total("events_known")) == (2, 1)


def test_an_event_sent_again_weeks_later_counts_once(tmp_path: Path) -> None:
    one = event(timestamp=stamp(NOVEMBER - 50))
    send(tmp_path, one)
    status = send(tmp_path, one, received=NOVEMBER + 40 * 86_400)
    assert (status.total("events_stored"), status.total("events_known")) == (0, 1)
    assert counts(tmp_path) == {"tool_executed": 1}


def test_an_event_whose_retry_falls_into_another_month_counts_once(tmp_path: Path) -> None:
    # The first attempt was a second in transit, so by the collector's clock its event is a second older than the retry.
    one = event(timestamp=stamp(NOVEMBER))
    send(tmp_path, one, received=NOVEMBER + 10, sent_at=NOVEMBER + 11)
    assert months(tmp_path) == ["2026-10"]
    send(tmp_path, one, received=NOVEMBER + 100, sent_at=NOVEMBER + 100)
    assert counts(tmp_path) == {"tool_executed": 1}


def test_the_same_uuid_of_another_product_is_another_event(tmp_path: Path) -> None:
    one = event(timestamp=stamp(NOVEMBER - 50))
    for product in ("dot-ai", "other-product"):
        journal(tmp_path, [admitted([one], NOVEMBER, None, product)])
    load(tmp_path)
    store = open_store(tmp_path)
    for product in ("dot-ai", "other-product"):
        assert store.query(BY_EVENT, EventSelection(product, 0, 4_000_000_000)) == [("tool_executed", 1)]
    store.close()


def test_a_segment_that_comes_back_from_a_backup_adds_nothing(tmp_path: Path) -> None:
    journal_fleet(tmp_path, FLEET.requests())
    [segment] = journal_dir(tmp_path).glob("*.jsonl")
    content = segment.read_bytes()
    load(tmp_path)
    before = counts(tmp_path)
    for name in (segment.name, "999999999999.jsonl"):
        (journal_dir(tmp_path) / name).write_bytes(content)
        load(tmp_path)
        assert counts(tmp_path) == before


def months(data: Path) -> list[str]:
    """The months that have a file with events."""
    found = []
    store = open_store(data)
    for month in store.files.months.values():
        [[n]] = store.files.writer.execute(f"SELECT count(*) FROM {month.events}").fetchall()
        found += [month.name] if n else []
    store.close()
    return found


class EndedError(Exception):
    """Stands for the end of the process in the middle of a load."""


def test_a_load_that_was_cut_short_is_finished_whole_whichever_segment_is_asked_for_next(tmp_path: Path) -> None:
    requests = list(FLEET.requests())
    for part in range(4):
        journal_fleet(tmp_path, requests[part::4])
    first, *rest = sorted(journal_dir(tmp_path).glob("*.jsonl"))

    def end(step: str) -> None:
        if step == "month 2026-11":
            raise EndedError

    store = open_store(tmp_path)
    store.load([first])
    store.files.close()
    store = open_store(tmp_path, on_step=end)
    with pytest.raises(EndedError):
        store.load(rest)
    store.files.close()
    # Segments are deleted after a checkpoint, so the loader first meets one that the store already has.
    store = open_store(tmp_path)
    store.load([first])
    store.close()
    assert counts(tmp_path) == Counter(happened.event for happened in FLEET.events())

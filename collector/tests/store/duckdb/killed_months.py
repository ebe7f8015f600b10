"""Kills a store before one file operation after another, among loads, deletions and removals, then loses its files.

`python -m collector.tests.store.duckdb.killed_months FOLDER STEP…` prints a JSON line for each step:
`{"step", "whole", "claimed", "left", "lost"}`, with the events of a start on what the kill left, the loss that this
start claims, and both numbers of a start without the folder `store`; `{"step", "ended": true}` where there are fewer
steps.
"""

import asyncio
import json
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from collector.tests.journal.killed_journal import in_child, kill_before, opened
from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import admitted
from footfall_collector.runtime import Status
from footfall_collector.store import EventSelection
from tests.oracle.fleet import stamp

NOW = 1_793_491_200  # 2026-11-01T00:00:00Z
LEAVER, STAYER = "cluster_" + "1" * 16, "cluster_" + "2" * 16
LEAVER_EVENTS = 4
"""Events of the instance that is forgotten."""
_EVERYTHING = EventSelection("dot-ai", 0, 4_000_000_000)


def work(data: Path, step: Callable[[str], None]) -> None:
    """Load, forget an instance, load, remove the older month, restore it, and load."""
    journal, store, loader = opened(data, Status(), step)

    def load(*instances: str) -> None:
        events = [
            event(distinct_id=instance, timestamp=stamp(NOW - 86_400 * n)) for instance in instances for n in range(2)
        ]
        asyncio.run(journal.append(admitted(events, NOW + 60, None)))

    def checkpoint() -> None:
        loader.run_once()
        loader.checkpoint()

    load(LEAVER, STAYER)
    load(LEAVER, STAYER)
    checkpoint()
    [[leaver]] = store.files.writer.execute("SELECT min(instance) FROM m202610.events").fetchall()
    store.forget(f"{leaver:016x}")
    load(STAYER)
    checkpoint()
    store.months.remove(["2026-10"], NOW)
    store.months.restore("2026-10")
    load(STAYER)
    journal.close()
    checkpoint()
    store.close()


def collect(data: Path, last: int) -> None:
    work(data, kill_before(data, last))


def outcome(data: Path) -> tuple[int, int]:
    """Start on what is left: the events of the store, and those that are claimed to be lost."""
    status = Status()
    journal, store, loader = opened(data, status, lambda _: None)
    journal.close()
    loader.run_once()
    store.finish_forgetting()
    loader.checkpoint()
    [[stored]] = store.query("SELECT sum(n)::BIGINT FROM event_counts", _EVERYTHING)
    store.close()
    return int(stored or 0), int(status.gauge("events_lost"))


def started(data: Path, result: Path) -> tuple[int, int]:
    result.unlink(missing_ok=True)
    in_child(lambda: result.write_text(json.dumps(outcome(data))))
    stored, lost = json.loads(result.read_text()) if result.exists() else (-1, -1)
    return stored, lost


def run(folder: Path, step: int) -> None:
    base, copy, result = folder / f"step-{step}", folder / f"copy-{step}", folder / "result"
    code = in_child(lambda: collect(base, step))
    if code not in (0, -signal.SIGKILL):
        raise SystemExit(f"step {step} ended with {code}")
    base.mkdir(exist_ok=True)
    shutil.copytree(base, copy)
    shutil.rmtree(copy / "store", ignore_errors=True)
    whole, claimed = started(base, result)
    left, lost = started(copy, result)
    facts = {"step": step, "whole": whole, "claimed": claimed, "left": left, "lost": lost, "ended": code == 0}
    print(json.dumps(facts), flush=True)
    for directory in (base, copy):
        shutil.rmtree(directory)


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        run(Path(sys.argv[1]), int(argument))

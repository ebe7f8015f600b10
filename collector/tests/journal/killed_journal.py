"""Kills a collector's journal and loader before one file operation after another, then starts them on what is left.

`python -m collector.tests.journal.killed_journal FOLDER STEP…` prints a JSON line for each step and each way in which
the journal lost files afterwards: `{"step", "removed", "sent", "acknowledged", "lines", "stored", "lost"}`, and
`{"step", "ended": true}` where there are fewer steps. A step is a file that is opened, renamed or deleted, a write to
the counts of segments, or a step of the store.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import CATALOGUES, admitted
from footfall_collector.journal import Journal
from footfall_collector.runtime import Status
from footfall_collector.store import EventSelection, Loader
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import stamp

NOW = 1_793_491_200  # 2026-11-01T00:00:00Z
ROUNDS, EVENTS = 3, 2
_STEPS = frozenset({"os.rename", "os.remove", "os.truncate", "os.mkdir"})


def kill_before(data: Path, last: int) -> Callable[[str], None]:
    """Kill this process before its step number `last`. Returns the step hook for a store."""
    steps = 0

    def step(_: str) -> None:
        nonlocal steps
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(name: str, arguments: tuple[Any, ...]) -> None:
        if name in _STEPS or (name == "open" and str(data) in str(arguments[0])):
            step(name)

    pwrite = os.pwrite

    def counted(descriptor: int, content: Any, offset: int, /) -> int:
        step("pwrite")
        return pwrite(descriptor, content, offset)

    os.pwrite = counted
    sys.addaudithook(audit)
    return step


def collect(data: Path, acknowledged: Path, last: int) -> None:
    """Append, load and checkpoint events of two months; a segment has the lines of one request."""
    step = kill_before(data, last)
    journal, store, loader = opened(data, Status(), step)
    with acknowledged.open("ab", buffering=0) as file:
        for number in range(ROUNDS):
            events = [event(timestamp=stamp(NOW - 86_400 * n)) for n in range(EVENTS)]
            asyncio.run(journal.append(admitted(events, NOW + 60, None)))
            file.write(b"." * EVENTS)
            if number != 1:
                loader.run_once()
            if number == 1:
                loader.checkpoint()
    journal.close()
    loader.run_once()
    loader.checkpoint()
    store.close()


def opened(data: Path, status: Status, step: Callable[[str], None]) -> tuple[Journal, DuckStore, Loader]:
    journal = Journal(data / "journal", status, segment_bytes=1, segment_seconds=3600)
    journal.start()
    store = DuckStore(data, CATALOGUES, status=status, on_step=step, checksums=journal.checksums)
    return journal, store, Loader(store, data / "journal", status, losses=journal.losses)


def outcome(data: Path) -> dict[str, int]:
    """Start on what is left, and load it."""
    status = Status()
    journal, store, loader = opened(data, status, lambda _: None)
    journal.close()
    loader.run_once()
    loader.checkpoint()
    rows = store.query("SELECT sum(n)::BIGINT FROM event_counts", EventSelection("dot-ai", 0, 4_000_000_000))
    store.close()
    return {"stored": int(rows[0][0] or 0), "lost": int(status.gauge("events_lost"))}


def in_child(work: Callable[[], object]) -> int:
    """Run `work` in a fork; its exit code, negative for a signal."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the parent must see every error
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def lines_of(paths: list[Path]) -> int:
    return sum(path.read_bytes().count(b"\n") for path in paths)


def ways_to_lose(data: Path) -> dict[str, list[Path]]:
    """What is removed: nothing, each segment that has lines, or the whole journal."""
    segments = sorted(path for path in (data / "journal").glob("*") if path.suffix in (".open", ".jsonl"))
    single = {path.name: [path] for path in segments if path.stat().st_size}
    return {"": [], **single, "journal": segments}


def run(folder: Path, step: int) -> None:
    base, acknowledged, result = folder / f"step-{step}", folder / f"acknowledged-{step}", folder / "result"
    acknowledged.touch()
    code = in_child(lambda: collect(base, acknowledged, step))
    if code != -signal.SIGKILL:
        print(json.dumps({"step": step, "ended": code == 0}), flush=True)
        return
    base.mkdir(exist_ok=True)
    for name in ways_to_lose(base):
        data = folder / f"step-{step}-without-{name}"
        shutil.copytree(base, data)
        removed = ways_to_lose(data)[name]
        facts = {"lines": lines_of(removed), "acknowledged": acknowledged.stat().st_size, "removed": name}
        for path in removed:
            path.unlink()
        if name == "journal":
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(data / "journal")
        result.unlink(missing_ok=True)
        in_child(lambda data=data: result.write_text(json.dumps(outcome(data))))  # type: ignore[misc]
        after = json.loads(result.read_text()) if result.exists() else {"failed": True}
        print(json.dumps({"step": step, "sent": ROUNDS * EVENTS, **facts, **after}), flush=True)
        shutil.rmtree(data)
    shutil.rmtree(base)


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        run(Path(sys.argv[1]), int(argument))

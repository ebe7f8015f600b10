"""A disk that fails at any step: nothing acknowledged is lost, no traceback, and a sentence names the file.

A small library, preloaded into a real collector, makes operations on some of its files fail. A file of the store that
can't be read counts as damaged (`test_damage.py`).
"""

import errno
import os
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collector.tests.app.http import ask, post
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(3600 if os.environ.get("SOAK") else 240)
SOAK = bool(os.environ.get("SOAK"))
ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "EROFS": errno.EROFS}
QUICK: dict[str, Any] = {"segment_seconds": 0.1, "disk_quota_percent": 0}
EVENTS = 20
_SOURCE = Path(__file__).with_name("disk_errors.c")


@dataclass
class FailingDisk:
    """The disk of the processes that run with `env`; their data directory is `data`."""

    folder: Path

    def __post_init__(self) -> None:
        self.data, self._control = self.folder / "data", self.folder / "errors"
        library = self.folder / "disk_errors.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE), "-ldl"], check=True)
        self.env = {"LD_PRELOAD": str(library), "DISK_ERRORS": str(self._control)}
        self.work()

    def fail(self, error: str, operations: str, part: str) -> None:
        """Let operations (`write`, `sync`, `read`) on files with this part in their path fail from now on."""
        scratch = self._control.with_suffix(".tmp")
        scratch.write_text(f"{ERRORS[error]} {operations} {self.folder}{part}")
        scratch.rename(self._control)

    def work(self) -> None:
        self._control.write_text("")

    def start(self) -> CollectorProcess:
        return start_collector(self.data, env=self.env, **QUICK)

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command on the directory. It must not show a traceback."""
        command = [sys.executable, "-m", "footfall_collector", words[0], "--data", str(self.data), *words[1:]]
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=120, env=surroundings | self.env
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return ran


@pytest.fixture
def failing(tmp_path: Path) -> FailingDisk:
    return FailingDisk(tmp_path)


def send(collector: CollectorProcess) -> int:
    """Send events: how many were acknowledged."""
    status = post(collector, batch(*[event(uuid=str(uuid.uuid4())) for _ in range(EVENTS)])).status
    assert status in (200, 503)
    return EVENTS if status == 200 else 0


def counted(collector: CollectorProcess) -> int:
    rows: list[list[Any]] = ask(collector, "GET", "/api/charts/tool-usage?range=90d").json.get("rows", [])
    return sum(row[1] for row in rows)


def check_whole(failing: FailingDisk, acknowledged: int) -> None:
    """A start on the disk that works again has every acknowledged event."""
    failing.work()
    with failing.start() as collector:
        wait_for(lambda: counted(collector) == acknowledged, "every acknowledged event", 30)
        ran = failing.run("verify")
        assert ran.returncode == 0, ran.stdout
        assert "Traceback" not in collector.output, collector.output


def cases(states: Sequence[str], *choices: Sequence[str]) -> list[tuple[str, ...]]:
    """Every error with every choice in every state; two or three of them where it is not SOAK."""
    every = [(error, *choice, state) for choice in choices for error in ERRORS for state in states]
    # A step that shares no factor with the number of errors and states reaches others each time.
    return every if SOAK else every[:: len(every) // 2 | 1]


RUNNING = cases(
    ["running"],
    ("write,sync", "/data/store/"),
    ("sync", "/data/store/"),
    ("write", "/data/store/rollups"),
    ("write", "/data/store/events"),
    ("write,sync", "/data/months.json"),
    ("write,sync", "/data/journal"),
    ("write,sync", "/data/"),
)


@pytest.mark.parametrize("case", RUNNING, ids=" ".join)
def test_a_disk_that_fails_while_events_are_loaded_and_checkpointed(
    failing: FailingDisk, case: tuple[str, ...]
) -> None:
    with failing.start() as collector:
        acknowledged = send(collector)
        wait_for(lambda: counted(collector) == acknowledged, "the first events")
        failing.fail(*case[:3])
        acknowledged += send(collector)
        # Checkpoints, in one of the ways in which an operator does.
        ran = failing.run("forget", "cluster_" + "9" * 16)
        assert ran.returncode == 0 or ran.stderr.strip(), ran
        acknowledged += send(collector)
        failing.work()
        acknowledged += send(collector)
        wait_for(lambda: counted(collector) == acknowledged, "every acknowledged event", 60)
        assert "Traceback" not in collector.output, collector.output
        failing.fail(*case[:3])
        collector.stop()
        assert "Traceback" not in collector.output, collector.output
    check_whole(failing, acknowledged)


STARTS = cases(
    ["killed", "stopped"],
    ("write", "/data/store/events"),
    ("write", "/data/store/rollups"),
    ("write,sync", "/data/store/"),
    ("write,sync", "/data/"),
    ("sync", "/data/"),
    ("write", "/data/journal"),
    ("write", "/data/clock.json"),
    ("write", "/data/lock"),
    ("write", "/data/collector.sock"),
    ("read", "/data/keys.json"),
    ("read", "/data/pepper"),
)


@pytest.mark.parametrize("case", STARTS, ids=" ".join)
def test_a_disk_that_fails_at_the_start(failing: FailingDisk, case: tuple[str, ...]) -> None:
    with failing.start() as collector:
        acknowledged = send(collector)
        wait_for(lambda: counted(collector) == acknowledged, "the events")
        # A checkpoint: the journal has these events no longer.
        assert failing.run("forget", "cluster_" + "9" * 16).returncode == 0
        acknowledged += send(collector)
        if case[3] == "killed":
            collector.kill()
    failing.fail(*case[:3])
    try:
        with failing.start() as collector:
            acknowledged += send(collector)
            assert ask(collector, "GET", "/healthz").status == 200
        output = collector.output
    except AssertionError as refused:
        output = str(refused)
        assert "ended with 1 instead" in output, output
        assert f"{failing.data}" in output.partition("\n")[2], output
    assert "Traceback" not in output, output
    check_whole(failing, acknowledged)


BACKUPS = cases(
    ["running", "stopped"],
    ("write", "/copy"),
    ("sync", "/copy"),
    ("read", "/data/journal/"),
    ("write,sync", "/data/store/"),
)


@pytest.mark.parametrize("case", BACKUPS, ids=" ".join)
def test_a_disk_that_fails_during_a_backup(failing: FailingDisk, case: tuple[str, ...]) -> None:
    with failing.start() as collector:
        acknowledged = send(collector)
        wait_for(lambda: counted(collector) == acknowledged, "the events")
        if case[3] == "stopped":
            collector.stop()
        failing.fail(*case[:3])
        ran = failing.run("backup", str(failing.folder / "copy"))
        if ran.returncode:
            assert str(failing.folder) in ran.stderr, ran.stderr
            assert not (failing.folder / "copy").exists()
        assert "Traceback" not in collector.output, collector.output
    check_whole(failing, acknowledged)
    assert failing.run("backup", str(failing.folder / "again")).returncode == 0

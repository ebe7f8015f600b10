"""Runs the real command line against real collectors and directories."""

import functools
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from collector.tests.app.http import ask, counter, post
from collector.tests.receive.shapes import batch, event
from tests.support.collector_process import CollectorProcess
from tests.support.waiting import wait_for

LEAVER, STAYER = "cluster_" + "1" * 16, "cluster_" + "2" * 16


def arguments(data: Path, *words: str) -> list[str]:
    # These have an action first.
    named = 2 if words[0] in ("keys", "tokens", "links", "segments", "annotations", "alerts") else 1
    return [sys.executable, "-m", "footfall_collector", *words[:named], "--data", str(data), *words[named:]]


def run(
    data: Path, *words: str, prefix: Sequence[str] = (), text: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, with `text` as its input; it must not show a traceback."""
    command = [*prefix, *arguments(data, *words)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, input=text)
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran


def begun(data: Path, *words: str) -> "subprocess.Popen[str]":
    """Start a command and leave it running."""
    return subprocess.Popen(arguments(data, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def refused(data: Path, *words: str, prefix: Sequence[str] = ()) -> str:
    """The error of a command that must fail."""
    ran = run(data, *words, prefix=prefix)
    assert ran.returncode == 1, (ran.stdout, ran.stderr)
    return ran.stderr


def done(data: Path, *words: str) -> str:
    """The output of a command that must succeed."""
    ran = run(data, *words)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def give(collector: CollectorProcess, *events: dict[str, Any]) -> list[str]:
    """Send events and wait until they are stored; their uuids."""
    before = counter(collector, "events_stored")
    assert post(collector, batch(*events)).status == 200
    wait_for(lambda: counter(collector, "events_stored") == before + len(events), "the events")
    return [one["uuid"] for one in events]


def calls(collector: CollectorProcess) -> int:
    rows: list[list[Any]] = ask(collector, "GET", "/api/charts/tool-usage?range=90d").json["rows"]
    return sum(row[1] for row in rows)


def stored(data: Path) -> Counter[str]:
    """How often each uuid is in the month files, which are read without the collector's code."""
    found: Counter[str] = Counter()
    for path in (data / "store").glob("events-*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as connection:
            found.update(name for (name,) in connection.execute("SELECT uuid::VARCHAR FROM events").fetchall())
    return found


class Stopped:
    """A collector that is stopped by a signal, so that a command waits for it."""

    def __init__(self, collector: CollectorProcess) -> None:
        self.collector = collector

    def __enter__(self) -> None:
        self.collector.process.send_signal(signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        self.collector.process.send_signal(signal.SIGCONT)


some_event = functools.partial(event, distinct_id=STAYER)

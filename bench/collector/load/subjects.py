"""The two measured servers, each in a separate process, and what is observed of them from outside."""

import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.collector.load.processes import cpu_seconds, most_memory
from bench.results import ROOT

START_SECONDS = 60.0
LOAD_SECONDS = 120.0
_COUNTER = re.compile(rb"^footfall_(events_\w+)_total(?:\{[^}]*\})? (\d+)$", re.MULTILINE)
_ADDRESS = re.compile(r"listening on http://127\.0\.0\.1:(\d+)|^(\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Subject:
    """A server on a port of loopback."""

    name: str
    port: int
    pid: int

    def counters(self) -> dict[str, int]:
        """The collector's counters of events, by name, from its `/metrics`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            found: dict[str, int] = {}
            for name, number in _COUNTER.findall(answer.read()):
                found[name.decode()] = found.get(name.decode(), 0) + int(number)
            return found

    def stored(self) -> int:
        """Events that the store has taken or known, since the start."""
        counters = self.counters()
        return counters.get("events_stored", 0) + counters.get("events_known", 0)

    def most_memory(self) -> float:
        """The largest resident size so far, in MiB; see `processes`."""
        return most_memory(self.pid)

    def cpu(self) -> float:
        """Seconds of CPU so far, user and system; see `processes`."""
        return cpu_seconds(self.pid)

    def caught_up(self) -> float:
        """Wait until the store has every accepted event; the seconds it took. SystemExit where it never does."""
        began = time.monotonic()
        while self.counters().get("events_accepted", 0) > self.stored():
            if time.monotonic() - began > LOAD_SECONDS:
                raise SystemExit(f"ingest: the store has not caught up within {LOAD_SECONDS:g} s")
            time.sleep(0.1)
        return time.monotonic() - began


@contextmanager
def bare() -> Iterator[Subject]:
    """The application that only uncompresses and parses."""
    with _process("bare", [sys.executable, "-m", "bench.collector.load.bare"]) as subject:
        yield subject


@contextmanager
def collector(data: Path) -> Iterator[Subject]:
    """The collector with its default settings, on an empty directory."""
    command = [sys.executable, "-m", "footfall_collector", "serve", "--data", str(data), "--port", "0"]
    with _process("collector", command) as subject:
        yield subject


@contextmanager
def _process(name: str, command: list[str]) -> Iterator[Subject]:
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        timer = threading.Timer(START_SECONDS, process.kill)
        timer.start()
        port = next((found for found in map(_ADDRESS.search, process.stdout) if found), None)
        timer.cancel()
        if port is None:
            raise SystemExit(f"ingest: the {name} did not start")
        yield Subject(name, int(port[1] or port[2]), process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=LOAD_SECONDS)


class Watch:
    """Looks every `interval` seconds at how much the store has: `seen` gets (monotonic time, events)."""

    def __init__(self, subject: Subject, interval: float = 0.1) -> None:
        self.seen: list[tuple[float, int]] = []
        self._subject, self._interval = subject, interval
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._interval):
            self.seen.append((time.monotonic(), self._subject.stored()))


def lags(acknowledged: list[tuple[float, int]], seen: list[tuple[float, int]]) -> list[float]:
    """The store's lag at each moment of `seen`, in seconds.

    `acknowledged` and `seen` pair a moment with the number of events acknowledged or stored by then. The lag is the
    time since the acknowledgement of the first event that is not yet stored.
    """
    found = []
    position = 0
    for moment, stored in seen:
        while position < len(acknowledged) and acknowledged[position][1] <= stored:
            position += 1
        waiting = position < len(acknowledged) and acknowledged[position][0] < moment
        found.append(moment - acknowledged[position][0] if waiting else 0.0)
    return found

"""A real collector over a filled store: chart times while events arrive, and the lag from acknowledgement to chart.

The collector runs on a copy of the store. Everything goes over HTTP on loopback: a separate process posts gzip batches
of 100 events at a steady rate.
"""

import gzip
import http.client
import json
import multiprocessing
import os
import shutil
import statistics
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from footfall_collector.answer.charts import CHARTS
from tests.oracle.fleet import Fleet, wire_event
from tests.support.collector_process import CollectorProcess, start_collector

RATE, SECONDS = 10_000, 30
_BATCH = 100
_IDLE_PROBES = 10
_KEY = "phc_bench"
PEPPER = "of a store that was filled without a collector"
_GIVE_UP = 60.0


def live(data: Path, scratch: Path, rate: int = RATE, seconds: int = SECONDS) -> dict[str, Any]:
    """Measure a collector on a copy of the store, idle and under load."""
    copy = scratch / "live"
    shutil.copytree(data / "store", copy / "store")
    try:
        with start_collector(copy, {"FOOTFALL_PEPPER": PEPPER}) as collector:
            requests = _ChartRequests(collector)
            _post(collector.port, _probe_body("8.0.0"))
            idle = [_until_shown(collector, f"8.1.{n}") for n in range(_IDLE_PROBES)]
            requests.round()
            alone = [requests.round() for _ in range(5)]
            loaded = _under_load(collector, requests, rate, seconds)
            return {
                "idle_shown_s": _spread(idle),
                "idle_dashboard_ms": round(statistics.median(alone) * 1e3),
                **loaded,
                "collector_rss_mib": _peak_rss(collector.pid),
            }
    finally:
        shutil.rmtree(copy)


def _under_load(collector: CollectorProcess, requests: "_ChartRequests", rate: int, seconds: int) -> dict[str, Any]:
    spawn = multiprocessing.get_context("spawn")
    ready, result = spawn.Event(), spawn.SimpleQueue()
    sender = spawn.Process(target=_send, args=(collector.port, rate, seconds, ready, result))
    sender.start()
    ready.wait(_GIVE_UP * 5)
    over = threading.Event()
    rounds: list[float] = []
    shown: list[float] = []

    def ask() -> None:
        while not over.is_set():
            rounds.append(requests.round())

    asker = threading.Thread(target=ask)
    asker.start()
    number = 0
    while sender.is_alive():
        shown.append(_until_shown(collector, f"8.2.{number}"))
        number += 1
        sender.join(0.2)
    over.set()
    asker.join()
    sent, took, slowest = result.get()
    sender.join()
    return {
        "events_per_second": round(sent / took),
        "slowest_answer_ms": round(slowest * 1e3),
        "shown_s": _spread(shown),
        "dashboard_ms": [round(statistics.median(rounds) * 1e3), round(max(rounds) * 1e3)],
        "rounds": len(rounds),
    }


def _send(port: int, rate: int, seconds: int, ready: Any, result: Any) -> None:
    """Post for some seconds at a steady rate. Puts (events, seconds, the slowest answer's seconds) into `result`."""
    bodies = _bodies(rate * seconds // _BATCH)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_GIVE_UP)
    ready.set()
    began, slowest = time.monotonic(), 0.0
    for number, body in enumerate(bodies):
        due = began + number * _BATCH / rate
        time.sleep(max(0.0, due - time.monotonic()))
        started = time.monotonic()
        _post(port, body, connection)
        slowest = max(slowest, time.monotonic() - started)
    result.put((len(bodies) * _BATCH, time.monotonic() - began, slowest))


def _bodies(count: int) -> list[bytes]:
    """Batches of a busy fleet's events, stamped now, each with another UUID."""
    events = Fleet(instances=20_000, days=2, seed=7, busy=4).events()
    bodies = []
    for _ in range(count):
        batch: list[dict[str, Any]] = []
        while len(batch) < _BATCH:
            event = wire_event(next(events))
            batch.append(event | {"uuid": str(uuid.uuid4()), "timestamp": _now()})
        bodies.append(gzip.compress(json.dumps({"api_key": _KEY, "batch": batch}).encode(), 1))
    return bodies


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _probe_body(version: str) -> bytes:
    event = {
        "event": "tool_executed",
        "uuid": str(uuid.uuid4()),
        "distinct_id": "cluster_00000000000000aa",
        "timestamp": _now(),
        "properties": {"tool": "version", "success": True, "duration_ms": 1, "dot_ai_version": version},
    }
    return gzip.compress(json.dumps({"api_key": _KEY, "batch": [event]}).encode())


def _post(port: int, body: bytes, connection: http.client.HTTPConnection | None = None) -> None:
    used = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=_GIVE_UP)
    used.request("POST", "/batch/", body, {"Content-Type": "application/json", "Content-Encoding": "gzip"})
    answer = used.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise SystemExit(f"store: the collector answers {answer.status}: {text!r}")


def _until_shown(collector: CollectorProcess, version: str) -> float:
    """Seconds from an event's acknowledgement until a chart shows it; the event has a version that no other has."""
    _post(collector.port, _probe_body(version))
    acknowledged = time.monotonic()
    while time.monotonic() < acknowledged + _GIVE_UP:
        if _get(collector, f"/api/charts/events?range=7d&internal=all&version={version}")["rows"]:
            return time.monotonic() - acknowledged
        time.sleep(0.02)
    raise SystemExit(f"store: an acknowledged event is in no chart after {_GIVE_UP:g} s")


def _get(collector: CollectorProcess, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=_GIVE_UP)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"store: {path} answers {answer.status}: {text!r}")
        return json.loads(text)
    finally:
        connection.close()


@dataclass
class _ChartRequests:
    """Requests all charts over 90 days, one after the other."""

    collector: CollectorProcess
    names: list[str] = field(default_factory=lambda: [spec.id for spec in CHARTS])

    def round(self) -> float:
        """Seconds for all charts."""
        began = time.monotonic()
        for name in self.names:
            _get(self.collector, f"/api/charts/{name}?range=90d")
        return time.monotonic() - began


def _spread(seconds: list[float]) -> list[float]:
    """The median and the maximum."""
    return [round(statistics.median(seconds), 2), round(max(seconds), 2)]


def _peak_rss(pid: int) -> int:
    """MiB, the peak of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        [line] = [line for line in file if line.startswith("VmHWM")]
    return int(line.split()[1]) >> 10


def free_bytes(path: Path) -> int:
    """The free bytes on a path's disk."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize

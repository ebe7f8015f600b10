"""The measurements of a store, each step in a separate process, so that its memory and CPU are measured alone.

A small disk can't hold both a big store and its journal, so the segments are made day by day while they are loaded,
and the loader deletes settled segments, as it does in a running collector.
"""

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.store.journals import CATALOGUES, Base, Copies, report_progress, write_day
from footfall_collector.answer import Answers, Filters
from footfall_collector.answer.charts import CHARTS
from footfall_collector.runtime.status import Status
from footfall_collector.store import EventSelection
from footfall_collector.store.duckdb.store import DuckStore
from footfall_collector.store.loader import Loader
from tests.oracle.fleet import Fleet

WARM = 5
_SEGMENTS_A_DAY = 10_000
_ALL_EVENTS, _END_OF_TIME = "SELECT sum(n) FROM event_counts", 4_000_000_000


def load(
    data: Path, base: Base, copies: Copies, memory: str, threads: int, days: tuple[int, int] = (0, 0)
) -> dict[str, Any]:
    """Make the segments of some days (of all, if both are 0) and load them as a running collector does.

    Time and CPU are those of loading alone; another process makes the segments.
    """
    journal = data / "journal"
    journal.mkdir(parents=True, exist_ok=True)
    began, took, cpu, events = time.monotonic(), 0.0, time.process_time(), 0
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as maker:
        store = DuckStore(data, CATALOGUES, memory, threads)
        loader = Loader(store, journal, Status())
        for number, day in list(enumerate(base.days, 1))[days[0] : days[1] or None]:
            made = maker.submit(write_day, day, copies, journal, number * _SEGMENTS_A_DAY)
            fresh, seconds = _load_while(loader, made)
            events, took = events + fresh, took + seconds
            report_progress(f"{day.name}: {events:,} events after {time.monotonic() - began:,.0f} s")
        took += _seconds(loader.checkpoint)
        cpu = time.process_time() - cpu
        [[total]] = store.query(_ALL_EVENTS, EventSelection("dot-ai", 0, _END_OF_TIME))
        store.close()
    return {
        "events": int(total),
        "loaded_events": events,
        "load_seconds": round(took, 1),
        "events_per_second": round(events / took),
        "cpu_us_per_event": round(cpu / events * 1e6, 2),
        "load_rss_mib": _max_rss(),
        **sizes(data, int(total)),
    }


def _load_while(loader: Loader, made: "Future[int]") -> tuple[int, float]:
    """Load until a day is made and loaded: (new events, seconds of loading)."""
    events, took = 0, 0.0
    while True:
        complete = made.done()
        began = time.monotonic()
        fresh = loader.run_once()
        took += time.monotonic() - began if fresh else 0.0
        events += fresh
        if complete:
            made.result()
            return events, took
        wait([made], timeout=0.1)


def sizes(data: Path, events: int) -> dict[str, Any]:
    """The sizes of a checkpointed store."""
    files = {path.name: path.stat().st_size for path in (data / "store").glob("*.duckdb")}
    return {
        "bytes": sum(files.values()),
        "bytes_per_event": round(sum(files.values()) / events, 1),
        "rollup_bytes": files["rollups.duckdb"],
        "rollup_bytes_per_event": round(files["rollups.duckdb"] / events, 1),
    }


def ask(data: Path, memory: str, threads: int) -> dict[str, Any]:
    """Times of every chart over 90 days and over 24 hours: the first, and the median of five more."""
    began = time.monotonic()
    store = DuckStore(data, CATALOGUES, memory, threads)
    found: dict[str, Any] = {"open_ms": round((time.monotonic() - began) * 1e3)}
    answers = Answers(store, CATALOGUES)
    everything = Filters.parse({"range": "all", "internal": "all"}, _now(), CATALOGUES)
    found["instances"] = answers.summary(everything).rows[0][2]
    for span in ("90d", "24h"):
        filters = Filters.parse({"range": span, "internal": "hide"}, _now(), CATALOGUES)
        cold = {spec.id: _seconds(_asking(store, answers, spec.id, filters)) for spec in CHARTS}
        warm = {
            spec.id: statistics.median(_seconds(_asking(store, answers, spec.id, filters)) for _ in range(WARM))
            for spec in CHARTS
        }
        found[span] = {name: [round(cold[name] * 1e3, 1), round(warm[name] * 1e3, 1)] for name in cold}
        found[f"dashboard_{span}_ms"] = [round(sum(times.values()) * 1e3) for times in (cold, warm)]
    found["ask_rss_mib"] = _max_rss()
    store.close()
    return found


def rows(data: Path, memory: str, threads: int) -> dict[str, list[list[Any]]]:
    """Every chart's rows over 90 days, to compare with other engines."""
    store = DuckStore(data, CATALOGUES, memory, threads)
    answers = Answers(store, CATALOGUES)
    filters = Filters.parse({"range": "90d", "internal": "hide"}, _now(), CATALOGUES)
    found = {spec.id: answers.chart(spec.id, filters).rows for spec in CHARTS}
    store.close()
    return found


def _asking(store: DuckStore, answers: Answers, chart: str, filters: Filters) -> Callable[[], object]:
    # Not `answers` itself: it would return what it has kept.
    fresh = Answers(store, CATALOGUES, value_caps=answers.value_caps)
    return lambda: fresh.chart(chart, filters)


def _now() -> datetime:
    """The fleet's last second, so that a chart's 90 days are the fleet's."""
    return datetime.fromtimestamp(Fleet.end - 1, UTC)


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _max_rss() -> int:
    """MiB, of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

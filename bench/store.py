"""How fast the store loads and how fast every chart answers, over a generated fleet.

Journal segments are made as the collector makes them, in the order in which requests come in; then a process loads
them and ends; then another one asks every chart for the first time (cold but for the operating system's cache) and
again (warm). Each step is a process of its own, so that its memory and CPU are its own.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import msgspec

from bench.fleet import Fleet
from bench.world import DAY
from footfall.catalogue import catalogue_for
from footfall_collector.admit import Admission
from footfall_collector.answer import Answers, Filters
from footfall_collector.answer.charts import CHARTS
from footfall_collector.status import Status
from footfall_collector.store.duckdb import DuckStore
from footfall_collector.store.loader import Loader

CATALOGUES = {"dot-ai": catalogue_for("dot-ai")}
SEGMENT_BYTES = 8 << 20
WORKERS = 2
WARM = 5
EVENTS_PER_INSTANCE_DAY = 2.6
"""Of a fleet that is not `busy`, measured; it only helps to hit the number of events that is asked for."""


def make_journal(data: Path, fleet: Fleet) -> int:
    """Write DATA/journal; returns how many lines it has, repeated ones included."""
    with tempfile.TemporaryDirectory(dir=data) as scratch, ProcessPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(_write_days, fleet, worker, Path(scratch)) for worker in range(WORKERS)]
        lines = sum(job.result() for job in jobs)
        journal = data / "journal"
        journal.mkdir()
        sequence, segment = 1, b""
        for day in sorted(Path(scratch).iterdir()):
            for line_block in _blocks(day):
                segment += line_block
                if len(segment) >= SEGMENT_BYTES:
                    (journal / f"{sequence:012d}.jsonl").write_bytes(segment)
                    sequence, segment = sequence + 1, b""
        (journal / f"{sequence:012d}.jsonl").write_bytes(segment)
    return lines


def _write_days(fleet: Fleet, worker: int, scratch: Path) -> int:
    """One worker's share of the instances, as journal lines in one file per day of receipt."""
    admission = Admission(CATALOGUES, b"0123456789abcdef0123456789abcdef")
    lines = 0
    waiting: dict[int, list[bytes]] = {}
    for n, request in enumerate(fleet.sent(range(worker, fleet.instances, WORKERS))):
        raw = [msgspec.Raw(msgspec.json.encode(event)) for event in request.wire()]
        admitted = admission.admit("dot-ai", raw, float(request.received), request.sent_at)
        lines += admitted.accepted
        waiting.setdefault(request.received // DAY, []).append(admitted.lines)
        if n % 20_000 == 0:
            _flush(waiting, worker, scratch)
    _flush(waiting, worker, scratch)
    return lines


def _flush(waiting: dict[int, list[bytes]], worker: int, scratch: Path) -> None:
    for day, blocks in waiting.items():
        with open(scratch / f"{day}-{worker}", "ab") as file:
            file.write(b"".join(blocks))
    waiting.clear()


def _blocks(path: Path) -> list[bytes]:
    """A file in blocks of whole lines, about a mebibyte each."""
    content, blocks, start = path.read_bytes(), [], 0
    while start < len(content):
        end = content.find(b"\n", min(start + (1 << 20), len(content) - 1)) + 1
        blocks.append(content[start:end])
        start = end
    return blocks


def load(data: Path, memory: str, threads: int) -> dict[str, Any]:
    """Load the journal as the running collector does."""
    store = DuckStore(data, CATALOGUES, memory, threads)
    loader = Loader(store, data / "journal", Status())
    began, cpu = time.monotonic(), time.process_time()
    events = loader.run_once()
    loader.settle()
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    store.close()
    size = {path.name: path.stat().st_size for path in (data / "store").glob("*.duckdb")}
    return {
        "events": events,
        "events_per_second": round(events / took),
        "cpu_us_per_event": round(cpu / events * 1e6, 2),
        "bytes_per_event": round(sum(size.values()) / events, 1),
        "rollup_bytes_per_event": round(size["rollups.duckdb"] / events, 1),
        "max_rss_mib": _max_rss(),
    }


def ask(data: Path, memory: str, threads: int, end: int) -> dict[str, Any]:
    """Every chart over 90 days: the first time, then the median of five more; and over the last 24 hours."""
    began = time.monotonic()
    store = DuckStore(data, CATALOGUES, memory, threads)
    opened = time.monotonic() - began
    answers = Answers(store, CATALOGUES)
    now = datetime.fromtimestamp(end - 1, UTC)
    found: dict[str, Any] = {"open_ms": round(opened * 1e3)}
    for span in ("90d", "24h"):
        filters = Filters.parse({"range": span, "internal": "hide"}, now, CATALOGUES)
        cold, warm = {}, {}
        for spec in CHARTS:
            cold[spec.id] = _seconds(lambda s=spec, f=filters: answers.chart(s.id, f))  # type: ignore[misc]
        for spec in CHARTS:
            times = [_seconds(lambda s=spec, f=filters: answers.chart(s.id, f)) for _ in range(WARM)]  # type: ignore[misc]
            warm[spec.id] = statistics.median(times)
        found[span] = {name: [round(cold[name] * 1e3, 1), round(warm[name] * 1e3, 1)] for name in cold}
        found[f"dashboard_{span}_ms"] = [round(sum(cold.values()) * 1e3), round(sum(warm.values()) * 1e3)]
    found["max_rss_mib"] = _max_rss()
    store.close()
    return found


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _max_rss() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _step(data: Path, *arguments: str) -> dict[str, Any]:
    """One step in a process of its own."""
    command = [sys.executable, os.path.abspath(__file__), "--data", str(data), *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"store: {' '.join(arguments)} failed:\n{ran.stderr}")
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def report(loaded: dict[str, Any], asked: dict[str, Any]) -> str:
    """Both steps as Markdown."""
    lines = [
        f"| events | {loaded['events']:,} |",
        "|---|---:|",
        f"| loaded per second | {loaded['events_per_second']:,} |",
        f"| CPU per event, loading | {loaded['cpu_us_per_event']} µs |",
        f"| bytes per event, rollups included | {loaded['bytes_per_event']} |",
        f"| of which rollups | {loaded['rollup_bytes_per_event']} |",
        f"| largest resident size, loading | {loaded['max_rss_mib']} MiB |",
        f"| opening the store | {asked['open_ms']} ms |",
        f"| all 14 charts over 90 days, first / again | {' / '.join(map(str, asked['dashboard_90d_ms']))} ms |",
        f"| all 14 charts over 24 hours, first / again | {' / '.join(map(str, asked['dashboard_24h_ms']))} ms |",
        f"| largest resident size, asking | {asked['max_rss_mib']} MiB |",
        "",
        "| chart | 90 days, first / again (ms) | 24 hours, first / again (ms) |",
        "|---|---:|---:|",
    ]
    for name, (cold, warm) in asked["90d"].items():
        day_cold, day_warm = asked["24h"][name]
        lines.append(f"| {name} | {cold} / {warm} | {day_cold} / {day_warm} |")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="store.py",
        description="Measures loading and all charts over a generated fleet of 90 days.",
        epilog="example:\n  python bench/store.py --events 1000000 --data /var/tmp/bench",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="about how many [1000000]")
    parser.add_argument("--instances", type=int, default=5000, help="how many [5000]")
    parser.add_argument("--data", type=Path, help="directory to use and keep; a store that is there is asked as it is")
    parser.add_argument("--memory", default="256MB", help="the engine's memory limit [256MB]")
    parser.add_argument("--threads", type=int, default=2, help="the engine's threads [2]")
    parser.add_argument("--step", choices=("load", "ask"), help=argparse.SUPPRESS)
    return parser


def measure(options: argparse.Namespace, data: Path) -> str:
    """Make what is missing, then run the steps."""
    days = 90
    fleet = Fleet(options.instances, days, busy=options.events / options.instances / days / EVENTS_PER_INSTANCE_DAY)
    engine = ("--memory", options.memory, "--threads", str(options.threads))
    remembered = data / "loaded.json"
    if not remembered.exists():
        print(f"making the journal of {fleet.instances} instances …", file=sys.stderr)
        lines = make_journal(data, fleet)
        print(f"loading {lines} lines …", file=sys.stderr)
        remembered.write_text(json.dumps(_step(data, "--step", "load", *engine)))
    return report(json.loads(remembered.read_text()), _step(data, "--step", "ask", *engine))


def main() -> int:
    """See `--help`."""
    options = _parser().parse_args()
    if options.step == "load":
        print(json.dumps(load(options.data, options.memory, options.threads)))
    elif options.step == "ask":
        print(json.dumps(ask(options.data, options.memory, options.threads, Fleet.end)))
    elif options.data:
        options.data.mkdir(parents=True, exist_ok=True)
        print(measure(options, options.data))
    else:
        with tempfile.TemporaryDirectory() as data:
            print(measure(options, Path(data)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

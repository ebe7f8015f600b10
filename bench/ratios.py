"""The ratios of what each stage costs to its limit, or to a peer's: both are measured in turn, in one run."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.client.overhead.cases import Case
from bench.client.overhead.sink import Sink
from bench.client.senders.place import ONE_WRITE, Place, Sender
from bench.client.tool_call_overhead import measure as measured_case
from bench.collector.ingest import SIZES, Bench
from bench.collector.load.subjects import bare, collector
from bench.results import ROOT

SCRATCH = ROOT / ".artefacts"
"""On the same disk as the repository: a directory for temporary files may be memory."""
HOOK_AND_WRITE, OURS = "hook-and-write", "footfall"
CAPTURES, DELIVERED = 4000, 20_000

Figures = Mapping[str, float]
"""Ratios, and MiB of memory, by their short names."""


def json_of(*module: str) -> dict[str, Any]:
    """What a measurement in a process of its own prints."""
    done = subprocess.run([sys.executable, "-m", *module], cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def record_ratios() -> Figures:
    """`record` and `call`, a finished tool call: beside one write of the same line."""
    took = json_of("bench.client.record_beside_write")
    return {name: took[name] / took["write"] for name in ("record", "call")}


def page_ratio(data: Path) -> Figures:
    """`charts`, an unfiltered page of questions over a filled store, asked again: beside the same from raw events."""
    took = json_of("bench.store.questions", "--ratio", "--data", str(data.resolve()))
    return {"charts": took["again"] / took["raw"]}


def call_ratios(rows: Sequence[tuple[Case, ...]], calls: int, rounds: int = 1) -> Figures:
    """By SDK and era, what is added to a tool call, beside a hook that writes one line."""
    added: dict[tuple[str, str], list[float]] = defaultdict(list)
    with Sink() as sink:
        for _ in range(rounds):
            for case in (case for row in rows for case in row if case.subject in (HOOK_AND_WRITE, OURS)):
                added[f"{case.sdk} {case.era}", case.subject].append(measured_case(case, calls, sink)[0]["over"][1])
    names = {name for name, _ in added}
    return {
        name: statistics.median(added[name, OURS]) / statistics.median(added[name, HOOK_AND_WRITE]) for name in names
    }


def sending_ratios() -> Figures:
    """`p99`, of record() while sending beside its median, and `write p99`, of one bare write in the same bursts.

    `cpu` and `start` are beside posthog-python.
    """
    with Place() as place, tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:

        def said(name: str, mode: str, *count: int) -> Figures:
            where = Path(scratch) / f"{name}-{mode}"
            return Sender(name, place.url, where.name, where, mode, *map(str, count)).result()

        peer = "posthog-python"
        calls, writes = (said(name, "latency", CAPTURES) for name in (OURS, ONE_WRITE))
        cpu = [said(name, "deliver", DELIVERED)["cpu"] for name in (OURS, peer)]
        # The first start of each is not counted: its files are not in memory yet.
        starts = [[said(name, "start")["milliseconds"] for name in (OURS, peer)] for _ in range(3)][1:]
    started = [statistics.median(times) for times in zip(*starts, strict=True)]
    slowest = {"p99": calls["p99"] / calls["p50"], "write p99": writes["p99"] / writes["p50"]}
    return {**slowest, "cpu": cpu[0] / cpu[1], "start": started[0] / started[1]}


def ingestion_figures(seconds: int) -> Figures:
    """`batches` and `single`, acknowledged, and `cpu batches`: beside the bare application; memory at `rest`, and most.

    Each server is measured for so many seconds. SystemExit where a request failed.
    """
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch, ExitStack() as stack:
        subjects = {
            "bare": stack.enter_context(bare()),
            "collector": stack.enter_context(collector(Path(scratch) / "data")),
        }
        at_rest = subjects["collector"].most_memory()
        bench = Bench(Path(scratch), subjects, 1, seconds)
        bench.full_speed()
        most = subjects["collector"].most_memory()
    found = {name: bench.rates[f"collector {name}"][0] / bench.rates[f"bare {name}"][0] for name in SIZES}
    cpu = bench.cpu["collector batches"][0] / bench.cpu["bare batches"][0]
    return {**found, "cpu batches": cpu, "rest": at_rest, "memory": most}


def load_ratio(events: int) -> Figures:
    """`load`, the loader's events a second, beside DuckDB's own reading of the same lines."""
    rates = json_of("bench.store.loading_beside_read", str(events))
    return {"load": statistics.median(rates["loader"]) / statistics.median(rates["read_json"])}

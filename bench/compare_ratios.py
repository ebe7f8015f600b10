"""Ratios in three minutes, compared with the committed ones: what got worse by more than 15 % is listed.

python bench/compare_ratios.py            measure and compare with bench/ratios.json
python bench/compare_ratios.py --write    and put the measured ratios there

Each ratio is of two things measured in turn in one run, so it holds on any machine; one that is busy makes it noisy.
The exit code is 0 whatever comes out: this informs, and `make bench` decides.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench.client.overhead.cases import ERAS, Case
from bench.client.overhead.sink import Sink
from bench.client.tool_call_overhead import measure as measured_case
from bench.collector.shares import shares
from bench.results import ROOT
from bench.yardsticks import measured as measured_yardsticks
from scripts.setup.find_program import provided

RATIOS = ROOT / "bench/ratios.json"
WORSE = 0.15
CALLS, CASE_ROUNDS, EVENTS, SECONDS = 300, 3, 40_000, 2
LOWER, HIGHER = "lower", "higher"
"""Which ratio is better."""


def record_ratios() -> Iterator[tuple[str, float, str]]:
    """record() and a finished tool call beside one write."""
    took = json_of("bench.client.record_beside_write")
    yield "record() : one write", took["record"] / took["write"], LOWER
    yield "a finished tool call : one write", took["call"] / took["write"], LOWER


def call_ratios() -> Iterator[tuple[str, float, str]]:
    """What is added to a tool call on mcp 2, beside a hook that writes one line."""
    with Sink() as sink:
        for era in ERAS:
            added: dict[str, list[float]] = {"hook-and-write": [], "footfall": []}
            for _ in range(CASE_ROUNDS):
                for subject, rounds in added.items():
                    found, _ = measured_case(Case("", "mcp2", era, subject), CALLS, sink)
                    rounds.append(found["over"][1])
            ours, least = (statistics.median(added[name]) for name in ("footfall", "hook-and-write"))
            yield f"tool call on mcp 2, {era} : hook and write", ours / least, LOWER


def ingest_ratios() -> Iterator[tuple[str, float, str]]:
    """Acknowledged events a second beside the bare application's."""
    for name, share in shares(SECONDS).items():
        yield f"ingestion, {name} : bare application", share, HIGHER


def load_ratios() -> Iterator[tuple[str, float, str]]:
    """The loader beside DuckDB's own reading of the same lines."""
    rates = json_of("bench.store.loading_beside_read", str(EVENTS))
    yield "loader : read_json", statistics.median(rates["loader"]) / statistics.median(rates["read_json"]), HIGHER


MEASUREMENTS: tuple[Callable[[], Iterator[tuple[str, float, str]]], ...] = (
    record_ratios,
    call_ratios,
    ingest_ratios,
    load_ratios,
)


def json_of(*module: str) -> dict[str, Any]:
    """What a measurement in a process of its own prints."""
    done = subprocess.run([sys.executable, "-m", *module], cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compared(measured: dict[str, tuple[float, str]], committed: dict[str, float]) -> list[str]:
    """A line for each ratio, and one that counts those that got worse."""
    lines, worse = [], 0
    for name, (ratio, better) in measured.items():
        before = committed.get(name)
        change = (ratio / before - 1) * (1 if better == LOWER else -1) if before else 0.0
        said = "new" if before is None else f"{before:.2f} before"
        if change > WORSE:
            worse += 1
            said += f", WORSE by {change:.0%}"
        lines.append(f"{name:56} {ratio:6.2f}  ({better} is better; {said})")
    return [*lines, f"{worse} of {len(measured)} ratios got worse by more than {WORSE:.0%}."]


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="commit the measured ratios to bench/ratios.json")
    options = parser.parse_args()
    if not provided("wrk"):
        return 1
    (ROOT / ".artefacts").mkdir(exist_ok=True)
    print(measured_yardsticks(ROOT / ".artefacts").sentence(), flush=True)
    measured: dict[str, tuple[float, str]] = {}
    for number, measurement in enumerate(MEASUREMENTS, 1):
        print(
            f"{number} of {len(MEASUREMENTS)}: {(measurement.__doc__ or '').rstrip('.')} …", file=sys.stderr, flush=True
        )
        measured |= {name: (ratio, better) for name, ratio, better in measurement()}
    committed: dict[str, float] = json.loads(RATIOS.read_text(encoding="utf-8")) if RATIOS.exists() else {}
    print("\n".join(compared(measured, committed)))
    if options.write:
        text = json.dumps({name: round(ratio, 3) for name, (ratio, _) in measured.items()}, indent=2)
        RATIOS.write_text(f"{text}\n", encoding="utf-8")
        print(f"written to {Path(RATIOS).relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

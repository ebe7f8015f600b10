"""Ratios in three minutes, compared with the committed ones: what got worse by more than 15 % is listed.

python bench/compare_ratios.py            measure and compare with bench/ratios.json
python bench/compare_ratios.py --write    and put the measured ratios there

Each ratio is of two things measured in turn in one run, so it holds on any machine; one that is busy makes it noisy.
The exit code is 0 whatever comes out: this informs, and `make bench` decides.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench.client.overhead.cases import SDK_CASES
from bench.ratios import SCRATCH, Figures, call_ratios, ingestion_figures, load_ratio, record_ratios
from bench.results import ROOT
from bench.yardsticks import measured as measured_yardsticks
from scripts.setup.find_program import provided

RATIOS = ROOT / "bench/ratios.json"
WORSE = 0.15
CALLS, CASE_ROUNDS, EVENTS, SECONDS = 300, 3, 40_000, 2
LOWER, HIGHER = "lower", "higher"
"""Which ratio is better."""


NAMES = {
    "record": ("record() : one write", LOWER),
    "call": ("a finished tool call : one write", LOWER),
    "mcp2 2026-07-28": ("tool call on mcp 2, 2026-07-28 : hook and write", LOWER),
    "mcp2 initialize": ("tool call on mcp 2, initialize : hook and write", LOWER),
    "batches": ("ingestion, batches : bare application", HIGHER),
    "single": ("ingestion, single : bare application", HIGHER),
    "load": ("loader : read_json", HIGHER),
}
"""What is compared, of all that is measured."""
MEASUREMENTS: tuple[Callable[[], Figures], ...] = (
    record_ratios,
    lambda: call_ratios([row for row in SDK_CASES if row[0].sdk == "mcp2"], CALLS, CASE_ROUNDS),
    lambda: ingestion_figures(SECONDS),
    lambda: load_ratio(EVENTS),
)


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
    SCRATCH.mkdir(exist_ok=True)
    print(measured_yardsticks(SCRATCH).sentence(), flush=True)
    measured: dict[str, tuple[float, str]] = {}
    for number, measurement in enumerate(MEASUREMENTS, 1):
        print(f"{number} of {len(MEASUREMENTS)} …", file=sys.stderr, flush=True)
        figures = measurement()
        measured |= {title: (figures[name], better) for name, (title, better) in NAMES.items() if name in figures}
    committed: dict[str, float] = json.loads(RATIOS.read_text(encoding="utf-8")) if RATIOS.exists() else {}
    print("\n".join(compared(measured, committed)))
    if options.write:
        text = json.dumps({name: round(ratio, 3) for name, (ratio, _) in measured.items()}, indent=2)
        RATIOS.write_text(f"{text}\n", encoding="utf-8")
        print(f"written to {Path(RATIOS).relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

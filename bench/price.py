"""What each stage costs beside its limit, as ratios: this tree's packages and those of another checkout, in turn.

python bench/price.py                                about ten minutes; writes bench/RESULTS.md
python bench/price.py --before ../earlier            and the same for the packages of a checkout of an earlier commit
python bench/price.py --data DIR/100m                and pages of charts over a store as bench/store/store.py keeps it
python bench/price.py --rounds 1 --seconds 2 --dry   a quick look, nothing written

The other checkout needs no environment: its packages run in this one's. All programs that measure are this tree's.
"""

import argparse
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench.client.overhead.cases import SDK_CASES
from bench.ratios import (
    SCRATCH,
    Figures,
    call_ratios,
    ingestion_figures,
    load_ratio,
    page_ratio,
    record_ratios,
    sending_ratios,
)
from bench.results import NOT_MEASURED, Section, publish, table, versions
from scripts.setup import sdk_env
from scripts.setup.find_program import provided

CALLS, LOADED = 1000, 100_000
NOW, BEFORE = "now", "before"


class Row(NamedTuple):
    """One line of the table: `key` is what a measurement calls it; a bar is the most, or the least, that it may be."""

    key: str
    title: str
    beside: str
    bar: float
    aim: float
    form: str = "{:.2f}"
    is_least: bool = False


ROWS = (
    Row("batches", "batches of 100, acknowledged", "the bare application", 0.5, 0.65, "{:.0%}", is_least=True),
    Row("single", "single events, acknowledged", "the bare application", 0.5, 0.6, "{:.0%}", is_least=True),
    Row("cpu batches", "CPU per event from the wire to a chart, in batches", "the bare application's", 2.2, 1.8),
    Row("record", "record(), durable", "one `write` of the same line", 2, 1.5),
    Row("mcp2 2026-07-28", "tool call on mcp 2, 2026-07-28", "hook and write", 2.2, 1.6),
    Row("mcp2 initialize", "tool call on mcp 2, initialize", "hook and write", 2.2, 1.6),
    Row("mcp1 initialize", "tool call on mcp 1", "hook and write", 2.5, 2),
    Row("fastmcp4 2026-07-28", "tool call on fastmcp 4, 2026-07-28", "hook and write", 2.5, 2),
    Row("fastmcp4 initialize", "tool call on fastmcp 4, initialize", "hook and write", 2.5, 2),
    Row("p99", "99th percentile of record() while sending", "its median", 8, 4, "{:.0f}"),
    Row("cpu", "CPU per event delivered", "posthog-python's", 1 / 8, 1 / 12),
    Row("start", "first delivery after import", "posthog-python's", 1 / 12, 1 / 20),
    Row("load", "loading by the loader, events a second", "DuckDB's `read_json`", 0.6, 0.8, "{:.0%}", is_least=True),
    Row("charts", "a page of charts over 100 million events, asked again", "from raw events", 1 / 50, 1 / 50, "{:.4f}"),
    Row("rest", "memory of the collector at rest, MiB", "", 110, 90, "{:.0f}"),
    Row("memory", "memory of the collector at full load, MiB", "", 250, 200, "{:.0f}"),
)
HOW = """Each ratio is of two things measured in turn; the table has the medians of the rounds. *Now*: this tree.
*Before*: the packages of `{before}`, measured by the same programs between the rounds of this tree. A bar is a limit
that the project sets itself. *CPU per event*: all threads, user and system, until the store has the events; the bare
application unpacks and parses them, and stores nothing. *First delivery*: all modules of both are compiled before.
*Memory*: the resident size, right after the start and the largest during the load. *99th percentile*: of bursts of 100
calls every 20 ms; the first call after a pause finds the processor's caches filled with other data. One bare `write` in
such bursts has {write} times its median."""


@contextmanager
def packages_of(tree: Path | None) -> Iterator[None]:
    """Programs that are started meanwhile import a checkout's packages; None for this tree's."""
    before = os.environ.get("PYTHONPATH")
    if tree is not None:
        os.environ["PYTHONPATH"] = f"{tree / 'client/src'}:{tree / 'collector/src'}"
    try:
        yield
    finally:
        os.environ.pop("PYTHONPATH", None)
        if before is not None:
            os.environ["PYTHONPATH"] = before


def measurements(seconds: int, data: Path | None) -> dict[str, Callable[[], Figures]]:
    """What is measured, by what it says meanwhile."""
    over_store = {"charts beside raw events": lambda: page_ratio(data)} if data else {}
    return {
        "record() beside one write": record_ratios,
        "tool calls beside a hook that writes": lambda: call_ratios(SDK_CASES, CALLS),
        "sending beside posthog-python": sending_ratios,
        "the collector beside the bare application": lambda: ingestion_figures(seconds),
        "the loader beside read_json": lambda: load_ratio(LOADED),
        **over_store,
    }


def measured(trees: Mapping[str, Path | None], options: argparse.Namespace) -> dict[str, dict[str, list[float]]]:
    """By tree and key, the ratios of all rounds; an earlier tree may lack what a measurement needs."""
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in trees}
    for number in range(options.rounds):
        for title, measurement in measurements(options.seconds, options.data).items():
            for name, tree in trees.items():
                print(f"round {number + 1} of {options.rounds}, {name}: {title} …", file=sys.stderr, flush=True)
                try:
                    with packages_of(tree):
                        figures = measurement()
                except (RuntimeError, subprocess.CalledProcessError) as error:
                    if tree is None:
                        raise
                    print(f"not measured: {error}", file=sys.stderr)
                    continue
                for key, figure in figures.items():
                    found[name][key].append(figure)
    return found


def _said(row: Row, figures: Sequence[float] | None) -> str:
    return row.form.format(statistics.median(figures)) if figures else NOT_MEASURED


def _is_kept(row: Row, figures: Sequence[float], limit: float) -> bool:
    figure = statistics.median(figures)
    return figure >= limit if row.is_least else figure <= limit


def section(found: Mapping[str, Mapping[str, Sequence[float]]], options: argparse.Namespace) -> Section:
    """The results' section."""
    lines, missed = [], []
    for row in ROWS:
        now, before = found[NOW].get(row.key), found.get(BEFORE, {}).get(row.key)
        limits = (row.form.format(row.bar), row.form.format(row.aim))
        lines.append((f"{row.title} : {row.beside}".removesuffix(" : "), _said(row, before), _said(row, now), *limits))
        if now and not _is_kept(row, now, row.bar):
            missed.append(f"{row.title} ({_said(row, now)}, bar {limits[0]})")
    bars = sum(row.key in found[NOW] for row in ROWS)
    write = f"{statistics.median(found[NOW]['write p99']):.0f}"
    kept = f"{bars - len(missed)} of {bars} bars are kept. "
    return Section(
        "price",
        "What each stage costs, beside its limit",
        "python bench/price.py" + (" --before EARLIER" if options.before else ""),
        table(("", "before", "now", "bar", "aim"), lines),
        (
            f"{HOW.format(before=_commit_of(options.before), write=write)} {options.rounds} rounds.",
            kept + (f"Missed: {'; '.join(missed)}." if missed else "None is missed."),
        ),
        versions("posthog", "mcp", "duckdb", "uvicorn", "msgspec"),
    )


def _commit_of(tree: Path | None) -> str:
    if tree is None:
        return "another commit"
    command = ["git", "-C", str(tree), "log", "-1", "--format=%h of %ad", "--date=format:%d %B %Y"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, metavar="DIR", help="a checkout of an earlier commit")
    parser.add_argument("--data", type=Path, metavar="DIR", help="a filled store; it is only read")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6, help="of each run of a server at full speed [6]")
    parser.add_argument("--dry", action="store_true", help="print the result and write nothing")
    options = parser.parse_args()
    if options.before and not (options.before / "client/src/footfall").is_dir():
        parser.error(f"{options.before} is no checkout of this repository: it has no client/src/footfall")
    if not provided("wrk"):
        return 1
    SCRATCH.mkdir(exist_ok=True)
    for name in sorted({case.environment for row in SDK_CASES for case in row} - {""}):
        sdk_env.make(name)
    trees: dict[str, Path | None] = {NOW: None}
    if options.before:
        trees[BEFORE] = options.before.resolve()
    found = section(measured(trees, options), options)
    publish(found, is_dry=options.dry)
    return 0


if __name__ == "__main__":
    sys.exit(main())

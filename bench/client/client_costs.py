"""Cost of sending: Footfall and PostHog's SDKs for Python, Node, Go and Rust, alternately on one server on loopback.

python bench/client/client_costs.py                        about five minutes; writes bench/RESULTS.md
python bench/client/client_costs.py --rounds 1 --dry       a quick look, nothing written

Each figure comes from a separate process. In every round each sender is measured once, in a new random order, so
that a busy minute of the machine affects all of them; the table has the median of the rounds. posthog-go and posthog-rs
are built at the first run, Rust's in six minutes of a core; without Go or Cargo their columns say "not measured".
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.client.senders.built import COMPILED, NotBuiltError, built, compiled_versions
from bench.client.senders.place import SENDERS, Place, Sender, install_node, node_version
from bench.results import ROOT, Section, publish, table, versions

CAPTURES = 4000
DELIVERED = 20_000
DOCUMENTS = (ROOT / "docs/reliability.md", ROOT / "docs/compare.md")
MEASURED = (*SENDERS, *COMPILED)
SCRATCH = ROOT / ".artefacts"
"""On the same disk as the repository: a directory for temporary files may be memory."""

MOST_RECORD_MICROSECONDS = 5.0
LEAST_TIMES_BELOW = 10.0
MOST_CPU = 20.0
MOST_START_SHARE = 1 / 6
MOST_MEBIBYTES = 5.0
ROWS = (
    ("p50", "one event recorded, median", "{:.1f} µs"),
    ("p99", "the same, 99th percentile", "{:.0f} µs"),
    ("cpu", "CPU per million delivered", "{:.0f} s"),
    ("rate", "delivered per second", "{:,.0f}"),
    ("bytes", "on the wire per event", "{:.0f} B"),
    ("milliseconds", "from import to first delivery", "{:.0f} ms"),
    ("mebibytes", "memory until then", "{:.1f} MiB"),
    ("modules", "modules until then", "{:.0f}"),
)
HOW = f"""Every event is a tool call with the same seven properties; the peers add their own to it. *Recorded*:
{CAPTURES:,} calls in bursts of 100 every 20 ms while earlier ones are being sent; when Footfall's call returns the
event is on disk, when the peers' return it is in memory. *CPU* and *delivered per second*: the whole process, from the
first of {DELIVERED:,} calls until all are acknowledged; the peers' queues are large enough not to drop any, and
posthog-go's, which holds 100 and can't be enlarged, makes calls wait. *On the wire*: request heads included;
posthog-python and -rs compress only if they are told to, posthog-go never. *From import*: in a process that has
imported `mcp.server`, until the server acknowledges one event; posthog-node, -go and -rs have no MCP SDK to be added to
here. Go and Rust are compiled: their columns compare languages too. Defaults otherwise, except for Footfall's ten
minutes of grace. *Times*: of Footfall's. In brackets the lowest and the highest round."""

Found = dict[str, dict[str, list[float]]]


def measure(rounds: int) -> Found:
    """Every sender in every round: lists of figures by sender and by row; none of one that can't be had."""
    found: Found = {name: defaultdict(list) for name in MEASURED}
    available = [name for name in MEASURED if is_available(name)]
    with Place() as place, tempfile.TemporaryDirectory(dir=SCRATCH) as directory:
        for number in range(rounds):
            jobs = [(name, mode) for name in available for mode in modes(name)]
            random.shuffle(jobs)
            for name, mode in jobs:
                said = run(place, name, mode, Path(directory) / f"{number}-{name}-{mode}")
                for row, figure in said.items():
                    found[name][row].append(figure)
            print(f"round {number + 1} of {rounds} done", file=sys.stderr, flush=True)
    return found


def modes(name: str) -> tuple[str, ...]:
    """What is measured of a sender."""
    return ("latency", "deliver", "start") if name in SENDERS else ("latency", "deliver")


def is_available(name: str) -> bool:
    """Whether a sender can run here; a peer that can't is named, with the reason, on standard error."""
    try:
        if name in COMPILED:
            built(name)
    except NotBuiltError as error:
        print(error, file=sys.stderr, flush=True)
        return False
    return True


def run(place: Place, name: str, mode: str, directory: Path) -> dict[str, float]:
    """One process; raises RuntimeError where not everything was delivered."""
    count = {"latency": CAPTURES, "deliver": DELIVERED, "start": 0}[mode]
    sender = Sender(name, place.url, directory.name, directory, mode, *([str(count)] if count else []))
    said = sender.result()
    arrived = place.arrived(directory.name)
    if arrived["distinct"] != count + 1:
        raise RuntimeError(f"{name}, {mode}: {arrived['distinct']} of {count + 1} events arrived")
    if mode == "deliver":
        said["bytes"] = arrived["bytes"] / arrived["events"]
    if mode == "start" and name == "posthog-node":
        return {}
    return said


def cells(found: Found) -> list[list[str]]:
    """The rows of the table; a peer's figure as a multiple of Footfall's too."""
    rows = []
    for row, title, form in ROWS:
        cell = [title]
        for name in MEASURED:
            figures = found[name].get(row)
            if not figures:
                cell.append("not measured")
                continue
            low, high = form.format(min(figures)), form.format(max(figures))
            said = f"{form.format(statistics.median(figures))} ({low.split()[0]} to {high.split()[0]})"
            ratio = statistics.median(figures) / statistics.median(found["footfall"][row])
            cell.append(said if name == "footfall" else f"{ratio:.2g} times: {said}")
        rows.append(cell)
    return rows


def bars(found: Found) -> str:
    """The bars, and whether each is met."""
    ours = {row: statistics.median(figures) for row, figures in found["footfall"].items()}
    peer = {row: statistics.median(figures) for row, figures in found["posthog-python"].items()}
    said = (
        (
            f"record() at most {MOST_RECORD_MICROSECONDS:g} µs",
            ours["p50"] <= MOST_RECORD_MICROSECONDS,
            f"{ours['p50']:.1f} µs",
        ),
        (f"{LEAST_TIMES_BELOW:g} times below posthog-python's capture", *times(peer["p50"] / ours["p50"])),
        (f"at most {MOST_CPU:g} CPU seconds per million", ours["cpu"] <= MOST_CPU, f"{ours['cpu']:.0f} s"),
        (
            "first delivery within a sixth of posthog-python's time",
            ours["milliseconds"] <= peer["milliseconds"] * MOST_START_SHARE,
            f"1/{peer['milliseconds'] / ours['milliseconds']:.1f}",
        ),
        (f"at most {MOST_MEBIBYTES:g} MiB", ours["mebibytes"] <= MOST_MEBIBYTES, f"{ours['mebibytes']:.1f} MiB"),
    )
    return "Bars: " + "; ".join(f"{bar}: {'kept' if kept else 'MISSED'} ({what})" for bar, kept, what in said) + "."


def times(ratio: float) -> tuple[bool, str]:
    """Whether a ratio meets its bar, and the ratio."""
    return ratio >= LEAST_TIMES_BELOW, f"{ratio:.1f} times"


def section(found: Found, rounds: int) -> Section:
    """The section of the results."""
    peers = {"posthog-node": node_version(), **compiled_versions()}
    measured: Mapping[str, str] = {**versions("footfall", "posthog", "mcp"), **peers}
    head = ("", "Footfall", *MEASURED[1:])
    return Section(
        "client-costs",
        "Cost of sending",
        "python bench/client/client_costs.py",
        table(head, cells(found)),
        [f"{HOW} {rounds} rounds.", bars(found)],
        measured,
    )


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dry", action="store_true", help="print, and write nothing")
    arguments = parser.parse_args()
    install_node()
    SCRATCH.mkdir(exist_ok=True)
    made = section(measure(arguments.rounds), arguments.rounds)
    publish(made, DOCUMENTS, is_dry=arguments.dry)
    return 0


if __name__ == "__main__":
    sys.exit(main())

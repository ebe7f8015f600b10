"""Footfall's collector beside an OpenTelemetry Collector: the same events in the same batches, at full speed.

python bench/collector/peers.py                               about ten minutes; writes bench/RESULTS.md
python bench/collector/peers.py --rounds 1 --seconds 2 --dry  a quick look, nothing written

wrk sends gzip batches of 100 over 64 connections: to Footfall as its client sends them, to the Collector as OTLP/HTTP
logs with the same properties, and to the bare application of ingest.py. In every round each server is measured once, in
a new random order, on the same processors. The Collector is built at the first run from its Go modules, which
bench/collector/otel/program pins: three minutes of a core. It is measured without a queue, and with its
queue on disk, with and without fsync.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.collector.load import requests
from bench.collector.load.processes import cpu_seconds, most_memory
from bench.collector.load.running import CONNECTIONS, Pool, saturate
from bench.collector.load.subjects import bare, collector
from bench.collector.otel.requests import otlp_request
from bench.collector.otel.server import QUEUES, built, otel_collector, otel_version
from bench.results import ROOT, Section, publish, table, versions
from scripts.setup.find_program import provided

SCRATCH = ROOT / ".artefacts"
"""On the same disk as the repository: a directory for temporary files may be memory."""
WARM_RATE = 3_500
"""Requests a second for which Footfall's warm-up has enough; it lasts until it has no more."""
RESERVE = 2.5
"""Footfall's requests are made for this multiple of the warm-up's rate: a repeated one would be a duplicate."""
REPEATED = 2_000
"""So many requests are sent again and again to those that don't look for duplicates."""
FOOTFALL = "Footfall"
ON_DISK = {
    FOOTFALL: "in the journal, fdatasync",
    "bare application": "nothing",
    "Collector, no queue": "in memory, up to a second",
    "Collector, queue": "in the queue's file, no sync",
    "Collector, queue, fsync": "in the queue's file, fsync",
}
"""Where an event is when its batch is acknowledged."""
OF_OURS = "of Footfall's"
HEAD = ("", "on disk at the answer", "events/s", OF_OURS, "CPU per million", OF_OURS, "memory, maximum", OF_OURS)

HOW = f"""Batches of 100 events of tests/oracle/fleet.py, gzip, all prepared before the run; wrk, with
{CONNECTIONS} connections and one thread, runs on the same processors. Footfall: default settings, requests as its
client sends them. OpenTelemetry Collector: protobuf over OTLP/HTTP; each event is a log record with the same
properties, its name, time and UUID; what an instance's events share is sent once per batch, and every batch is sent
many times. The file exporter writes it as protobuf. That exporter has no queue, so with one (`file_storage`) the OTLP
exporter sends to a second receiver of the same process, uncompressed, which writes the file: that costs it CPU. Bare:
unpacks and parses Footfall's requests. *CPU*: of the server's processes from the first request until what was
acknowledged is where it ends, in Footfall's store or the Collector's file. *Memory*: the largest resident sizes.
Medians, in brackets the lowest and the highest round; ratios are of medians."""
UNEQUAL = """Not the same work. Footfall checks every event and property against allow-lists, removes duplicates, and
loads a store that charts are asked from. The Collector does none of that: it forwards what it gets, and its file
answers no question. It is compiled Go and uses all processors; Footfall's requests are taken by one Python process.
Footfall syncs once for all batches that wait; the Collector's queue syncs for each of its transactions, and what leaves
it has some too."""
NOT_HAD = "docs/compare.md lists the peers that could not be had, and why."


@dataclass(frozen=True)
class Peer:
    """One measured server.

    Attributes:
        name: one of ON_DISK.
        pool: what it is sent; `again` where it may be sent repeatedly.
        processed: how many batches it has brought to where they end, since its start.
        settle: waits until it has so many more than a number of processed ones.
    """

    name: str
    port: int
    pid: int
    pool: Pool
    again: bool
    processed: Callable[[], int]
    settle: Callable[[int], None]


@dataclass
class Figures:
    """Of one server: a figure for each round, and its largest memory so far, in MiB."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: float = 0.0


Found = dict[str, Figures]


def measure(rounds: int, seconds: int) -> Found:
    """Start all servers, warm them up, and measure each once in every round."""
    SCRATCH.mkdir(exist_ok=True)
    found: Found = defaultdict(Figures)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch, ExitStack() as stack:
        peers = stack.enter_context(_peers(Path(scratch), rounds, seconds))
        for number in range(rounds):
            for peer in random.sample(peers, len(peers)):
                _measure_once(peer, seconds, found[peer.name])
            print(f"round {number + 1} of {rounds} done", file=sys.stderr, flush=True)
    return found


def _measure_once(peer: Peer, seconds: int, figures: Figures) -> None:
    before, used = peer.processed(), cpu_seconds(peer.pid)
    ran = saturate(peer.port, peer.pool, seconds, again=peer.again)
    if peer.name == "bare application":
        processed = ran.answered
    else:
        peer.settle(before + ran.answered)
        processed = peer.processed() - before
    figures.rates.append(ran.rate * requests.BATCH)
    figures.cpu.append((cpu_seconds(peer.pid) - used) / (processed * requests.BATCH) * 1e6)
    figures.memory = max(figures.memory, most_memory(peer.pid))
    print(f"{peer.name}: {figures.rates[-1]:,.0f} events/s, {figures.cpu[-1]:.1f} s per million", file=sys.stderr)


@contextmanager
def _peers(scratch: Path, rounds: int, seconds: int) -> Iterator[list[Peer]]:
    """All of them, running and warm."""
    again = Pool(_made(scratch / "again", REPEATED, requests.request))
    otlp = Pool(_made(scratch / "otlp", REPEATED, otlp_request))
    warm = max(1, seconds // 4)
    with ExitStack() as stack:
        peers = []
        for name in QUEUES:
            server = stack.enter_context(otel_collector(name, scratch / name.replace(", ", "-").replace(" ", "-")))
            written = server.written
            known = f"Collector, {name}"
            peers.append(Peer(known, server.port, server.pid, otlp, True, written.requests, written.wait_for))
        plain = stack.enter_context(bare())
        peers.append(Peer("bare application", plain.port, plain.pid, again, True, lambda: 0, lambda _: None))
        for peer in peers:
            peer.settle(saturate(peer.port, peer.pool, warm, again=True).answered)
        subject = stack.enter_context(collector(scratch / "data"))
        first = Pool(_made(scratch / "warm", WARM_RATE * warm, requests.request))
        rate = saturate(subject.port, first, warm, to_the_end=True).rate
        subject.caught_up()
        pool = Pool(_made(scratch / "footfall", int(rate * rounds * seconds * RESERVE) + WARM_RATE, requests.request))

        def settle(_: int) -> None:
            subject.caught_up()

        def processed() -> int:
            return subject.stored() // requests.BATCH

        peers.append(Peer(FOOTFALL, subject.port, subject.pid, pool, False, processed, settle))
        yield peers


def _made(path: Path, count: int, make: requests.Make) -> Path:
    print(f"making {count:,} requests …", file=sys.stderr, flush=True)
    requests.write(path, requests.BATCH, count, time.time(), WARM_RATE, make)
    return path


def rows(found: Found) -> list[tuple[str, ...]]:
    """The table's rows."""
    ours = found[FOOTFALL]
    made: list[tuple[str, ...]] = []
    for name, on_disk in ON_DISK.items():
        figures = found[name]
        rate, cpu = statistics.median(figures.rates), statistics.median(figures.cpu)
        made.append(
            (
                name,
                on_disk,
                _spread(figures.rates, "{:,.0f}"),
                f"{rate / statistics.median(ours.rates):.2f}",
                _spread(figures.cpu, "{:.1f}", " s"),
                f"{cpu / statistics.median(ours.cpu):.2f}",
                f"{figures.memory:.0f} MiB",
                f"{figures.memory / ours.memory:.2f}",
            )
        )
    return made


def _spread(values: Sequence[float], form: str, unit: str = "") -> str:
    return f"{form}{unit} ({form} to {form})".format(statistics.median(values), min(values), max(values))


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="in which each server is measured once [3]")
    parser.add_argument("--seconds", type=int, default=8, help="of each measurement [8]")
    parser.add_argument("--dry", action="store_true", help="print the result and write nothing")
    options = parser.parse_args()
    if not provided("wrk"):
        return 1
    try:
        built()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    found = measure(options.rounds, options.seconds)
    section = Section(
        "peers",
        "Ingestion beside an OpenTelemetry Collector",
        "python bench/collector/peers.py",
        table(HEAD, rows(found)),
        (f"{HOW} {options.rounds} rounds of {options.seconds} s.", UNEQUAL, NOT_HAD),
        {**versions("uvicorn", "msgspec", "duckdb"), "OpenTelemetry Collector": otel_version()},
    )
    publish(section, is_dry=options.dry)
    return 0


if __name__ == "__main__":
    sys.exit(main())

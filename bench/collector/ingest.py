"""Ingestion throughput: events acknowledged per second, compared with an application that only unpacks and parses.

python bench/collector/ingest.py                               about five minutes; writes bench/RESULTS.md
python bench/collector/ingest.py --rounds 1 --seconds 2 --dry  a quick look, nothing written

wrk sends gzip batches of 100 and of one event over 64 connections, to the collector and to the bare application,
alternately. The journal is synced before each 200, and the loader fills the store during the run, on the same
processors.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

if not __package__:  # run as a file: only its folder is on the path then
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from bench.collector.load import requests
from bench.collector.load.running import CONNECTIONS, Pool, saturate, steadily
from bench.collector.load.subjects import Subject, Watch, bare, collector, lags
from bench.results import NOT_MEASURED, ROOT, Section, publish, table, versions
from scripts.setup.find_program import provided

DOCUMENTS = (ROOT / "docs/compare.md",)
SCRATCH = ROOT / ".artefacts"
"""On the same disk as the repository: a directory for temporary files may be memory."""

SIZES = {"batches": requests.BATCH, "single": 1}
WARM_RATES = {"batches": 2_500, "single": 15_000}
"""Requests a second for which the warm-up has enough; it lasts a quarter of a round, or until it has no more."""
RESERVE = 2.5
"""Requests are prepared for this multiple of the warm-up's rate, and for two more seconds at the rates above."""
STEADY_EVENTS = 50_000

LEAST = {"batches": 120_000, "single": 10_000}
"""Events a second that are the bars."""
WANTED_EVENTS = 200_000
MOST_P99_MS = 50.0
MOST_LAG_SECONDS = 2.0
MOST_MEMORY_MIB = 300.0
LEAST_SHARE = 0.4

HOW = f"""Each request is one that Footfall's client would send: tests/oracle/fleet.py makes the events, the client's
own code encodes and compresses them. Each event has a different UUID, and all requests are prepared before
the run. wrk, with {CONNECTIONS} connections and one thread, runs on the same processors. Collector: default settings,
`fdatasync` before each 200, the loader running; between two runs the store catches up. Bare: the same uvicorn, uvloop
and httptools, isal's gunzip and msgspec's parser, nothing stored; each round measures it right before or right after
the collector. In brackets the lowest and the highest round. *At half the bar*, for a quarter of a minute: requests are
due at a steady rate, and the duration of a request counts from the moment it was due. *Lag*: the age of the first
acknowledged event that the store does not have yet, sampled every 0.1 s from outside. *Memory*: the largest resident
size of the collector over the whole run."""

Found = dict[str, list[float]]


@dataclass(frozen=True)
class Steady:
    """What came of sending at a steady rate."""

    rate: float
    seconds: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Measured:
    """Everything that was found: rates in events a second by `subject size`, lists by round."""

    rates: Found
    catch_up: list[float]
    half: Mapping[str, Steady]
    sustained: Steady
    lag: list[float]
    memory_mib: float
    acknowledged: int
    stored: int


class Bench:
    """One run on one pair of servers."""

    def __init__(self, scratch: Path, subjects: Mapping[str, Subject], rounds: int, seconds: int) -> None:
        self._scratch, self._subjects = scratch, subjects
        self._rounds, self._seconds = rounds, seconds
        self._collector = subjects["collector"]
        self._acknowledged = 0
        self.rates: Found = defaultdict(list)
        self.cpu: Found = defaultdict(list)
        self.catch_up: list[float] = []

    def run(self, sustained_seconds: int) -> Measured:
        """Warm up, then all of it."""
        self.full_speed()
        half = {}
        for name, size in SIZES.items():
            half[name], _ = self._at(name, size, LEAST[name] / 2, sustained_seconds / 4)
        sustained, lag = self._sustained(sustained_seconds)
        self._collector.caught_up()
        return Measured(
            self.rates,
            self.catch_up,
            half,
            sustained,
            lag,
            self._collector.most_memory(),
            self._acknowledged,
            self._collector.counters()["events_stored"],
        )

    def full_speed(self) -> None:
        """Warm up, then both servers in turn."""
        pools = self._pools(self._warm_up())
        for n in range(self._rounds):
            for name, size in SIZES.items():
                order = list(self._subjects.values())
                for subject in order if n % 2 else reversed(order):
                    self._round(subject, name, size, pools[name])

    def batches_at_full_speed(self, began: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        """Warm up, then one round of batches; `began` starts what watches the collector, and ends by itself."""
        pool = self._pools(self._warm_up())["batches"]
        self._round(self._subjects["bare"], "batches", SIZES["batches"], pool)
        watching = began()
        self._round(self._collector, "batches", SIZES["batches"], pool)
        watching.wait()

    def _warm_up(self) -> dict[str, float]:
        """Requests a second of the collector, of each size, roughly."""
        found = {}
        seconds = max(1, self._seconds // 4)
        for name, size in SIZES.items():
            pool = self._pool(f"warm-{name}", size, WARM_RATES[name] * seconds, WARM_RATES[name])
            saturate(self._subjects["bare"].port, pool, seconds, again=True)
            ran = saturate(self._collector.port, pool, seconds, to_the_end=True)
            found[name] = ran.rate
            self._acknowledged += ran.answered * size
            self._collector.caught_up()
            pool.path.unlink()
        return found

    def _pools(self, rates: Mapping[str, float]) -> dict[str, Pool]:
        pools = {}
        for name, size in SIZES.items():
            count = int(rates[name] * self._rounds * self._seconds * RESERVE) + 2 * WARM_RATES[name]
            pools[name] = self._pool(name, size, count, rates[name])
        return pools

    def _pool(self, name: str, size: int, count: int, rate: float) -> Pool:
        print(f"making {count:,} requests of {size} …", file=sys.stderr, flush=True)
        path = self._scratch / f"{name}.requests"
        requests.write(path, size, count, time.time(), rate)
        return Pool(path)

    def _round(self, subject: Subject, name: str, size: int, pool: Pool) -> None:
        ours = subject is self._collector
        began = subject.cpu()
        ran = saturate(subject.port, pool, self._seconds, again=not ours)
        if ours:
            self._acknowledged += ran.answered * size
            self.catch_up.append(self._collector.caught_up())
        self.cpu[f"{subject.name} {name}"].append((subject.cpu() - began) / (ran.answered * size) * 1e6)
        self.rates[f"{subject.name} {name}"].append(ran.rate * size)
        print(f"{subject.name}, {name}: {ran.rate * size:,.0f} events/s, p99 {ran.p99_ms:.1f} ms", file=sys.stderr)

    def _sustained(self, seconds: int) -> tuple[Steady, list[float]]:
        before = self._collector.stored()
        with Watch(self._collector) as watch:
            steady, answered = self._at("batches", requests.BATCH, STEADY_EVENTS, float(seconds))
        acknowledged = [(moment, n * requests.BATCH) for n, moment in enumerate(answered, 1)]
        return steady, lags(acknowledged, [(moment, stored - before) for moment, stored in watch.seen])

    def _at(self, name: str, size: int, events: float, seconds: float) -> tuple[Steady, list[float]]:
        rate = events / size
        pool = self._pool(f"steady-{name}", size, int(rate * seconds), rate)
        answered = steadily(self._collector.port, pool, int(rate * seconds), rate)
        pool.path.unlink()
        self._acknowledged += len(answered) * size
        took = sorted((done - due) * 1e3 for due, done in answered)
        steady = Steady(events, seconds, took[len(took) // 2], took[int(len(took) * 0.99)])
        print(f"{name} at {events:,.0f} events/s: p99 {steady.p99_ms:.1f} ms", file=sys.stderr)
        return steady, sorted(done for _, done in answered)


def measure(options: argparse.Namespace) -> Measured:
    """Start both servers, measure, end them."""
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch, ExitStack() as stack:
        subjects = {
            "bare": stack.enter_context(bare()),
            "collector": stack.enter_context(collector(Path(scratch) / "data")),
        }
        return Bench(Path(scratch), subjects, options.rounds, options.seconds).run(options.sustained)


def _spread(values: Sequence[float], form: str) -> str:
    return f"{form} ({form} to {form})".format(statistics.median(values), min(values), max(values))


def shares(found: Measured, name: str) -> list[float]:
    """The collector's rate as a part of the bare application's, round by round."""
    pairs = zip(found.rates[f"collector {name}"], found.rates[f"bare {name}"], strict=True)
    return [ours / least for ours, least in pairs]


def rows(found: Measured) -> list[tuple[str, ...]]:
    """The table's rows."""
    said: list[tuple[str, ...]] = [
        (
            title,
            _spread(found.rates[f"collector {name}"], "{:,.0f}"),
            _spread(found.rates[f"bare {name}"], "{:,.0f}"),
            _spread(shares(found, name), "{:.0%}"),
        )
        for name, title in (("batches", "events/s in batches of 100"), ("single", "events/s in requests of one"))
    ]
    for name, title in (("batches", "batches of 100"), ("single", "single events")):
        half = found.half[name]
        times = f"{half.p50_ms:.1f} ms, {half.p99_ms:.1f} ms"
        said.append(
            (f"{title} at half the bar ({half.rate:,.0f} events/s): median, p99", times, NOT_MEASURED, NOT_MEASURED)
        )
    steady = found.sustained
    lag = f"{statistics.median(found.lag):.1f} s, {max(found.lag):.1f} s"
    at_rate = f"{steady.rate:,.0f} events/s for {steady.seconds:.0f} s: p99"
    others = {at_rate: f"{steady.p99_ms:.1f} ms", "the same: loader's lag, median, maximum": lag}
    others["memory, maximum"] = f"{found.memory_mib:.0f} MiB"
    return [*said, *((title, value, NOT_MEASURED, NOT_MEASURED) for title, value in others.items())]


def bars(found: Measured) -> str:
    """Which bars were kept."""
    batches = statistics.median(found.rates["collector batches"])
    single = statistics.median(found.rates["collector single"])
    share = min(statistics.median(shares(found, name)) for name in SIZES)
    p99 = max(half.p99_ms for half in found.half.values())
    judged = [
        (batches >= LEAST["batches"], f"at least {LEAST['batches']:,} events/s in batches", f"{batches:,.0f}"),
        (batches >= WANTED_EVENTS, f"aimed at {WANTED_EVENTS:,}", f"{batches:,.0f}"),
        (single >= LEAST["single"], f"at least {LEAST['single']:,} single requests/s", f"{single:,.0f}"),
        (p99 <= MOST_P99_MS, f"p99 at half of both bars at most {MOST_P99_MS:.0f} ms", f"{p99:.1f} ms"),
        (
            max(found.lag) <= MOST_LAG_SECONDS,
            f"loader at most {MOST_LAG_SECONDS:.0f} s behind at {found.sustained.rate:,.0f} events/s",
            f"{max(found.lag):.1f} s",
        ),
        (found.memory_mib <= MOST_MEMORY_MIB, f"at most {MOST_MEMORY_MIB:.0f} MiB", f"{found.memory_mib:.0f} MiB"),
        (share >= LEAST_SHARE, f"at least {LEAST_SHARE:.0%} of the bare application", f"{share:.1%}"),
        (found.stored >= found.acknowledged, "every acknowledged event in the store", _kept(found)),
    ]
    return "Bars: " + "; ".join(f"{name}: {'kept' if kept else 'MISSED'} ({value})" for kept, name, value in judged)


def _kept(found: Measured) -> str:
    return f"{found.acknowledged:,} acknowledged, {found.stored:,} stored"


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="of all four measurements at full speed [3]")
    parser.add_argument("--seconds", type=int, default=8, help="of each of them [8]")
    parser.add_argument(
        "--sustained",
        type=int,
        default=60,
        help="seconds at 50,000 events/s, and four times as long as those at half the bars [60]",
    )
    parser.add_argument("--dry", action="store_true", help="print the result and write nothing")
    options = parser.parse_args()
    if not provided("wrk"):
        return 1
    found = measure(options)
    catch_up = f"After each run at full speed the store had caught up within {max(found.catch_up):.0f} s."
    section = Section(
        "ingest",
        "Ingestion throughput",
        "python bench/collector/ingest.py",
        table(("", "Footfall", "bare application", "Footfall : bare"), rows(found)),
        (f"{HOW} {len(found.catch_up) // 2} rounds. {catch_up}", bars(found)),
        versions("uvicorn", "uvloop", "httptools", "isal", "msgspec", "duckdb"),
    )
    publish(section, DOCUMENTS, is_dry=options.dry)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How long answers take after one sender has invented 100,000 versions, tools, classes of errors and client versions.

python -m bench.store.distinct_values [DISTINCT] [duckdb | embedded | cluster ...] [--publish]

The engines are DuckDB, the present ClickHouse embedded in this process, and a cluster of old ClickHouse servers;
DuckDB and the embedded one unless others are named. It prints a table, and puts it into `bench/RESULTS.md` with
`--publish`. Each answer is computed as in the collector: alone, and without what an earlier one has read.
"""

import argparse
import logging
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.results import Section, publish, table, versions
from collector.tests.store.clickhouse.embedded_engine import close_all, embedded_store
from collector.tests.store.fill_store import CATALOGUES, admitted, journal, loader_of, open_store
from footfall_collector.answer import Answers, Filters, ask, parse_question
from footfall_collector.answer.behaviour import BEHAVIOUR
from footfall_collector.answer.charts import CHARTS
from footfall_collector.answer.gate import one_answer
from footfall_collector.answer.value_caps import ValueCaps
from footfall_collector.show.explain import explain_spike
from footfall_collector.show.insight import compare_releases
from footfall_collector.show.pages import filter_options
from footfall_collector.show.report import build_report
from footfall_collector.store import Store
from footfall_collector.store.clickhouse import ClickHouseStore, parse_address
from tests.clickhouse.rig.cluster import running as running_cluster
from tests.oracle.fleet import Fleet

CHART_SECONDS, REPORT_SECONDS = 2.0, 10.0
"""Bars: of every answer but the report, and of the report."""
INSTANCE = "local_00000000000000aa"
BATCH = 1000
ENGINES = {"duckdb": "DuckDB", "embedded": "ClickHouse, embedded", "cluster": "ClickHouse 18.16, a cluster"}
QUESTIONS = (
    {"measure": "events", "by": "tool"},
    {"measure": "instances", "event": "tool_executed", "by": "dot_ai_version"},
    {"measure": "share", "event": "tool_executed", "by": "tool", "step": "day"},
    {"measure": "rate", "event": "tool_executed", "by": "tool"},
    {"measure": "events", "event": "tool_error", "by": "error_type"},
    {"measure": "instances", "event": "client_connected", "by": "mcp_client_version"},
)
CHART, QUESTION = "chart", "question"
COLUMNS = (CHART, QUESTION, "options", "releases", "explain", "report")


def invented(number: int) -> Iterator[dict[str, Any]]:
    """Three events, each with values that no other one has."""
    version = {"dot_ai_version": f"{number // 10_000}.{number // 100 % 100}.{number % 100}"}
    yield one("tool_executed", number, tool=f"tool_{number}", success=True, duration_ms=12.0, **version)
    yield one("tool_error", number, tool=f"tool_{number}", error_type=f"Error{number}", **version)
    client_version = f"{number // 1000}.{number % 1000}"
    yield one("client_connected", number, mcp_client="claude-code", mcp_client_version=client_version, **version)


def one(event: str, number: int, **properties: Any) -> dict[str, Any]:
    at = datetime.fromtimestamp(Fleet.end - 1 - number % 80_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "event": event,
        "uuid": str(uuid.uuid4()),
        "distinct_id": INSTANCE,
        "timestamp": at,
        "properties": properties,
    }


def requests(distinct: int) -> Iterator[bytes]:
    for first in range(0, distinct, BATCH):
        events = [event for number in range(first, min(first + BATCH, distinct)) for event in invented(number)]
        yield admitted(events, Fleet.end, None)


@dataclass(frozen=True)
class Duration:
    """What an answer took: seconds, and seconds of processors of this process."""

    name: str
    wall: float
    processor: float

    @property
    def text(self) -> str:
        return f"{self.wall:.2f} s ({self.processor:.2f})"


def timed(name: str, work: Callable[[], object]) -> Duration:
    began, processor = time.monotonic(), time.process_time()
    with one_answer():
        work()
    return Duration(name, time.monotonic() - began, time.process_time() - processor)


def measure(caps: ValueCaps, store: Store) -> dict[str, Duration]:
    """The slowest answer of each kind, over 30 days and over 24 hours."""
    now, slowest = datetime.fromtimestamp(Fleet.end - 1, UTC), dict[str, Duration]()
    for span in ("30d", "24h"):
        filters = Filters.parse({"product": "dot-ai", "range": span}, now, CATALOGUES)
        for kind, name, work in answers_of_range(filters, now):
            answers = Answers(store, CATALOGUES, value_caps=caps)
            duration = timed(f"{name}, {span}", partial(work, answers))
            print(f"  {kind} {duration.name}: {duration.text}", flush=True)
            slowest[kind] = max(slowest.get(kind, duration), duration, key=lambda each: each.processor)
    return slowest


def answers_of_range(filters: Filters, now: datetime) -> Iterator[tuple[str, str, Callable[[Answers], object]]]:
    """(kind, name, work) of everything that is read over one range."""
    for spec in (*CHARTS, *BEHAVIOUR):
        yield CHART, spec.id, partial(Answers.chart, id=spec.id, filters=filters)
    for query in QUESTIONS:
        question = parse_question(query, (), filters, CATALOGUES["dot-ai"])
        yield QUESTION, " ".join(query.values()), partial(ask, question=question, filters=filters)
    yield "options", "options", lambda answers: filter_options(answers, filters)
    yield "releases", "releases", lambda answers: compare_releases(answers, filters, now.date())
    yield "explain", "explain", lambda answers: explain_spike(answers, filters)
    yield "report", "report", lambda answers: build_report(answers, filters, now)


@contextmanager
def opened(engine: str, data: Path) -> Iterator[Store]:
    if engine == "cluster":
        with running_cluster(data / "cluster") as cluster:
            yield ClickHouseStore(data, CATALOGUES, parse_address(cluster.url()))
    elif engine == "embedded":
        yield embedded_store(data)
        close_all()
    else:
        yield open_store(data)


def measured(engine: str, distinct: int) -> dict[str, Duration]:
    """The slowest answers of one engine, with the load and the ranking of values, which no answer waits for twice."""
    with tempfile.TemporaryDirectory() as folder, opened(engine, Path(folder)) as store:
        data = Path(folder)
        journal(data, requests(distinct))
        loader = loader_of(data, store)
        print(f"{engine}: loaded {timed('', loader.run_once).text}, rolled up {timed('', loader.checkpoint).text}")
        # A ranking does not age here: its time is measured by itself.
        caps = ValueCaps(store, clock=lambda: 0.0, catalogues=CATALOGUES)
        ranking = timed("ranking", lambda: caps.of_product("dot-ai"))
        print(f"  ranking {ranking.text}", flush=True)
        slowest = {"ranking": ranking, **measure(caps, store)}
        store.close()
    return slowest


def section(found: dict[str, dict[str, Duration]], distinct: int) -> Section:
    rows = [
        [ENGINES[engine], slowest["ranking"].text, *(slowest[kind].text for kind in COLUMNS)]
        for engine, slowest in found.items()
    ]
    bars = []
    for engine, slowest in found.items():
        for kind in COLUMNS:
            bar = REPORT_SECONDS if kind == "report" else CHART_SECONDS
            took = slowest[kind].wall if engine == "cluster" else slowest[kind].processor
            kept = "kept" if took <= bar else "MISSED"
            bars.append(f"{ENGINES[engine]}, {kind} ({slowest[kind].name}) within {bar:g} s: {kept}")
    method = (
        f"One instance sends {3 * distinct:,} events, each with a version, a tool, a class of errors or a version of "
        f"its client that no other event has: {distinct:,} of each. *Ranking* finds the values that charts show; the "
        "first answer after a load waits for it. The other columns have the slowest of all charts, of "
        f"{len(QUESTIONS)} questions, and of the other answers, over 30 days and over 24 hours, each without what an "
        "earlier answer has read. In brackets the seconds of processors: what the answer takes where no other work has "
        "the machine, and what bars are compared with where the engine is in the measured process."
    )
    head = ("", "ranking", *COLUMNS)
    command = f"python -m bench.store.distinct_values {distinct} {' '.join(found)} --publish"
    title = f"{distinct:,} invented values of each kind"
    notes = (method, f"Bars: {'; '.join(bars)}.")
    return Section("distinct-values", title, command, table(head, rows), notes, versions("duckdb", "chdb"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("distinct", nargs="?", type=int, default=100_000)
    parser.add_argument("engines", nargs="*", choices=(*ENGINES, []), help="those to measure")
    parser.add_argument("--publish", action="store_true", help="put the table into bench/RESULTS.md")
    options = parser.parse_args()
    logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)
    engines = options.engines or ["duckdb", "embedded"]
    result = section({engine: measured(engine, options.distinct) for engine in engines}, options.distinct)
    publish(result, is_dry=not options.publish)


if __name__ == "__main__":
    main()

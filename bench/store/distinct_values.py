"""How long charts take after one sender has invented 100,000 versions, tools, classes of errors and client versions.

python -m bench.store.distinct_values [DISTINCT] [duckdb | embedded | cluster]

The engine is DuckDB, the present ClickHouse embedded in this process, or a cluster of old ClickHouse servers. It prints
the seconds of the slowest chart and of the comparison of releases, as charts show it and without the bound on values,
and the bar of a chart.
"""

import logging
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.tests.store.clickhouse.embedded_engine import close_all, embedded_store
from collector.tests.store.fill_store import CATALOGUES, admitted, journal, loader_of, open_store
from footfall_collector.answer import Answers, Filters
from footfall_collector.answer.charts import CHARTS
from footfall_collector.show.insight import compare_releases
from footfall_collector.show.report import build_report
from footfall_collector.store import Store
from footfall_collector.store.clickhouse import ClickHouseStore, parse_address
from tests.clickhouse.rig.cluster import running as running_cluster
from tests.oracle.fleet import Fleet

BAR_SECONDS = 2.0
INSTANCE = "local_00000000000000aa"
BATCH = 1000
NO_BOUND = 1 << 30


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


def seconds(work: Callable[..., object], *arguments: object) -> float:
    began = time.monotonic()
    work(*arguments)
    return time.monotonic() - began


def measure(answers: Answers) -> dict[str, float]:
    """Seconds of each chart over 30 days and over 24 hours, of the releases and of the report."""
    now = datetime.fromtimestamp(Fleet.end - 1, UTC)
    times = {}
    for span in ("30d", "24h"):
        filters = Filters.parse({"product": "dot-ai", "range": span}, now, CATALOGUES)
        for spec in CHARTS:
            times[f"{spec.id} {span}"] = seconds(answers.chart, spec.id, filters)
        times[f"releases {span}"] = seconds(compare_releases, answers, filters, now.date())
        times[f"report {span}"] = seconds(build_report, answers, filters, now)
    return times


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


def main() -> None:
    distinct = int(sys.argv[1]) if sys.argv[1:] else 100_000
    engine = sys.argv[2] if sys.argv[2:] else "duckdb"
    logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder, opened(engine, Path(folder)) as store:
        data = Path(folder)
        journal(data, requests(distinct))
        loader = loader_of(data, store)
        print(f"loaded {3 * distinct:,} events in {seconds(loader.run_once):.1f} s")
        print(f"rolled up in {seconds(loader.checkpoint):.1f} s")
        bounded, unbounded = Answers(store, CATALOGUES), Answers(store, CATALOGUES, NO_BOUND)
        print(f"ranked the values in {seconds(lambda: bounded.value_caps.of_product('dot-ai')):.1f} s")
        for name, answers in (("as shown", bounded), ("without the bound", unbounded)):
            times = measure(answers)
            slowest = sorted(times.items(), key=lambda item: -item[1])[:4]
            print(name, ", ".join(f"{what} {took:.2f} s" for what, took in slowest))
            chart = max(took for what, took in times.items() if not what.startswith(("report", "releases")))
            print(f"  the slowest chart {chart:.2f} s, {'over' if chart > BAR_SECONDS else 'within'} {BAR_SECONDS} s")
        store.close()


if __name__ == "__main__":
    main()

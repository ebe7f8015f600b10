"""The fourteen charts on raw tables: DuckDB, PostgreSQL and present ClickHouse (chDB), filled from one store.

`measure` runs in a separate process for each engine: the time to fill the table, its size, the first and the repeated
time of every chart, and the rows, which must equal those of the project's own charts.
"""

import importlib
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from bench.store.raw.charts import CHARTS, CLICKHOUSE, DUCKDB, POSTGRESQL, Dialect
from bench.store.raw.postgres import PostgreSQL

Rows = list[tuple[Any, ...]]
Query = Callable[[str], Rows]
Opened = tuple[Query, float, int]
"""The function that runs a query, the seconds that filling took, and the table's bytes."""
_AGAIN = 2


@dataclass(frozen=True)
class Raw:
    """An engine: its dialect, and the context manager that fills its table below a directory."""

    dialect: Dialect
    opened: Callable[[Path, Path], AbstractContextManager[Opened]]


def export(store: Path, to: Path) -> int:
    """Write the raw events of a store as Parquet; returns their number."""
    with duckdb.connect() as engine:
        engine.execute("SET memory_limit = '1GB'")
        parts = []
        for number, path in enumerate(sorted((store / "store").glob("events-*.duckdb"))):
            engine.execute(f"ATTACH '{path}' AS m{number} (READ_ONLY)")
            parts.append(
                f"SELECT * EXCLUDE (load, uuid, instance), uuid::VARCHAR AS uuid, instance FROM m{number}.events"
            )
        engine.execute(f"COPY ({' UNION ALL '.join(parts)}) TO '{to}' (FORMAT parquet)")
        [[events]] = engine.execute(f"SELECT count(*) FROM '{to}'").fetchall()
    return int(events)


def measure(name: str, source: Path, scratch: Path, start: int, end: int) -> dict[str, Any]:
    """One engine over the events of a Parquet file: seconds to fill, bytes, ms of each chart, rows."""
    raw = ENGINES[name]
    with raw.opened(source, scratch) as (query, filled, size):
        first, again, rows = {}, {}, {}
        for chart in CHARTS:
            sql = raw.dialect.sql(chart, start, end)
            first[chart], rows[chart] = _timed(query, sql)
            again[chart] = statistics.median(_timed(query, sql)[0] for _ in range(_AGAIN))
    return {
        "fill_seconds": round(filled, 1),
        "bytes": size,
        "charts": {chart: [round(first[chart] * 1e3, 1), round(again[chart] * 1e3, 1)] for chart in CHARTS},
        "dashboard_ms": [round(sum(first.values()) * 1e3), round(sum(again.values()) * 1e3)],
        "rows": rows,
    }


def _timed(query: Query, sql: str) -> tuple[float, Rows]:
    began = time.monotonic()
    rows = query(sql)
    return time.monotonic() - began, rows


@contextmanager
def _duckdb(source: Path, scratch: Path) -> Iterator[Opened]:
    path = scratch / "raw.duckdb"
    with duckdb.connect(str(path), config={"memory_limit": "1GB", "threads": "2"}) as engine:
        began = time.monotonic()
        engine.execute(f"CREATE TABLE events AS SELECT * FROM '{source}'")
        engine.execute("CHECKPOINT")
        filled = time.monotonic() - began
        yield lambda sql: engine.execute(sql).fetchall(), filled, path.stat().st_size


@contextmanager
def _postgresql(source: Path, scratch: Path) -> Iterator[Opened]:
    csv = scratch / "events.csv"
    with duckdb.connect() as engine:
        columns = {row[0]: row[1] for row in engine.execute(f"DESCRIBE SELECT * FROM '{source}'").fetchall()}
        # PostgreSQL has no unsigned 64 bits.
        shown = ", ".join("instance::HUGEINT AS instance" if name == "instance" else name for name in columns)
        engine.execute(f"COPY (SELECT {shown} FROM '{source}') TO '{csv}' (FORMAT csv, HEADER false)")
    with PostgreSQL(scratch / "postgresql") as server, server.connect() as connection:
        types = {"VARCHAR": "text", "BIGINT": "bigint", "DOUBLE": "double precision", "BOOLEAN": "boolean"}
        typed = ", ".join(f"{name} {types.get(type_, 'numeric')}" for name, type_ in columns.items())
        began = time.monotonic()
        connection.execute(f"CREATE UNLOGGED TABLE events ({typed})")
        with connection.cursor().copy("COPY events FROM STDIN (FORMAT csv)") as copy, open(csv, "rb") as file:
            while block := file.read(1 << 20):
                copy.write(block)
        csv.unlink()
        connection.execute("CREATE INDEX ON events USING brin (ts)")
        connection.execute("ANALYZE events")
        filled = time.monotonic() - began
        [size] = connection.execute("SELECT pg_total_relation_size('events')").fetchone()
        yield lambda sql: connection.execute(sql).fetchall(), filled, size


@contextmanager
def _chdb(source: Path, scratch: Path) -> Iterator[Opened]:
    engine: Any = importlib.import_module("chdb.session").Session(str(scratch / "chdb"))

    def query(sql: str) -> Rows:
        rows = json.loads(str(engine.query(sql, "JSONCompact")))["data"]
        return [tuple(row) for row in rows]

    engine.query("CREATE DATABASE raw ENGINE = Atomic")
    engine.query("USE raw")
    began = time.monotonic()
    engine.query(
        "CREATE TABLE events ENGINE = MergeTree ORDER BY (event, ts) SETTINGS allow_nullable_key = 1 "
        f"AS SELECT * FROM file('{source}', Parquet)"
    )
    filled = time.monotonic() - began
    engine.query("SET max_threads = 2, output_format_json_quote_64bit_integers = 0, join_use_nulls = 1")
    [[size]] = query("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'raw'")
    yield query, filled, int(size)
    engine.close()


ENGINES = {
    "DuckDB": Raw(DUCKDB, _duckdb),
    "PostgreSQL": Raw(POSTGRESQL, _postgresql),
    "chDB": Raw(CLICKHOUSE, _chdb),
}

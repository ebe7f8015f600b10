"""Loading by the loader, beside DuckDB's own `read_json` of the same lines into a table with nothing else, in turn.

python -m bench.store.loading_beside_read [EVENTS]      prints one JSON object: events a second of both, by round

The loader checks checksums, finds repeated events, stores them by month, and adds them to every roll-up and table of
facts; the checkpoint counts. `read_json` has the columns' types given, and checks nothing.
"""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import msgspec

from bench.results import ROOT
from bench.store.journals import CATALOGUES, Base, Copies, write_day
from footfall_collector.runtime import Status
from footfall_collector.store import Loader
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet

ROUNDS, EVENTS = 3, 150_000
SCRATCH = ROOT / ".artefacts"
"""On the same disk as the repository: a directory for temporary files may be memory."""
_MEMORY, _THREADS = "512MB", 2


def _journal(directory: Path, events: int) -> int:
    """Write the segments of a fleet; the number of lines."""
    base = Base(directory / "base")
    base.make(Fleet(instances=max(20, events // 400), days=30, busy=5.0))
    (directory / "journal").mkdir()
    number = 0
    for day in base.days:
        number = write_day(day, Copies(), directory / "journal", number)
    return sum(path.read_bytes().count(b"\n") for path in (directory / "journal").glob("*.jsonl"))


def _load(directory: Path, data: Path) -> float:
    """Seconds."""
    shutil.copytree(directory / "journal", data / "journal")
    store = DuckStore(data, CATALOGUES, _MEMORY, _THREADS)
    loader = Loader(store, data / "journal", Status())
    began = time.perf_counter()
    while loader.run_once():
        pass
    loader.checkpoint()
    took = time.perf_counter() - began
    store.close()
    return took


def _read(directory: Path, data: Path) -> float:
    """Seconds."""
    connection = duckdb.connect(data / "read.duckdb", config={"memory_limit": _MEMORY, "threads": _THREADS})
    segments = sorted(map(str, (directory / "journal").glob("*.jsonl")))
    columns = _columns(Path(segments[0]))
    began = time.perf_counter()
    connection.execute(
        "CREATE TABLE events AS SELECT * FROM read_json($1, format = 'newline_delimited', columns = "
        f"{{{', '.join(f'{name}: {kind!r}' for name, kind in columns.items())}}})",
        [segments],
    )
    connection.execute("CHECKPOINT")
    took = time.perf_counter() - began
    connection.close()
    return took


def _columns(segment: Path) -> dict[str, str]:
    """The keys of a segment's lines, with DuckDB's types."""
    kinds = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE"}
    columns: dict[str, str] = {}
    for line in segment.read_bytes().splitlines():
        for name, value in msgspec.json.decode(line).items():
            columns.setdefault(name, kinds.get(type(value), "VARCHAR"))
    return columns


def measured(events: int = EVENTS) -> dict[str, list[float]]:
    """Events a second of `loader` and `read_json`, by round."""
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        directory = Path(scratch)
        lines = _journal(directory, events)
        rates: dict[str, list[float]] = {"loader": [], "read_json": []}
        for number in range(ROUNDS):
            for name, subject in (("loader", _load), ("read_json", _read)):
                data = directory / f"{name}-{number}"
                data.mkdir()
                rates[name].append(round(lines / subject(directory, data)))
                shutil.rmtree(data)
    return rates


def main() -> None:
    """Measure, and print it."""
    print(json.dumps(measured(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)))


if __name__ == "__main__":
    main()

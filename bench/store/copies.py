"""Makes a large store from a small one within the engine: minutes in place of hours of loading.

The rows are those that the loader would write: the copies of a day are one load, appended and rolled up by the
collector's own code. Only the journal is left out.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

from bench.store.journals import CATALOGUES, Change, Copies, report_progress
from footfall_collector.store.duckdb import load_batch, rollup_tables
from footfall_collector.store.duckdb.month_files import DatabaseFiles
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.world import DAY

_DAYS_A_ROLL_UP = 10
_MEMORY = "1GB"
_NOTE = "multiplied.json"


def multiply(data: Path, copies: Copies, threads: int) -> int:
    """Add all copies but the first to a checkpointed store; returns the number of added events.

    An interrupted run continues where it was: a month's file records its latest load.
    """
    store = DuckStore(data, CATALOGUES, _MEMORY, threads)
    files, note = store.files, data / _NOTE
    done = (
        json.loads(note.read_text())
        if note.exists()
        else {"base": rollup_tables.last_rolled_load(files.writer), "days": 0, "added": 0}
    )
    [[first, last]] = files.writer.execute(
        f"SELECT min(low), max(high) FROM ({' UNION ALL '.join(_ends(files, done['base']))})"
    ).fetchall()
    _remember(files, copies.changes[1:], copies.seed)
    starts = range(first // DAY * DAY, last + 1, DAY)
    for number in range(done["days"], len(starts)):
        done["added"] += _day(files, starts[number], done["base"], done["base"] + 1 + number)
        done["days"] = number + 1
        note.write_text(json.dumps(done))
        if number % _DAYS_A_ROLL_UP == 0 or number == len(starts) - 1:
            rollup_tables.roll_up(files, done["base"] + 1 + number, lambda _: None)
            files.checkpoint()
            report_progress(f"day {number + 1} of {len(starts)}: {done['added']:,} copies")
    store.close()
    return int(done["added"])


def _ends(files: DatabaseFiles, base: int) -> list[str]:
    return [
        f"SELECT min(ts) AS low, max(ts) AS high FROM {month.events} WHERE load <= {base}"
        for month in files.months.values()
    ]


def _remember(files: DatabaseFiles, changes: Sequence[Change], seed: int) -> None:
    """Write the copies into a table. All bits of a UUID differ, so that copies compress no better than real UUIDs."""
    rng = Random(f"footfall/multiplying/{seed}")
    files.writer.execute("CREATE OR REPLACE TEMP TABLE changes (uuids UHUGEINT, instances UBIGINT, back BIGINT)")
    for change in changes:
        files.writer.execute(
            "INSERT INTO changes VALUES (?, ?, ?)", [rng.getrandbits(128), change.instance, change.back]
        )


def _day(files: DatabaseFiles, start: int, base: int, load: int) -> int:
    """Append the copies of one day's events as one load."""
    made = {
        "load": f"{load}::BIGINT",
        "uuid": "xor(uuid::UHUGEINT, uuids)::UUID",
        "ts": "ts - back",
        "sent": "sent - back",
        "instance": "xor(instance, instances)",
    }
    values = ", ".join(f"{made.get(name, name)} AS {name}" for name in files.columns)
    rows = " UNION ALL ".join(
        f"SELECT * FROM {found.events} WHERE load <= {base} AND ts >= {start} AND ts < {start + DAY}"
        for found in files.months.values()
    )
    files.writer.execute(f"CREATE OR REPLACE TEMP TABLE batch AS SELECT {values} FROM ({rows}), changes")
    [[count]] = files.writer.execute("SELECT count(*) FROM batch").fetchall()
    for name in load_batch.count_by_month(files):
        load_batch.append_to_month(files, files.month(name), load)
    return int(count)

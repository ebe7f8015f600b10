"""A big store from a small one, within the engine: hours of journal loading in minutes.

The rows are those that the loader would have written: a day's copies together, appended by the loader's own code under
a load number of their own, rolled up by the roll-up's own code. Only their way through the journal is left out.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

from bench.store.journals import CATALOGUES, Change, Copies, told
from footfall_collector.store.duckdb import load_batch as batch
from footfall_collector.store.duckdb import rollup_tables as rolling
from footfall_collector.store.duckdb.month_files import Files
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.world import DAY

_DAYS_A_ROLL_UP = 10
_MEMORY = "1GB"
_NOTE = "multiplied.json"


def multiply(data: Path, copies: Copies, threads: int) -> int:
    """Add to a settled store all copies of its events but the first; returns how many were added.

    What was begun and cut short goes on where it was: a month's file knows the latest load that it has.
    """
    store = DuckStore(data, CATALOGUES, _MEMORY, threads)
    files, note = store.files, data / _NOTE
    done = (
        json.loads(note.read_text()) if note.exists() else {"base": rolling.rolled(files.writer), "days": 0, "added": 0}
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
            rolling.roll_up(files, done["base"] + 1 + number, lambda _: None)
            files.checkpoint()
            told(f"day {number + 1} of {len(starts)}: {done['added']:,} copies")
    store.close()
    return int(done["added"])


def _ends(files: Files, base: int) -> list[str]:
    return [
        f"SELECT min(ts) AS low, max(ts) AS high FROM {month.events} WHERE load <= {base}"
        for month in files.months.values()
    ]


def _remember(files: Files, changes: Sequence[Change], seed: int) -> None:
    """The copies as a table. A UUID differs in all its bits here, so that none compresses better than a real one."""
    rng = Random(f"footfall/multiplying/{seed}")
    files.writer.execute("CREATE OR REPLACE TEMP TABLE changes (uuids UHUGEINT, instances UBIGINT, back BIGINT)")
    for change in changes:
        files.writer.execute(
            "INSERT INTO changes VALUES (?, ?, ?)", [rng.getrandbits(128), change.instance, change.back]
        )


def _day(files: Files, start: int, base: int, load: int) -> int:
    """Append the copies of one day's events as one load."""
    made = {
        "load": f"{load}::BIGINT",
        "uuid": "xor(uuid::UHUGEINT, uuids)::UUID",
        "ts": "ts - back",
        "sent": "sent - back",
        "instance": "xor(instance, instances)",
    }
    values = ", ".join(f"{made.get(name, name)} AS {name}" for name in files.columns)
    month = "strftime(make_timestamp((ts - back) * 1000000), '%Y-%m') AS month"
    rows = " UNION ALL ".join(
        f"SELECT * FROM {found.events} WHERE load <= {base} AND ts >= {start} AND ts < {start + DAY}"
        for found in files.months.values()
    )
    files.writer.execute(f"CREATE OR REPLACE TEMP TABLE batch AS SELECT {values}, {month} FROM ({rows}), changes")
    [[count]] = files.writer.execute("SELECT count(*) FROM batch").fetchall()
    for name in batch.months_in(files):
        batch.append(files, files.month(name), load)
    return int(count)

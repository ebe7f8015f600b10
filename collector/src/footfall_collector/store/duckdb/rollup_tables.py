"""The roll-up tables: extended by each load, created if missing, recomputed on request."""

from collections.abc import Callable, Sequence

import duckdb

from ..interface import StepHook
from ..rollups import TABLES, RollupTable
from .file_exchange import FileExchange, fresh_path
from .month_files import DatabaseFiles
from .relations import ROLLUP_FILE, merge_statement, rollup_query

FRESH_FILE = "fresh"
"""The SQL name of the fresh file that will replace another one."""


def last_rolled_load(connection: duckdb.DuckDBPyConnection) -> int:
    """The latest load that the roll-ups hold; they hold all loads before it too."""
    [[load]] = connection.execute(f"SELECT rolled FROM {ROLLUP_FILE}.state").fetchall()  # noqa: S608 - our alias
    return int(load)


def roll_up(files: DatabaseFiles, last_load: int, step: StepHook) -> int:
    """Add the events of loads up to `last_load` to all roll-ups, in one transaction; returns their number."""
    rolled = last_rolled_load(files.writer)
    if last_load <= rolled:
        return 0
    tables = [month.events for month in files.months.values() if month.last_load > rolled]
    where = [f"load > {rolled}", f"load <= {last_load}"]
    step("roll up")
    added = 0
    with files.transaction() as writer:
        for rollup in TABLES:
            fill_delta(files, rollup, tables, where)
            periods = [period for (period,) in writer.execute(f"SELECT DISTINCT {rollup.period} FROM delta").fetchall()]  # noqa: S608 - a column's name
            if periods:
                writer.execute(merge_statement(rollup, "delta", periods))
            if rollup.name == "event_counts":
                [[added]] = writer.execute("SELECT coalesce(sum(n), 0)::BIGINT FROM delta").fetchall()
        writer.execute(f"UPDATE {ROLLUP_FILE}.state SET rolled = {last_load}")  # noqa: S608 - a number
        step("rolled up")
    return int(added)


def fill_delta(files: DatabaseFiles, rollup: RollupTable, tables: Sequence[str], where: Sequence[str]) -> None:
    """Fill the writer's table `delta` with the rows that raw events of some tables add to a roll-up."""
    files.writer.execute(f"CREATE OR REPLACE TEMP TABLE delta AS {delta_query(rollup, tables, where)}")


def delta_query(rollup: RollupTable, tables: Sequence[str], where: Sequence[str]) -> str:
    """The query for a roll-up's rows over the raw events of some tables."""
    if not tables:
        columns = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in rollup.columns().items())
        return f"SELECT {columns} LIMIT 0"
    parts = " UNION ALL ".join(rollup_query(rollup, table, where) for table in tables)
    # A block can reach into two months, so its rows can come from two tables.
    sums = ", ".join(f"{'bit_or' if rollup.is_presence else 'sum'}({name})::BIGINT AS {name}" for name in rollup.values)
    return f"SELECT {', '.join(rollup.keys)}, {sums} FROM ({parts}) GROUP BY ALL"  # noqa: S608 - our own words


def write_fresh_file(files: DatabaseFiles, rows: Callable[[RollupTable], str]) -> None:
    """Write a fresh roll-up file next to the one in use; `rows` gives the query for each roll-up's rows."""
    with files.attached(fresh_path(files.rollup_path), FRESH_FILE):
        for rollup in TABLES:
            source = f"SELECT {', '.join(rollup.columns())} FROM ({rows(rollup)}) ORDER BY {rollup.period}"  # noqa: S608 - our own words
            files.writer.execute(_create_statement(rollup, FRESH_FILE))
            files.writer.execute(f"INSERT INTO {FRESH_FILE}.{rollup.name} BY NAME {source}")
        copy_tables(files, ROLLUP_FILE, ("meta", "state", "loads"))


def copy_tables(files: DatabaseFiles, source: str, tables: Sequence[str]) -> None:
    """Copy tables of an attached file into the fresh one."""
    for table in tables:
        files.writer.execute(f"CREATE TABLE {FRESH_FILE}.{table} AS SELECT * FROM {source}.{table}")  # noqa: S608 - our own words


def rebuild(files: DatabaseFiles, step: StepHook) -> None:
    """Recompute all roll-ups, in a fresh file, from the raw events of the loads that they hold."""
    tables = [month.events for month in files.months.values()]
    where = [f"load <= {last_rolled_load(files.writer)}"]
    write_fresh_file(files, lambda rollup: delta_query(rollup, tables, where))
    step("fresh rollups")
    files.exchange(FileExchange(replaced=(files.rollup_path.name,)), step)


def create_missing(files: DatabaseFiles) -> None:
    """Create tables that an earlier version didn't have, filled from the raw events in the same transaction."""
    names = files.writer.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = $name", {"name": ROLLUP_FILE}
    ).fetchall()
    present = {name for (name,) in names}
    tables = [month.events for month in files.months.values()]
    with files.transaction() as writer:
        last_load = last_rolled_load(writer)
        for rollup in TABLES:
            if rollup.name not in present:
                writer.execute(_create_statement(rollup, ROLLUP_FILE))
                _fill(files, rollup, tables, last_load)


def _create_statement(rollup: RollupTable, database: str) -> str:
    columns = ", ".join(f"{name} {type_}" for name, type_ in rollup.columns().items())
    return f"CREATE TABLE {database}.{rollup.name} ({columns})"


def _fill(files: DatabaseFiles, rollup: RollupTable, tables: Sequence[str], last_load: int) -> None:
    fill_delta(files, rollup, tables, [f"load <= {last_load}"])
    columns = ", ".join(rollup.columns())
    files.writer.execute(
        f"INSERT INTO {ROLLUP_FILE}.{rollup.name} ({columns}) SELECT {columns} FROM delta ORDER BY {rollup.period}"  # noqa: S608 - our own words
    )

"""How the rollup tables follow from raw events: added to step by step, made where they are missing, made anew."""

from collections.abc import Callable, Sequence

import duckdb

from ..rollups import TABLES, Rollup
from .file_exchange import Exchange, fresh
from .month_files import Files
from .relations import ROLLUP_FILE, counted, merged

FRESH_FILE = "fresh"
"""The name in SQL of a file that is written to take another one's place."""


def rolled(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the latest load that the rollups hold; they hold all before it too."""
    [[load]] = connection.execute(f"SELECT rolled FROM {ROLLUP_FILE}.state").fetchall()  # noqa: S608 - our alias
    return int(load)


def roll_up(files: Files, upto: int, step: Callable[[str], None]) -> int:
    """Add the events of loads up to `upto` to all rollups, in one transaction; returns how many they are."""
    since = rolled(files.writer)
    if upto <= since:
        return 0
    tables = [month.events for month in files.months.values() if month.last_load > since]
    where = [f"load > {since}", f"load <= {upto}"]
    step("roll up")
    added = 0
    with files.transaction() as writer:
        for rollup in TABLES:
            delta(files, rollup, tables, where)
            period = [p for (p,) in writer.execute(f"SELECT DISTINCT {rollup.period} FROM delta").fetchall()]  # noqa: S608 - a column's name
            if period:
                writer.execute(merged(rollup, "delta", period))
            if rollup.name == "event_counts":
                [[added]] = writer.execute("SELECT coalesce(sum(n), 0)::BIGINT FROM delta").fetchall()
        writer.execute(f"UPDATE {ROLLUP_FILE}.state SET rolled = {upto}")  # noqa: S608 - a number
        step("rolled up")
    return int(added)


def delta(files: Files, rollup: Rollup, tables: Sequence[str], where: Sequence[str]) -> None:
    """Fill the writer's table `delta` with what raw events of some tables add to a rollup."""
    files.writer.execute(f"CREATE OR REPLACE TEMP TABLE delta AS {_added(rollup, tables, where)}")


def _added(rollup: Rollup, tables: Sequence[str], where: Sequence[str]) -> str:
    """The query whose rows are what raw events of some tables add to a rollup."""
    if not tables:
        columns = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in rollup.columns().items())
        return f"SELECT {columns} LIMIT 0"
    parts = " UNION ALL ".join(counted(rollup, table, where) for table in tables)
    # A month's end falls into a block, so a block's rows may come from two tables.
    sums = ", ".join(f"{'bit_or' if rollup.presence else 'sum'}({name})::BIGINT AS {name}" for name in rollup.values)
    return f"SELECT {', '.join(rollup.keys)}, {sums} FROM ({parts}) GROUP BY ALL"  # noqa: S608 - our own words


def write_fresh(files: Files, rows: Callable[[Rollup], str]) -> None:
    """Write a fresh rollup file beside the one in use, with what a query gives for each rollup."""
    with files.attached(fresh(files.rollup_path), FRESH_FILE):
        for rollup in TABLES:
            source = f"SELECT {', '.join(rollup.columns())} FROM ({rows(rollup)}) ORDER BY {rollup.period}"  # noqa: S608 - our own words
            files.writer.execute(_created(rollup, FRESH_FILE))
            files.writer.execute(f"INSERT INTO {FRESH_FILE}.{rollup.name} BY NAME {source}")
        copy(files, ROLLUP_FILE, ("meta", "state", "loads"))


def copy(files: Files, source: str, tables: Sequence[str]) -> None:
    """Copy tables of an attached file into the fresh one."""
    for table in tables:
        files.writer.execute(f"CREATE TABLE {FRESH_FILE}.{table} AS SELECT * FROM {source}.{table}")  # noqa: S608 - our own words


def rebuild(files: Files, step: Callable[[str], None]) -> None:
    """Make all rollups anew, in a fresh file, from the raw events of the loads that they hold."""
    tables = [month.events for month in files.months.values()]
    where = [f"load <= {rolled(files.writer)}"]
    write_fresh(files, lambda rollup: _added(rollup, tables, where))
    step("fresh rollups")
    files.exchange(Exchange(replaced=(files.rollup_path.name,)), step)


def make_missing(files: Files) -> None:
    """Tables that an earlier version didn't have, filled from the raw events in the same transaction."""
    found = files.writer.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = $name", {"name": ROLLUP_FILE}
    ).fetchall()
    present = {name for (name,) in found}
    tables = [month.events for month in files.months.values()]
    with files.transaction() as writer:
        upto = rolled(writer)
        for rollup in TABLES:
            if rollup.name not in present:
                writer.execute(_created(rollup, ROLLUP_FILE))
                _fill(files, rollup, tables, upto)


def _created(rollup: Rollup, database: str) -> str:
    """The statement that makes a rollup's table."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in rollup.columns().items())
    return f"CREATE TABLE {database}.{rollup.name} ({columns})"


def _fill(files: Files, rollup: Rollup, tables: Sequence[str], upto: int) -> None:
    delta(files, rollup, tables, [f"load <= {upto}"])
    columns = ", ".join(rollup.columns())
    files.writer.execute(
        f"INSERT INTO {ROLLUP_FILE}.{rollup.name} ({columns}) SELECT {columns} FROM delta ORDER BY {rollup.period}"  # noqa: S608 - our own words
    )

"""The roll-up tables: extended by each load, created if missing, recomputed on request."""

import logging
from collections.abc import Callable, Sequence

import duckdb

from ..interface import StepHook
from ..periods import DAY_SECONDS, block_number
from ..rollups import RollupTable
from .file_exchange import FileExchange, fresh_path
from .month_files import DatabaseFiles
from .relations import ROLLUP_FILE, derived_query, finer_rollups, merge_statement, rollup_query
from .schema_migrations import column_types

_log = logging.getLogger(__name__)

_FACTS = ("facts_", "numbers_")
"""How the names of the catalogues' tables begin, and of others that not every version extends."""
_FACTS_NOTE = "facts"
"""Row of the roll-ups' table `meta`: the latest load in the catalogues' tables."""
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
    counted = _events_by_day(files, tables, where)
    finer = _finer_rollups(files, {event for event, _ in counted})
    sources = {source.name for each in finer.values() for source in each}
    with files.transaction() as writer:
        for rollup in sorted(files.rollups, key=lambda rollup: rollup.name not in sources):
            days = {day for event, day in counted if rollup.event in (None, event)}
            if days:
                periods = sorted({block_number(day) for day in days} if rollup.is_presence else days)
                delta = _delta_of(rollup.name) if rollup.name in sources else "delta"
                rows = [(source, _delta_of(source.name)) for source in finer[rollup.name]]
                query = derived_query(rollup, rows) if rows else delta_query(rollup, tables, where)
                writer.execute(f"CREATE OR REPLACE TEMP TABLE {delta} AS {query}")
                writer.execute(merge_statement(rollup, delta, periods))
        for source in sources:
            writer.execute(f"DROP TABLE temp.{_delta_of(source)}")
        writer.execute(f"UPDATE {ROLLUP_FILE}.state SET rolled = {last_load}")  # noqa: S608 - a number
        _note_facts(files, last_load)
        step("rolled up")
    return sum(counted.values())


def _finer_rollups(files: DatabaseFiles, events: set[str]) -> dict[str, list[RollupTable]]:
    """Name of a roll-up to those that its rows of these events follow from; none where they come from raw events."""
    finer = {rollup.name: finer_rollups(rollup, events, files.rollups) for rollup in files.rollups}
    # In one step: what follows from others is no source.
    return {name: [] if any(finer[source.name] for source in found) else found for name, found in finer.items()}


def _delta_of(rollup: str) -> str:
    return f"delta_{rollup}"


def _events_by_day(files: DatabaseFiles, tables: Sequence[str], where: Sequence[str]) -> dict[tuple[str, int], int]:
    """(Name, day) to the number of some raw events."""
    parts = " UNION ALL ".join(f"SELECT event, ts FROM {table} WHERE {' AND '.join(where)}" for table in tables)  # noqa: S608 - our own words
    if not parts:
        return {}
    query = f"SELECT event, ts // {DAY_SECONDS}, count(*) FROM ({parts}) GROUP BY ALL"  # noqa: S608 - our own words
    return {(event, day): n for event, day, n in files.writer.execute(query).fetchall()}


def fill_delta(files: DatabaseFiles, rollup: RollupTable, tables: Sequence[str], where: Sequence[str]) -> None:
    """Fill the writer's table `delta` with the rows that raw events of some tables add to a roll-up."""
    files.writer.execute(f"CREATE OR REPLACE TEMP TABLE delta AS {delta_query(rollup, tables, where)}")


def delta_query(rollup: RollupTable, tables: Sequence[str], where: Sequence[str]) -> str:
    """The query for a roll-up's rows over the raw events of some tables."""
    if not tables:
        columns = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in rollup.columns().items())
        return f"SELECT {columns} LIMIT 0"
    parts = " UNION ALL ".join(rollup_query(rollup, table, where) for table in tables)
    if rollup.period == "day":
        return f"SELECT {', '.join(rollup.columns())} FROM ({parts})"  # noqa: S608 - our own words
    # A block can reach into two months, so its rows can come from two tables.
    sums = ", ".join(f"{rollup.added(name)}({name})::BIGINT AS {name}" for name in rollup.values)
    return f"SELECT {', '.join(rollup.keys)}, {sums} FROM ({parts}) GROUP BY ALL"  # noqa: S608 - our own words


def write_fresh_file(files: DatabaseFiles, rows: Callable[[RollupTable], str]) -> None:
    """Write a fresh roll-up file next to the one in use; `rows` gives the query for each roll-up's rows."""
    with files.attached(fresh_path(files.rollup_path), FRESH_FILE):
        for rollup in files.rollups:
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
    """Create tables that an earlier version or catalogue didn't have, filled from the raw events.

    A table whose columns are others than the catalogue's gets them. Each table is one transaction, so that a long
    migration goes on where it was cut short.
    """
    stored, last_load = _rollup_columns(files), last_rolled_load(files.writer)
    if _facts_load(files) != last_load:
        # A version that doesn't know these tables has rolled up loads since.
        stored = {name: columns for name, columns in stored.items() if not name.startswith(_FACTS)}
    missing = [rollup for rollup in files.rollups if stored.get(rollup.name) != set(rollup.columns())]
    for name in stored.keys() - {rollup.name for rollup in files.rollups}:
        # Of an event that the catalogues no longer have: what is deleted from now on would stay in it.
        if name.startswith(_FACTS):
            files.writer.execute(f"DROP TABLE {ROLLUP_FILE}.{name}")
    tables = [month.events for month in files.months.values()]
    for number, rollup in enumerate(missing, 1):
        if last_load:
            _log.info("store: counting %s from what is stored, table %d of %d", rollup.name, number, len(missing))
        with files.transaction() as writer:
            present = stored.get(rollup.name)
            if present is None or _has_raw_values(files, rollup, present, tables):
                fill_delta(files, rollup, tables, [f"load <= {last_load}"])
            else:
                writer.execute(f"CREATE OR REPLACE TEMP TABLE delta AS {_regrouped(rollup, present)}")
            writer.execute(f"DROP TABLE IF EXISTS {ROLLUP_FILE}.{rollup.name}")
            writer.execute(_create_statement(rollup, ROLLUP_FILE))
            columns = ", ".join(rollup.columns())
            rows = f"SELECT {columns} FROM delta ORDER BY {rollup.period}"  # noqa: S608 - our own words
            writer.execute(f"INSERT INTO {ROLLUP_FILE}.{rollup.name} ({columns}) {rows}")
    if _facts_load(files) != last_load:
        with files.transaction():
            _note_facts(files, last_load)


def _facts_load(files: DatabaseFiles) -> int | None:
    """The latest load that the fact tables hold; None where they don't say so."""
    row = files.writer.execute(f"SELECT value FROM {ROLLUP_FILE}.meta WHERE name = '{_FACTS_NOTE}'").fetchone()  # noqa: S608 - our alias
    return None if row is None else int(row[0])


def _note_facts(files: DatabaseFiles, load: int) -> None:
    files.writer.execute(f"DELETE FROM {ROLLUP_FILE}.meta WHERE name = '{_FACTS_NOTE}'")  # noqa: S608 - our alias
    files.writer.execute(f"INSERT INTO {ROLLUP_FILE}.meta VALUES ('{_FACTS_NOTE}', '{load}')")  # noqa: S608 - numbers


def stored_columns(files: DatabaseFiles) -> dict[str, str]:
    """Name to type of the raw events' columns in all months: the catalogues', then those of retired properties."""
    columns = dict(files.columns)
    for month in files.months.values():
        columns |= column_types(files.writer, month.events)
    return columns


def _rollup_columns(files: DatabaseFiles) -> dict[str, set[str]]:
    """Table of the roll-up file to the names of its columns."""
    rows = files.writer.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = $name", {"name": ROLLUP_FILE}
    ).fetchall()
    tables: dict[str, set[str]] = {}
    for table, column in rows:
        tables.setdefault(table, set()).add(column)
    return tables


def _has_raw_values(files: DatabaseFiles, rollup: RollupTable, present: set[str], tables: Sequence[str]) -> bool:
    """Whether raw events have values for columns that a stored table lacks: a property that was retired before."""
    added = [rollup.raw.get(key, key) for key in rollup.keys if key not in present]
    carried = " OR ".join(f"{column} IS NOT NULL" for column in added)
    queries = (f"SELECT 1 FROM {table} WHERE event = $event AND ({carried}) LIMIT 1" for table in tables)  # noqa: S608 - our columns
    event = {"event": rollup.event}
    return bool(added) and any(files.writer.execute(query, event).fetchall() for query in queries)


def _regrouped(rollup: RollupTable, present: set[str]) -> str:
    """The query for a table's rows with the catalogue's columns, from its rows with the columns `present`."""
    keys = ", ".join(key if key in present else f"'' AS {key}" for key in rollup.keys)
    values = ", ".join(f"{rollup.added(name)}({name})::BIGINT AS {name}" for name in rollup.values)
    return f"SELECT {keys}, {values} FROM {ROLLUP_FILE}.{rollup.name} GROUP BY ALL"  # noqa: S608 - our own words


def _create_statement(rollup: RollupTable, database: str) -> str:
    columns = ", ".join(f"{name} {type_}" for name, type_ in rollup.columns().items())
    return f"CREATE TABLE {database}.{rollup.name} ({columns})"

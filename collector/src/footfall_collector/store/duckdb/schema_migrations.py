"""Checks what a file's table `meta` says and which columns it has, and brings earlier files to the present schema.

Each file records its schema number, and there is one step for each released schema. A step and the new number are one
transaction, so a migration that is cut short continues at the next start. A released step is never changed; the tests
keep a store of every released schema.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from ..columns import check_spelling, other_spelling
from ..interface import StoreError
from ..periods import DAY_SECONDS

SCHEMA = 2
"""Version of the files' layout. A property that is added or retired is a column, not a new version."""

MigrationStep = Callable[[duckdb.DuckDBPyConnection, str], None]


def check_schema(connection: duckdb.DuckDBPyConnection, alias: str, path: Path) -> None:
    """Bring the attached file to `SCHEMA`. Raises StoreError if it is of a newer version."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS {alias}.meta (name VARCHAR, value VARCHAR)")
    row = connection.execute(f"SELECT value FROM {alias}.meta WHERE name = 'schema'").fetchone()  # noqa: S608 - our alias
    if row is None:
        connection.execute(f"INSERT INTO {alias}.meta VALUES ('schema', '{SCHEMA}')")  # noqa: S608 - our alias
    elif int(row[0]) > SCHEMA:
        raise StoreError(f"{path} was written by a newer version (schema {row[0]}); update footfall-collector")
    else:
        migrate(connection, alias, int(row[0]))


def check_pepper(connection: duckdb.DuckDBPyConnection, alias: str, fingerprint: str, directory: Path) -> None:
    """Record the pepper that instances are hashed with. Raises StoreError if the attached file has another one."""
    known = connection.execute(f"SELECT value FROM {alias}.meta WHERE name = 'pepper'").fetchone()  # noqa: S608 - our alias
    if known is None:
        connection.execute(f"INSERT INTO {alias}.meta VALUES ('pepper', $value)", {"value": fingerprint})  # noqa: S608 - our alias
    elif known[0] != fingerprint:
        raise StoreError(
            f"{directory} was filled with another pepper, so all instances would count as new: restore the "
            "file `pepper` (or FOOTFALL_PEPPER) from a backup, or use an empty data directory"
        )


def column_types(connection: duckdb.DuckDBPyConnection, events: str) -> dict[str, str]:
    """Name to type of all columns of a table of events."""
    return {row[0]: row[1] for row in connection.execute(f"DESCRIBE {events}").fetchall()}


def add_columns(connection: duckdb.DuckDBPyConnection, events: str, columns: Mapping[str, str], path: Path) -> None:
    """Add the columns that a month's table of events lacks. Raises StoreError if one has another type or spelling."""
    present = column_types(connection, events)
    for column, type_ in columns.items():
        if column not in present:
            check_spelling(path, column, present)
            connection.execute(f"ALTER TABLE {events} ADD COLUMN {column} {type_}")
        elif present[column] != type_:
            raise StoreError(
                f"{path}: `{column}` is kept as {present[column]}, but the catalogue says {type_}: "
                "give the changed property another name"
            )


def check_types(connection: duckdb.DuckDBPyConnection, events: str, stored: Mapping[str, str]) -> None:
    """Raise StoreError if the store has a column of the trash otherwise: with the month, the store would not open."""
    for name, type_ in column_types(connection, events).items():
        if spelled := None if name in stored else other_spelling(name, stored):
            raise StoreError(
                f"the month in the trash keeps `{name}`, and the store has it as `{spelled}`: "
                "write the property as before, then restore the month"
            )
        if stored.get(name, type_) != type_:
            raise StoreError(
                f"the month in the trash keeps `{name}` as {type_}, and the store has it as {stored[name]}: "
                "give the changed property another name, then restore the month"
            )


def migrate(connection: duckdb.DuckDBPyConnection, alias: str, schema: int) -> None:
    """Bring an attached file from `schema` to `SCHEMA`. Raises duckdb.Error; no step is half done then."""
    for earlier in range(schema, SCHEMA):
        connection.execute("BEGIN")
        try:
            _STEPS[earlier](connection, alias)
            connection.execute(f"UPDATE {alias}.meta SET value = '{earlier + 1}' WHERE name = 'schema'")  # noqa: S608 - our alias
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _list_days(connection: duckdb.DuckDBPyConnection, alias: str) -> None:
    """1 to 2: a month's file lists the days of `sent` in it. In schema 1 each start read them from all events."""
    names = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = $name", {"name": alias}
    ).fetchall()
    if ("events",) in names:
        connection.execute(
            f"CREATE TABLE {alias}.sent_days AS SELECT DISTINCT sent // {DAY_SECONDS} AS day FROM {alias}.events"  # noqa: S608 - our alias
        )


_STEPS: dict[int, MigrationStep] = {1: _list_days}
"""The schema that a step starts from, and the step."""

"""Brings files of an earlier schema to the present one: one step for each released schema.

Each file records its schema number. A step and the new number are one transaction, so a migration that is cut short
continues at the next start. A released step is never changed; the tests keep a store of every released schema.
"""

from collections.abc import Callable

import duckdb

from ..periods import DAY_SECONDS

SCHEMA = 2
"""Version of the files' layout. A property that is added or retired is a column, not a new version."""

MigrationStep = Callable[[duckdb.DuckDBPyConnection, str], None]


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

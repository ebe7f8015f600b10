"""How a file of an earlier schema becomes one of the present: one step for each schema that was released.

Each file has its own number, and a step and the new number are one transaction, so a migration that is cut short goes
on at the next start. Steps are never changed; a store of every released schema is kept for the tests.
"""

from collections.abc import Callable

import duckdb

from ..periods import DAY

SCHEMA = 2
"""Version of the files' layout. A property more or less is no new version; it is a column."""

Step = Callable[[duckdb.DuckDBPyConnection, str], None]


def migrate(connection: duckdb.DuckDBPyConnection, alias: str, found: int) -> None:
    """Bring an attached file from schema `found` to the present one. Raises duckdb.Error; a step is done or not."""
    for schema in range(found, SCHEMA):
        connection.execute("BEGIN")
        try:
            _STEPS[schema](connection, alias)
            connection.execute(f"UPDATE {alias}.meta SET value = '{schema + 1}' WHERE name = 'schema'")  # noqa: S608 - our alias
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _list_days(connection: duckdb.DuckDBPyConnection, alias: str) -> None:
    """1 to 2: a month's file lists the days of `sent` that occur in it. Before, each start read all its events."""
    names = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = $name", {"name": alias}
    ).fetchall()
    if ("events",) in names:
        connection.execute(
            f"CREATE TABLE {alias}.sent_days AS SELECT DISTINCT sent // {DAY} AS day FROM {alias}.events"  # noqa: S608 - our alias
        )


_STEPS: dict[int, Step] = {1: _list_days}
"""By the schema that a step begins with."""

"""Checks that a database file of a backup has plain tables and nothing else, before the store opens it.

The store runs SQL on the file's names. A view in place of a table would run a stranger's SQL, which can read files; so
would a trigger, a generated column or a default. The file is opened read-only by an engine that may read no other file
and load no extension.
"""

import re
from pathlib import Path

import duckdb

from ...runtime import ControlError

_NOT_ALLOWED = ("views", "functions", "sequences", "types", "indexes", "constraints", "triggers", "schemas")
_TYPES = frozenset({"BIGINT", "BOOLEAN", "DOUBLE", "INTEGER", "UBIGINT", "UUID", "VARCHAR"})
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,127}")
_SEGMENT = re.compile(r"[0-9]{12}\.jsonl")


def check_database(path: Path, max_schema: int) -> None:
    """Raises ControlError for a file that is no database, is of a newer schema, or has more than plain tables."""
    try:
        with duckdb.connect(":memory:") as connection:
            _confine(connection, path)
            connection.execute(f"ATTACH '{_quoted(path)}' AS checked (READ_ONLY)")
            problem = _problem(connection, max_schema)
    except duckdb.Error as error:
        raise ControlError(f"{path.name} is no database of a collector ({type(error).__name__})") from None
    if problem:
        raise ControlError(f"{path.name} {problem}; don't use this backup")


def _confine(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    quoted = _quoted(path)
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute(f"SET allowed_paths = ['{quoted}', '{quoted}.wal']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _problem(connection: duckdb.DuckDBPyConnection, max_schema: int) -> str:
    """What is wrong with the attached file, as the end of a sentence; empty where nothing is."""
    for kind in _NOT_ALLOWED:
        internal = " AND NOT internal" if kind in ("views", "functions", "types", "schemas") else ""
        [[count]] = connection.execute(
            f"SELECT count(*) FROM duckdb_{kind}() WHERE database_name = 'checked'{internal}"  # noqa: S608 - our own words
        ).fetchall()
        if count:
            return f"has {kind}, which no database of a collector has"
    columns = connection.execute(
        "SELECT table_name, column_name, data_type, column_default IS NOT NULL OR is_generated "
        "FROM duckdb_columns() WHERE database_name = 'checked'"
    ).fetchall()
    for table, column, type_, computed in columns:
        if not _NAME.fullmatch(table) or not _NAME.fullmatch(column) or type_ not in _TYPES or computed:
            return "has a table or a column that no database of a collector has"
    return _problem_of_content(connection, {(table, column) for table, column, _, _ in columns}, max_schema)


def _problem_of_content(connection: duckdb.DuckDBPyConnection, columns: set[tuple[str, str]], max_schema: int) -> str:
    if {("meta", "name"), ("meta", "value")} <= columns:
        for (schema,) in connection.execute("SELECT value FROM checked.meta WHERE name = 'schema'").fetchall():
            if not re.fullmatch(r"[0-9]{1,6}", str(schema)):
                return "has no number as its schema"
            if int(schema) > max_schema:
                raise ControlError(f"the backup is of a newer version (schema {schema}); update footfall-collector")
    if ("loads", "segment") in columns:
        for (segment,) in connection.execute("SELECT DISTINCT segment FROM checked.loads").fetchall():
            # The store opens the segments of its newest load by these names.
            if not _SEGMENT.fullmatch(str(segment)):
                return "names a segment that no journal has"
    return ""


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")

"""Brings a store's tables up to what this version needs, and checks that the store is one that it may use."""

import secrets

from ..interface import StoreError
from .connection import Connection
from .layout import EVENTS, Layout

SCHEMA = 1
"""Version of the tables. A property more is no new version; it is a column. Each other change is a step here."""


def prepare(connection: Connection, layout: Layout) -> list[str]:
    """Make what is missing; returns the tables that were made. Raises EngineError, StoreError.

    Nothing is altered where nothing is missing: DDL on a cluster waits for every server, and one may be down.
    """
    if not connection.execute(f"SELECT name FROM system.databases WHERE name = '{layout.database}'"):  # noqa: S608 - a checked name
        connection.execute(f"CREATE DATABASE IF NOT EXISTS `{layout.database}`{layout.on_cluster}")
    present = _present(connection, layout)
    made = []
    for name in layout.names():
        missing = layout.table(name) not in present or layout.local(name) not in present
        if missing:
            for statement in layout.create(name):
                connection.execute(statement)
            made.append(name)
        else:
            _add_columns(connection, layout, name, present[layout.table(name)])
    _check_schema(connection, layout)
    return made


def _present(connection: Connection, layout: Layout) -> dict[str, dict[str, str]]:
    """Columns of each table that there is, name to type."""
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        f"SELECT table, name, type FROM system.columns WHERE database = '{layout.database}'"  # noqa: S608 - a checked name
    )
    for table, name, type_ in rows:
        found.setdefault(layout.table(table), {})[name] = type_
    return found


def _add_columns(connection: Connection, layout: Layout, name: str, present: dict[str, str]) -> None:
    for column, type_ in layout.columns(name).items():
        if column not in present:
            for statement in layout.add_column(name, column):
                connection.execute(statement)
        elif name == EVENTS and _bare(present[column]) != _bare(type_):
            raise StoreError(
                f"{layout.table(name)}: `{column}` is kept as {present[column]}, but the catalogue says {type_}: "
                "give the changed property another name"
            )


def _bare(type_: str) -> str:
    """A type whether or not its words are kept once: a table of an older server may be read by a newer one."""
    return type_.removeprefix("LowCardinality(").rstrip(")")


def _check_schema(connection: Connection, layout: Layout) -> None:
    versions = [int(value) for value in _values(connection, layout, "schema")]
    if max(versions, default=SCHEMA) > SCHEMA:
        raise StoreError(
            f"the ClickHouse store was written by a newer version (schema {max(versions)}); update footfall-collector"
        )
    if SCHEMA not in versions:
        _note(connection, layout, "schema", str(SCHEMA))


def _values(connection: Connection, layout: Layout, name: str) -> list[str]:
    rows = connection.execute(
        f"SELECT DISTINCT value FROM {layout.table('meta')} WHERE name = '{name}' ORDER BY value"  # noqa: S608 - our own words
    )
    return [value for (value,) in rows]


def _note(connection: Connection, layout: Layout, name: str, value: str) -> None:
    connection.insert(layout.table("meta"), {"name": [name], "value": [value]})


def store_name(connection: Connection, layout: Layout) -> str:
    """A name that no other store has. Where two collectors made one at the same time, both take the first."""
    if not _values(connection, layout, "store"):
        _note(connection, layout, "store", secrets.token_hex(8))
    return _values(connection, layout, "store")[0]


def register(connection: Connection, layout: Layout, collector: int) -> None:
    """Tell the other collectors that this one writes too."""
    if str(collector) not in _values(connection, layout, "collector"):
        _note(connection, layout, "collector", str(collector))


def collectors(connection: Connection, layout: Layout) -> int:
    """How many collectors ever wrote this store."""
    return len(_values(connection, layout, "collector"))


def ask_rebuild(connection: Connection, layout: Layout) -> None:
    """Ask every collector of the store to make the counts of its loads anew."""
    _note(connection, layout, "rebuild", secrets.token_hex(8))


def rebuild_asked(connection: Connection, layout: Layout) -> int:
    """How many times that was asked for."""
    return len(_values(connection, layout, "rebuild"))


def check_pepper(connection: Connection, layout: Layout, fingerprint: str) -> None:
    """Remember which pepper the instances were hashed with. Raises StoreError where it was another one."""
    known = _values(connection, layout, "pepper")
    if not known:
        _note(connection, layout, "pepper", fingerprint)
        known = _values(connection, layout, "pepper")
    if known != [fingerprint]:
        raise StoreError(
            "the ClickHouse store was filled with another pepper, so all instances would be counted anew: give all its "
            "collectors the same file `pepper` (or FOOTFALL_PEPPER), or use an empty database"
        )


def replicas(connection: Connection, layout: Layout) -> int:
    """How many replicas each shard of the cluster has. Raises StoreError where there is no such cluster."""
    if not layout.cluster:
        return 1
    rows = connection.execute(
        f"SELECT max(replica_num) FROM system.clusters WHERE cluster = '{layout.cluster}' HAVING count() > 0"  # noqa: S608 - a checked name
    )
    if not rows:
        raise StoreError(
            f"store: the servers know no cluster `{layout.cluster}`; look into their table system.clusters"
        )
    return int(rows[0][0])

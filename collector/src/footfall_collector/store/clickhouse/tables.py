"""Creates missing tables and columns, checks schema and pepper, and keeps the store's small facts in `meta`."""

import secrets
from collections.abc import Sequence

from ..columns import check_spelling
from ..interface import StoreError
from .connection import Connection
from .layout import EVENT_TABLES, TableLayout
from .load_state import LoadState

SCHEMA = 1
"""Version of the tables. An added property is a column, not a new version. Each other change needs a step here."""


def create_missing(connection: Connection, layout: TableLayout) -> list[str]:
    """Create missing tables and columns; returns the tables that were created. Raises EngineError, StoreError.

    No DDL runs if nothing is missing: on a cluster it waits for every server, and one may be down.
    """
    if not connection.execute(f"SELECT name FROM system.databases WHERE name = '{layout.database}'"):  # noqa: S608 - a checked name
        connection.execute(f"CREATE DATABASE IF NOT EXISTS `{layout.database}`{layout.on_cluster}")
    present = _present(connection, layout)
    created = []
    for name in layout.names():
        missing = layout.table(name) not in present or layout.local(name) not in present
        if missing:
            _execute_all(connection, layout.create(name))
            created.append(name)
        else:
            _add_columns(connection, layout, name, present[layout.table(name)])
    _check_schema(connection, layout)
    return created


def _present(connection: Connection, layout: TableLayout) -> dict[str, dict[str, str]]:
    """Existing table to its columns, name to type."""
    columns: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        f"SELECT table, name, type FROM system.columns WHERE database = '{layout.database}'"  # noqa: S608 - a checked name
    )
    for table, name, type_ in rows:
        columns.setdefault(layout.table(table), {})[name] = type_
    return columns


def _add_columns(connection: Connection, layout: TableLayout, name: str, present: dict[str, str]) -> None:
    for column, type_ in layout.columns(name).items():
        if column not in present:
            if name in EVENT_TABLES:
                check_spelling(layout.table(name), column, present)
            _execute_all(connection, layout.add_column(name, column, type_))
        elif name in EVENT_TABLES and _base_type(present[column]) != _base_type(type_):
            raise StoreError(
                f"{layout.table(name)}: `{column}` is kept as {present[column]}, but the catalogue says {type_}: "
                "give the changed property another name"
            )


def shared_event_columns(connection: Connection, layout: TableLayout, source: str, target: str) -> list[str]:
    """The columns of a table of events, retired properties included; those that another one lacks are added there."""
    present = _present(connection, layout)
    columns, known = present[layout.table(source)], present[layout.table(target)]
    for column, type_ in columns.items():
        if column not in known:
            _execute_all(connection, layout.add_column(target, column, type_))
    return list(columns)


def _execute_all(connection: Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.execute(statement)


def _base_type(type_: str) -> str:
    """A type without LowCardinality: a newer server may read a table that an older one created."""
    return type_.removeprefix("LowCardinality(").rstrip(")")


def _check_schema(connection: Connection, layout: TableLayout) -> None:
    versions = [int(value) for value in meta_values(connection, layout, "schema")]
    if max(versions, default=SCHEMA) > SCHEMA:
        raise StoreError(
            f"the ClickHouse store was written by a newer version (schema {max(versions)}); update footfall-collector"
        )
    if SCHEMA not in versions:
        add_meta(connection, layout, "schema", str(SCHEMA))


def meta_values(connection: Connection, layout: TableLayout, name: str) -> list[str]:
    """The values of a fact."""
    rows = connection.execute(
        f"SELECT DISTINCT value FROM {layout.table('meta')} WHERE name = '{name}' ORDER BY value"  # noqa: S608 - our own words
    )
    return [value for (value,) in rows]


def add_meta(connection: Connection, layout: TableLayout, name: str, value: str) -> None:
    """Add a value of a fact."""
    connection.insert(layout.table("meta"), {"name": [name], "value": [value]})


def store_name(connection: Connection, layout: TableLayout) -> str:
    """The store's unique name. If two collectors add one at the same time, both use the first."""
    if not meta_values(connection, layout, "store"):
        add_meta(connection, layout, "store", secrets.token_hex(8))
    return meta_values(connection, layout, "store")[0]


def register_collector(connection: Connection, layout: TableLayout, collector: int) -> None:
    """Record that this collector writes the store."""
    if str(collector) not in meta_values(connection, layout, "collector"):
        add_meta(connection, layout, "collector", str(collector))


def collector_count(connection: Connection, layout: TableLayout) -> int:
    """The number of collectors that have ever written this store."""
    return len(meta_values(connection, layout, "collector"))


def request_rebuild(connection: Connection, layout: TableLayout) -> None:
    """Request that every collector of the store recounts its loads."""
    add_meta(connection, layout, "rebuild", secrets.token_hex(8))


def rebuild_requests(connection: Connection, layout: TableLayout) -> int:
    """The number of requests so far."""
    return len(meta_values(connection, layout, "rebuild"))


def check_pepper(connection: Connection, layout: TableLayout, fingerprint: str) -> None:
    """Record the pepper that instances are hashed with. Raises StoreError if the store has another one."""
    recorded = meta_values(connection, layout, "pepper")
    if not recorded:
        add_meta(connection, layout, "pepper", fingerprint)
        recorded = meta_values(connection, layout, "pepper")
    if recorded != [fingerprint]:
        raise StoreError(
            "the ClickHouse store was filled with another pepper, so all instances would count as new: give all its "
            "collectors the same file `pepper` (or FOOTFALL_PEPPER), or use an empty database"
        )


def replica_count(connection: Connection, layout: TableLayout) -> int:
    """The number of replicas of each shard. Raises StoreError if the servers don't know the cluster."""
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


def loaded_with(
    connection: Connection, layout: TableLayout, state: LoadState, segment: str
) -> tuple[set[str], int | None] | None:
    """See `Store.loaded_with`."""
    if segment not in state.segments:
        return None
    load = state.segments[segment][1]
    names = {name for name, (_, its_load) in state.segments.items() if its_load == load}
    if load <= state.last_rolled_load:
        return names, None
    [[events]] = connection.execute(f"SELECT count() FROM {layout.table('events')} WHERE load = {load}")  # noqa: S608 - our own words
    return names, int(events)

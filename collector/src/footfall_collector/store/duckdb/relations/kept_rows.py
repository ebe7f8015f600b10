"""The rows of relations that several questions share, such as a segment's days: made once while the store stays."""

import re
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import duckdb

from ...interface import EventSelection, stoppable_query
from ..shared_lock import SharedLock
from .chart_query import DuckChartQuery, QuerySource

MAX_TABLES, MAX_ROWS = 32, 1_000_000
"""What is kept for later questions; a row takes some 30 bytes. Questions in progress can use more."""
_DATABASE = "kept"
_SHARED = re.compile(r"\bshared_\w+\b")


@dataclass
class _Table:
    """A table of rows, and the number of queries that read it."""

    name: str
    rows: int
    readers: int = 0


class KeptRows:
    """Tables in memory with the rows of shared relations. Safe to use from many threads.

    Args:
        connection: of the engine; a database in memory is attached to it.
        lock: readers hold it shared; the store's answers change only while it is held exclusively.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, lock: SharedLock) -> None:
        connection.execute(f"ATTACH ':memory:' AS {_DATABASE}")
        self._cursor = connection.cursor()
        self._store_lock, self._lock = lock, threading.Lock()
        self._revision: Hashable = None
        self._tables: OrderedDict[str, _Table] = OrderedDict()
        self._numbers = 0

    def answer(
        self, cursor: duckdb.DuckDBPyConnection, sql: str, selection: EventSelection, source: QuerySource
    ) -> list[tuple[Any, ...]]:
        """The rows of a query that can name the selection's shared relations. The caller holds the store's lock."""
        names: dict[str, str] = {}
        used: list[_Table] = []

        def compiled(text: str) -> DuckChartQuery:
            return DuckChartQuery(_SHARED.sub(lambda match: names[match[0]], text), selection, source)

        try:
            for name, query in selection.shared.items():
                used.append(self._table(compiled(query)))
                names[name] = used[-1].name
            return compiled(sql).rows(cursor)
        finally:
            if used:
                self._finish(used)

    def _table(self, query: DuckChartQuery) -> _Table:
        """The table with the rows of a query, which the caller reads from now on."""
        key = f"{query.sql} {sorted(query.parameters.items())}"
        with self._lock:
            if self._store_lock.changes != self._revision:
                # Whoever read the tables held the store's lock, so nobody does any more.
                self._drop(list(self._tables))
                self._revision = self._store_lock.changes
            if key not in self._tables:
                self._numbers += 1
                name = f"{_DATABASE}.k{self._numbers}"
                with stoppable_query(self._cursor.interrupt):
                    self._cursor.execute(f"CREATE TABLE {name} AS {query.sql}", query.parameters)
                    [[rows]] = self._cursor.fetchall()
                self._tables[key] = _Table(name, rows)
            self._tables.move_to_end(key)
            self._tables[key].readers += 1
            return self._tables[key]

    def _finish(self, used: list[_Table]) -> None:
        """End the reading of tables, and drop those that were used longest ago until the limits are kept."""
        with self._lock:
            for table in used:
                table.readers -= 1
            rows, number = sum(table.rows for table in self._tables.values()), len(self._tables)
            dropped = []
            for key, table in self._tables.items():
                if rows <= MAX_ROWS and number <= MAX_TABLES:
                    break
                if not table.readers:
                    dropped.append(key)
                    rows, number = rows - table.rows, number - 1
            self._drop(dropped)

    def _drop(self, keys: list[str]) -> None:
        for key in keys:
            self._cursor.execute(f"DROP TABLE {self._tables.pop(key).name}")

    def drop(self) -> None:
        """Drop every table. No query may be reading."""
        with self._lock:
            self._drop(list(self._tables))

    def close(self) -> None:
        """Close the connection, and with it the tables."""
        self._cursor.close()

"""Present ClickHouse, embedded in the test's process, behind the same interface as the driver."""

import importlib
import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.tests.store.fill_store import CATALOGUES
from footfall_collector.store.clickhouse import ClickHouseStore
from footfall_collector.store.clickhouse.address import parse_address
from footfall_collector.store.clickhouse.connection import EngineError

_LOCK = threading.Lock()
_sessions: dict[str, Any] = {}
ADDRESS = "clickhouse://embedded/footfall"


def close_all() -> None:
    """End the engine: it serves one directory at a time."""
    with _LOCK:
        for session in _sessions.values():
            session.close()
        _sessions.clear()


class Embedded:
    """A connection to the databases below a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = str(directory)
        with _LOCK:
            if self._directory not in _sessions:
                engine: Any = importlib.import_module("chdb.session")

                for session in _sessions.values():
                    session.close()
                _sessions.clear()
                _sessions[self._directory] = engine.Session(self._directory)
        [[text]] = self.execute("SELECT version()")
        first, second, *_ = text.split(".")
        self.version = (int(first), int(second))

    def execute(self, sql: str, uuids: Sequence[str] | None = None) -> list[tuple[Any, ...]]:
        with _LOCK:
            if uuids is None:
                return self._run(sql)
            # The embedded engine takes no external tables.
            self._run("CREATE DATABASE IF NOT EXISTS scratch")
            self._run("CREATE OR REPLACE TABLE scratch.searched (uuid UUID) ENGINE = Memory")
            self._feed("scratch.searched", {"uuid": uuids})
            return self._run(sql.replace("FROM searched", "FROM scratch.searched"))

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]], query_id: str = "") -> None:
        del query_id
        with _LOCK:
            self._feed(table, columns)

    def _feed(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        lines = "\n".join(
            json.dumps([None if value != value else value for value in row], default=list)
            for row in zip(*columns.values(), strict=True)
        )
        self._run(f"INSERT INTO {table} ({', '.join(columns)}) FORMAT JSONCompactEachRow {lines}")

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            answer = str(_sessions[self._directory].query(sql, "JSONCompact"))
        except Exception as error:  # noqa: BLE001 - the binding raises any class
            raise EngineError(str(error)[:1500]) from None
        if not answer.strip():
            return []
        found = json.loads(answer)
        # JSON writes a whole float without its point; the native protocol doesn't lose the type.
        floats = ["Float64" in column["type"] for column in found["meta"]]
        return [
            tuple(
                float(cell) if is_float and cell is not None else cell
                for cell, is_float in zip(row, floats, strict=True)
            )
            for row in found["data"]
        ]

    def interrupt(self) -> None:
        """The embedded engine can't be interrupted."""

    def close(self) -> None:
        return


def embedded_store(data: Path, **more: Any) -> ClickHouseStore:
    """A store whose engine is in DATA/engine."""
    return ClickHouseStore(
        data, CATALOGUES, parse_address(ADDRESS), connect=lambda _: Embedded(data / "engine"), **more
    )

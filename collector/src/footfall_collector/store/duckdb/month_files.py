"""The database files: one for the raw events of each UTC month and one for the roll-ups, attached to one engine."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from footfall.catalogue import Catalogue

from ...journal import StoredCounts
from ...runtime import make_directory, sync_directory
from ..columns import event_columns
from ..interface import StoreError
from ..periods import month_bounds
from ..rollups import TABLES, fact_tables
from .file_exchange import FileExchange, apply_plan, engine_directory, open_directory, write_plan
from .quarantine import WAL, DamagedFileError, Quarantine, opening, read_every_row, reason_of, words_of
from .relations import ROLLUP_FILE, KeptRows
from .schema_migrations import add_columns, check_pepper, check_schema
from .shared_lock import SharedLock

_PREFIX, _SUFFIX = "events-", ".duckdb"


@dataclass
class MonthFile:
    """An attached month file: its latest load, and the days of `sent` that occur in it."""

    name: str
    last_load: int
    sent_days: set[int] = field(default_factory=set)

    @property
    def alias(self) -> str:
        """The database's name in SQL."""
        return f"m{self.name.replace('-', '')}"

    @property
    def events(self) -> str:
        """The table of raw events in SQL."""
        return f"{self.alias}.events"


class DatabaseFiles:
    """The attached files of one store directory.

    `writer` is the loader's connection; readers borrow cursors. Readers hold `lock` shared; commits and exchanges of
    files hold it exclusively.
    """

    def __init__(self, directory: Path, catalogues: Mapping[str, Catalogue], memory_limit: str, threads: int) -> None:
        self.directory, self.columns = directory, event_columns(catalogues)
        self.facts = fact_tables(catalogues.values())
        self.rollups = (*TABLES, *(table for tables in self.facts.values() for table in tables.stored))
        self.lock = SharedLock()
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._idle_lock = threading.Lock()
        make_directory(directory)
        self._descriptor = open_directory(directory)
        self._sql_directory = f"/proc/self/fd/{self._descriptor}"
        self.quarantine, self.counts = Quarantine(directory.parent), StoredCounts(directory.parent)
        self._pepper = self._sql_beside = ""
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": str(threads),
            "temp_directory": f"{self._sql_directory}/tmp",  # noqa: S108 - in the store's directory
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        self._open()

    def _open(self) -> None:
        """Open all files; those that are damaged are set aside."""
        apply_plan(self.directory)
        while True:
            self.writer = duckdb.connect(":memory:", config=self._config)
            try:
                self._open_rollups()
                self.months = {name: self.open_month(name) for name in self._month_names()}
                self.kept_rows = KeptRows(self.writer, self.lock)
                return
            except DamagedFileError as damaged:
                self.writer.close()
                self.quarantine.set_aside(damaged.path)
            except BaseException:
                self.writer.close()
                raise

    def set_aside_unreadable(self) -> None:
        """Read every row of every file, and set aside the files that can't be read."""
        while True:
            try:
                return self.read_everything()
            except DamagedFileError as damaged:
                with self.lock.exclusive():
                    self._close_connections()
                    self.quarantine.set_aside(damaged.path)
                    self._open()

    def read_everything(self) -> None:
        """Read every row of every file. Raises DamagedFileError for the first one that can't be read."""
        files = {ROLLUP_FILE: self.rollup_path} | {m.alias: self.month_path(m.name) for m in self.months.values()}
        for alias, path in files.items():
            read_every_row(self.writer, alias, path)

    def reopen(self) -> None:
        """Close and open all files: after an error the engine may refuse to use a file until this is done."""
        with self.lock.exclusive():
            self._close_connections()
            self._open()

    def month_path(self, name: str) -> Path:
        return self.directory / f"{_PREFIX}{name}{_SUFFIX}"

    @property
    def rollup_path(self) -> Path:
        return self.directory / f"{ROLLUP_FILE}{_SUFFIX}"

    def month(self, name: str) -> MonthFile:
        """A month's file, created if missing."""
        if name not in self.months:
            opened = self.open_month(name)
            with self.lock.exclusive():
                self.months = dict(sorted({**self.months, name: opened}.items()))
        return self.months[name]

    @contextmanager
    def reader(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor in a transaction: everything read through it is one consistent state."""
        with self.lock.shared():
            with self._idle_lock:
                cursor = self._idle.pop() if self._idle else self.writer.cursor()
            cursor.execute("BEGIN")
            try:
                yield cursor
            finally:
                cursor.execute("ROLLBACK")
                with self._idle_lock:
                    self._idle.append(cursor)

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The writer in a transaction, which may change one file and read all. Readers wait for its commit."""
        self.writer.execute("BEGIN")
        try:
            yield self.writer
        except BaseException:
            self.writer.execute("ROLLBACK")
            raise
        # Exclusively: a dense sequence of readers would keep the engine from it for seconds.
        with self.lock.exclusive():
            self.writer.execute("COMMIT")

    def checkpoint(self) -> None:
        """Move the write-ahead logs into the files, one file at a time so that readers can run in between."""
        self.checkpoint_months()
        with self.lock.exclusive():
            self.writer.execute(f"CHECKPOINT {ROLLUP_FILE}")
        # Segments are deleted next, so the directory entry of a new month file must survive a power cut.
        sync_directory(self.directory)

    def checkpoint_months(self) -> None:
        """Move the months' write-ahead logs into their files."""
        for month in self.months.values():
            path = self.month_path(month.name)
            if path.with_name(path.name + WAL).exists():
                with self.lock.exclusive():
                    self.writer.execute(f"CHECKPOINT {month.alias}")

    @contextmanager
    def beside(self, directory: Path) -> Iterator[None]:
        """Let `attach` and `attached` open files of another directory for a while."""
        with engine_directory(directory) as self._sql_beside:
            yield

    def _sql_path(self, path: Path) -> str:
        return f"{self._sql_directory if path.parent == self.directory else self._sql_beside}/{path.name}"

    @contextmanager
    def attached(self, path: Path, alias: str) -> Iterator[None]:
        """Attach another file temporarily; on success it is checkpointed, so that it needs no write-ahead log."""
        self.writer.execute(f"ATTACH '{self._sql_path(path)}' AS {alias}")
        try:
            yield
            self.writer.execute(f"CHECKPOINT {alias}")
        finally:
            self.writer.execute(f"DETACH {alias}")

    def exchange(self, change: FileExchange, step: Callable[[str], None]) -> None:
        """Replace files by fresh ones and remove others, while no query runs. Raises OSError."""
        changed = {*change.replaced, *change.removed, *(name for name, _ in change.moved)}
        write_plan(self.directory, change)
        step("decided")
        with self.lock.exclusive():
            months = {name: month for name, month in self.months.items() if self.month_path(name).name in changed}
            for month in months.values():
                self.writer.execute(f"DETACH {month.alias}")
            if self.rollup_path.name in changed:
                self.writer.execute(f"DETACH {ROLLUP_FILE}")
            apply_plan(self.directory)
            step("exchanged")
            if self.rollup_path.name in changed:
                self._open_rollups()
            kept = {name: self.open_month(name) for name in months if self.month_path(name).name in change.replaced}
            rest = {name: month for name, month in self.months.items() if name not in months}
            self.months = dict(sorted({**rest, **kept}.items()))

    def close(self) -> None:
        """Close all files. Safe to call twice."""
        with self.lock.exclusive():
            self._close_connections()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _close_connections(self) -> None:
        with self._idle_lock:
            for cursor in self._idle:
                cursor.close()
            self._idle = []
            self.kept_rows.close()
            self.writer.close()

    def attach(self, path: Path, alias: str) -> None:
        """Attach a file, created if missing. Raises StoreError if it is in use, DamagedFileError if it is damaged."""
        for part in (path, path.with_name(path.name + WAL)):
            # The engine would wait for the other end of a pipe.
            if part.exists() and not part.is_file():
                raise DamagedFileError(path)
        try:
            with opening(path):
                self.writer.execute(f"ATTACH '{self._sql_path(path)}' AS {alias}")
        except duckdb.Error as error:
            text = words_of(error)
            if "set lock" in text or "conflicting lock" in text:
                raise StoreError(f"{path} is in use by another process; only one collector can use a store") from None
            if "version" in text:
                raise StoreError(
                    f"{path} was written by another version of DuckDB; update footfall-collector"
                ) from None
            raise StoreError(f"{path} can't be opened ({reason_of(error)}); check its rights and the disk") from None
        check_schema(self.writer, alias, path)

    def _month_names(self) -> list[str]:
        found = []
        for path in self.directory.glob(f"{_PREFIX}*{_SUFFIX}"):
            name = path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
            try:
                month_bounds(name)
            except ValueError:
                continue  # someone's copy
            found.append(name)
        return sorted(found)

    def open_month(self, name: str) -> MonthFile:
        with opening(self.month_path(name)):
            return self._attach_month(name)

    def _attach_month(self, name: str) -> MonthFile:
        month = MonthFile(name, 0)
        self.attach(self.month_path(name), month.alias)
        columns = ", ".join(f"{column} {type_}" for column, type_ in self.columns.items())
        self.writer.execute(f"CREATE TABLE IF NOT EXISTS {month.events} ({columns})")
        self.writer.execute(f"CREATE TABLE IF NOT EXISTS {month.alias}.loaded (load BIGINT)")
        self.writer.execute(f"CREATE TABLE IF NOT EXISTS {month.alias}.sent_days (day BIGINT)")
        add_columns(self.writer, month.events, self.columns, self.month_path(name))
        # Not from the events themselves: the time to start must not grow with their number.
        [[last]] = self.writer.execute(f"SELECT coalesce(max(load), 0) FROM {month.alias}.loaded").fetchall()  # noqa: S608 - our alias
        days = self.writer.execute(f"SELECT day FROM {month.alias}.sent_days").fetchall()  # noqa: S608 - our alias
        month.last_load, month.sent_days = last, {day for (day,) in days}
        if self._pepper:
            check_pepper(self.writer, month.alias, self._pepper, self.directory)
        return month

    def check_pepper(self, fingerprint: str) -> None:
        """Record in every file the pepper that instances are hashed with: one file may be lost.

        Raises StoreError if the store has another one.
        """
        self._pepper = fingerprint
        for alias in (ROLLUP_FILE, *(month.alias for month in self.months.values())):
            check_pepper(self.writer, alias, self._pepper, self.directory)

    def _open_rollups(self) -> None:
        with opening(self.rollup_path):
            self._attach_rollups()

    def _attach_rollups(self) -> None:
        self.attach(self.rollup_path, ROLLUP_FILE)
        writer = self.writer
        writer.execute(f"CREATE TABLE IF NOT EXISTS {ROLLUP_FILE}.state (rolled BIGINT)")
        writer.execute(f"CREATE TABLE IF NOT EXISTS {ROLLUP_FILE}.loads (load BIGINT, segment VARCHAR, bytes BIGINT)")
        [[rows]] = writer.execute(f"SELECT count(*) FROM {ROLLUP_FILE}.state").fetchall()  # noqa: S608 - our alias
        if not rows:
            writer.execute(f"INSERT INTO {ROLLUP_FILE}.state VALUES (0)")  # noqa: S608 - our alias

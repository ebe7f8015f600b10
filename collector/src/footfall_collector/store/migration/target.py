"""The ClickHouse store that a copy goes to.

All rows are one load of this data directory's collector: written down in its progress file, so that a repeated run
uses the same number, equal rows collapse, and the rollups of the load are made like those of any other.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..clickhouse import NOT_SAID, ClickHouseStore, EngineError, not_repeated
from ..interface import StoreError
from ..periods import DAY, month_bounds
from .digests import WRAP, Digest, Key, Part, clickhouse_hash
from .source import Row
from .verdict import Held

SEGMENT = "copied-from-duckdb"
"""What stands in the progress file for the segments that the load was made of."""


class ClickHouseTarget:
    """A `Target`. `columns` are name to DuckDB type of what the source has."""

    def __init__(self, store: ClickHouseStore, columns: Mapping[str, str]) -> None:
        self._store, self._columns = store, dict(columns)
        self._events = store.layout.table("events")
        segments = store.progress.segments
        self._load = segments[SEGMENT][1] if SEGMENT in segments else store.progress.begin({SEGMENT: 0})

    def await_quiet(self, pause: Callable[[float], None] = time.sleep) -> None:
        """Wait until no insert of an earlier run is under way: the server may finish what a killed client began."""
        running = f"SELECT count() FROM system.processes WHERE query_id = '{self._query}'"  # noqa: S608 - a number
        with _told():
            while self._store.writer.execute(running) != [(0,)]:
                pause(0.2)

    @property
    def _query(self) -> str:
        return f"footfall-{self._load}"

    def digests(self, month: str) -> dict[Part, Digest]:
        """See `Target.digests`."""
        with _told():
            rows = self._store.writer.execute(
                f"SELECT product, day, count(), sum({clickhouse_hash(self._columns)}) FROM {self._events} "  # noqa: S608 - our own words
                f"WHERE load = {self._load} AND {_within(month)} GROUP BY product, day"
            )
        return {Part(product, int(day)): Digest(n, total % WRAP) for product, day, n, total in rows}

    def occupied(self, month: str) -> set[Part]:
        """See `Target.occupied`."""
        with _told():
            rows = self._store.writer.execute(
                f"SELECT DISTINCT product, day FROM {self._events} WHERE {_within(month)}"  # noqa: S608 - our own words
            )
        return {Part(product, int(day)) for product, day in rows}

    def held(self, part: Part) -> Held:
        """See `Target.held`."""
        found = Held()
        with _told():
            rows = self._store.writer.execute(
                f"SELECT toString(uuid), sent, load = {self._load}, {clickhouse_hash(self._columns)} "  # noqa: S608 - a product's name is checked
                f"FROM {self._events} WHERE product = '{part.product}' AND day = {part.day} "
                f"AND {not_repeated(self._store.layout)}"
            )
        for uuid, sent, own, number in rows:
            if own:
                found.copies.setdefault(Key(uuid, sent), []).append(number)
            else:
                found.loaded.setdefault(uuid, []).append(sent)
        return found

    def insert(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """See `Target.insert`."""
        values: dict[str, Sequence[Any]] = {"load": [self._load] * len(rows)}
        for at, name in enumerate(columns):
            values[name] = [_stored(row[at], self._columns[name]) for row in rows]
        values["day"] = [ts // DAY for ts in values["ts"]]
        with _told():
            self._store.writer.insert(self._events, values, query_id=self._query)

    def collapse(self, month: str) -> None:
        """See `Target.collapse`."""
        layout = self._store.layout
        with _told():
            self._store.writer.execute(
                f"OPTIMIZE TABLE {layout.local('events')}{layout.on_cluster} PARTITION {month.replace('-', '')} FINAL"
            )

    def forgotten(self, marks: Sequence[str]) -> None:
        """Put marks of forgotten instances on the store's list."""
        table = self._store.layout.table("tombstones")
        with _told():
            known = {mark for (mark,) in self._store.writer.execute(f"SELECT DISTINCT mark FROM {table}")}  # noqa: S608 - our own words
            fresh = [mark for mark in marks if mark not in known]
            if fresh:
                columns: dict[str, Sequence[Any]] = {"mark": fresh}
                columns |= {"pending": [0] * len(fresh), "changed": [1] * len(fresh)}
                self._store.writer.insert(table, columns)

    def count(self) -> None:
        """Bring the rollups up to date with the copied events."""
        counted = self._store.progress.rolled >= self._load
        # There is no segment to load; the store takes notice that its newest load is complete.
        self._store.load([])
        self._store.roll_up()
        if counted:
            # An earlier run was counted half way, by this command or by a collector that was started since.
            self._store.rebuild()


def _within(month: str) -> str:
    first, last = (second // DAY for second in month_bounds(month))
    return f"day >= {first} AND day < {last}"


def _stored(value: Any, type_: str) -> Any:
    """A value as the table has it."""
    if type_ == "UUID":
        return str(value)
    if value is None:
        return NOT_SAID[type_]
    return int(value) if type_ == "BOOLEAN" else value


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        raise StoreError(f"the copy was broken off ({error}); start the same command again, it goes on") from error

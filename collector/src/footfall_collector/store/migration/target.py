"""The target of the copy: a ClickHouse store.

All rows are one load of this data directory's collector, recorded in its load state: a repeated run uses the same
number, equal rows collapse, and the load is rolled up like any other.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..clickhouse import ABSENT_VALUES, ClickHouseStore, EngineError, create_missing, not_repeated_condition
from ..interface import StoreError
from ..periods import DAY_SECONDS, month_bounds
from .digests import WRAP, EventKey, ProductDay, RowsDigest, clickhouse_hash
from .faults import TargetEvents
from .source import EventRow

SEGMENT = "copied-from-duckdb"
"""The name in the load state for the segments of this load."""


class ClickHouseTarget:
    """A `CopyTarget`. `columns` are name to DuckDB type of what the source has."""

    def __init__(self, store: ClickHouseStore, columns: Mapping[str, str]) -> None:
        self._store, self._columns = store, dict(columns)
        self._events = store.layout.table("events")
        segments = store.load_state.segments
        self._load = segments[SEGMENT][1] if SEGMENT in segments else store.load_state.begin({SEGMENT: 0})

    def await_quiet(self, pause: Callable[[float], None] = time.sleep) -> None:
        """Wait until no insert of an earlier run is under way: the server may still finish a killed client's insert."""
        running = f"SELECT count() FROM system.processes WHERE query_id = '{self._query}'"  # noqa: S608 - a number
        with _copy_errors():
            while self._store.writer.execute(running) != [(0,)]:
                pause(0.2)

    def add_columns(self) -> None:
        """Add the columns of properties that no catalogue has any more. Raises StoreError where the types differ."""
        with _copy_errors():
            layout = self._store.layout
            create_missing(self._store.writer, replace(layout, events={**layout.events, **self._columns}))

    @property
    def _query(self) -> str:
        return f"footfall-{self._load}"

    def digests(self, month: str) -> dict[ProductDay, RowsDigest]:
        """See `CopyTarget.digests`."""
        with _copy_errors():
            rows = self._store.writer.execute(
                f"SELECT product, day, count(), sum({clickhouse_hash(self._columns)}) FROM {self._events} "  # noqa: S608 - our own words
                f"WHERE load = {self._load} AND {_within(month)} GROUP BY product, day"
            )
        return {ProductDay(product, int(day)): RowsDigest(n, total % WRAP) for product, day, n, total in rows}

    def days_with_events(self, month: str) -> set[ProductDay]:
        """See `CopyTarget.days_with_events`."""
        with _copy_errors():
            rows = self._store.writer.execute(
                f"SELECT DISTINCT product, day FROM {self._events} WHERE {_within(month)}"  # noqa: S608 - our own words
            )
        return {ProductDay(product, int(day)) for product, day in rows}

    def events_of(self, product_day: ProductDay) -> TargetEvents:
        """See `CopyTarget.events_of`."""
        events = TargetEvents()
        with _copy_errors():
            rows = self._store.writer.execute(
                f"SELECT toString(uuid), sent, load = {self._load}, {clickhouse_hash(self._columns)} "  # noqa: S608 - a product's name is checked
                f"FROM {self._events} WHERE product = '{product_day.product}' AND day = {product_day.day} "
                f"AND {not_repeated_condition(self._store.layout)}"
            )
        for uuid, sent, own, number in rows:
            if own:
                events.copies.setdefault(EventKey(uuid, sent), []).append(number)
            else:
                events.loaded.setdefault(uuid, []).append(sent)
        return events

    def insert(self, columns: Sequence[str], rows: Sequence[EventRow]) -> None:
        """See `CopyTarget.insert`."""
        values: dict[str, Sequence[Any]] = {"load": [self._load] * len(rows)}
        for index, name in enumerate(columns):
            values[name] = [_stored(row[index], self._columns[name]) for row in rows]
        values["day"] = [ts // DAY_SECONDS for ts in values["ts"]]
        with _copy_errors():
            self._store.writer.insert(self._events, values, query_id=self._query)

    def collapse(self, month: str) -> None:
        """See `CopyTarget.collapse`."""
        layout = self._store.layout
        with _copy_errors():
            self._store.writer.execute(
                f"OPTIMIZE TABLE {layout.local('events')}{layout.on_cluster} PARTITION {month.replace('-', '')} FINAL"
            )

    def add_tombstones(self, marks: Sequence[str]) -> None:
        """Add marks of forgotten instances to the store's tombstones."""
        table = self._store.layout.table("tombstones")
        with _copy_errors():
            existing = {mark for (mark,) in self._store.writer.execute(f"SELECT DISTINCT mark FROM {table}")}  # noqa: S608 - our own words
            missing = [mark for mark in marks if mark not in existing]
            if missing:
                columns: dict[str, Sequence[Any]] = {"mark": missing}
                columns |= {"pending": [0] * len(missing), "changed": [1] * len(missing)}
                self._store.writer.insert(table, columns)

    def update_rollups(self) -> None:
        """Roll up the copied events."""
        was_rolled_up = self._store.load_state.last_rolled_load >= self._load
        # Without segments, `load` only marks the store's newest load as finished.
        self._store.load([])
        self._store.roll_up()
        if was_rolled_up:
            # An earlier, incomplete run was rolled up, by this command or by a collector that started since.
            self._store.rebuild()


def _within(month: str) -> str:
    first, last = (second // DAY_SECONDS for second in month_bounds(month))
    return f"day >= {first} AND day < {last}"


def _stored(value: Any, type_: str) -> Any:
    """A value as the table stores it."""
    if type_ == "UUID":
        return str(value)
    if value is None:
        return ABSENT_VALUES[type_]
    return int(value) if type_ == "BOOLEAN" else value


@contextmanager
def _copy_errors() -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        raise StoreError(f"the copy was interrupted ({error}); run the same command again to continue it") from error

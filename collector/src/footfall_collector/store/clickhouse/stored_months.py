"""Removes old months into the table `trash`, and puts them back.

A month is copied before it is dropped, in both directions, and a copy that was cut short is completed when it is
repeated. In `meta` a value of the fact `trash` says when a month was removed; the latest counts. `forget` reaches the
table too.
"""

from collections.abc import Callable, Sequence

from ..interface import StepHook, TrashedMonth
from ..periods import DAY_SECONDS, FULL_BLOCK_MASK, bit_in_block, block_number, month_bounds
from ..rollups import ROLLUPS, RollupTable
from . import tables
from .connection import Connection, engine_errors
from .deletion import mutate
from .layout import EVENTS, TRASH, TableLayout

_MONTH = "toYYYYMM(toDate(day))"


class ClickHouseMonths:
    """The `StoredMonths` of a ClickHouse store. `rebuild` recounts the roll-ups."""

    def __init__(
        self, connection: Connection, layout: TableLayout, step: StepHook, rebuild: Callable[[], None]
    ) -> None:
        self._connection, self._layout, self._step, self._rebuild = connection, layout, step, rebuild

    def newest_event(self) -> int | None:
        """See `StoredMonths.newest_event`."""
        with engine_errors("the newest event can't be read"):
            [[newest]] = self._connection.execute(
                f"SELECT max(ts) FROM {self._layout.table(EVENTS)} WHERE product <> ''"  # noqa: S608 - our own words
            )
            return int(newest) or None

    def counts(self) -> dict[str, int]:
        """See `StoredMonths.counts`."""
        with engine_errors("the months can't be counted"):
            return self._counts(EVENTS)

    def _counts(self, table: str) -> dict[str, int]:
        rows = self._connection.execute(
            f"SELECT {_MONTH} AS month, countIf(product <> '') FROM {self._layout.table(table)} "  # noqa: S608 - our own words
            "GROUP BY month ORDER BY month"
        )
        return {f"{month // 100}-{month % 100:02d}": int(events) for month, events in rows}

    def remove(self, months: Sequence[str], moved_at: int | None) -> None:
        """See `StoredMonths.remove`."""
        with engine_errors("old months can't be removed"):
            stored = [month for month in months if month in self._counts(EVENTS)]
            if not stored:
                return
            for month in stored if moved_at is not None else ():
                tables.add_meta(self._connection, self._layout, TRASH, f"{month} {moved_at}")
                self._copy(EVENTS, TRASH, month, f"(product, uuid, load) GLOBAL NOT IN ({self._rows(TRASH, month)})")
            self._step("copied")
            first_day = max(month_bounds(month)[1] for month in stored) // DAY_SECONDS
            for rollup in ROLLUPS:
                _drop_days(self._connection, self._layout, rollup, first_day)
            self._step("rollups cut")
            for month in stored:
                self._drop(EVENTS, month)

    def _rows(self, table: str, month: str, columns: str = "product, uuid, load") -> str:
        """The query for columns of a month's rows."""
        return f"SELECT {columns} FROM {self._layout.table(table)} WHERE {_in_month(month)}"  # noqa: S608 - our own words

    def _copy(self, source: str, target: str, month: str, missing: str) -> None:
        """Insert a month's rows into another table; `missing` is the condition where that has some of them."""
        condition = f" AND {missing}" if month in self._counts(target) else ""
        columns = ", ".join(tables.shared_event_columns(self._connection, self._layout, source, target))
        self._connection.execute(
            f"INSERT INTO {self._layout.table(target)} ({columns}) {self._rows(source, month, columns)} "
            f"AND product <> ''{condition}"
        )

    def _drop(self, table: str, month: str) -> None:
        layout = self._layout
        self._connection.execute(
            f"ALTER TABLE {layout.local(table)}{layout.on_cluster} DROP PARTITION {month.replace('-', '')}"
        )

    def delete_damaged(self, cutoff: int) -> None:
        """See `StoredMonths.delete_damaged`. The servers keep no such copies."""

    def trash(self) -> list[TrashedMonth]:
        """See `StoredMonths.trash`. Late events of a removed month share the time of its latest removal."""
        with engine_errors("the trash can't be read"):
            values = [value.split() for value in tables.meta_values(self._connection, self._layout, TRASH)]
            removed = {month: int(moved_at) for month, moved_at in sorted(values, key=lambda value: int(value[1]))}
            return [TrashedMonth(month, removed.get(month, 0), n) for month, n in self._counts(TRASH).items()]

    def delete_from_trash(self, entries: Sequence[TrashedMonth]) -> None:
        """See `StoredMonths.delete_from_trash`."""
        with engine_errors("the trash can't be emptied"):
            for entry in entries:
                self._drop(TRASH, entry.month)

    def restamp_trash(self, entries: Sequence[TrashedMonth], moved_at: int) -> None:
        """See `StoredMonths.restamp_trash`."""
        with engine_errors("the trash can't be written"):
            for entry in entries:
                is_removal = f"name = '{TRASH}' AND startsWith(value, '{entry.month} ')"
                mutate(self._connection, self._layout, "meta", f"DELETE WHERE {is_removal}", is_removal)
                tables.add_meta(self._connection, self._layout, TRASH, f"{entry.month} {moved_at}")

    def restore(self, month: str) -> int:
        """See `StoredMonths.restore`. Other collectors of the store count their loads within the hour."""
        with engine_errors("the month can't be restored"):
            before = self._counts(EVENTS).get(month, 0)
            known = self._rows(EVENTS, month, "product, uuid")
            self._copy(TRASH, EVENTS, month, f"(product, uuid) GLOBAL NOT IN ({known})")
            added = self._counts(EVENTS).get(month, 0) - before
        self._step("restored")
        self._rebuild()
        with engine_errors("the trash can't be emptied"):
            self._drop(TRASH, month)
        return added


def _in_month(month: str) -> str:
    return f"{_MONTH} = {month.replace('-', '')}"


def _drop_days(connection: Connection, layout: TableLayout, rollup: RollupTable, first_day: int) -> None:
    if not rollup.is_presence:
        mutate(connection, layout, rollup.name, f"DELETE WHERE day < {first_day}", f"day < {first_day}")
        return
    block, bits = block_number(first_day), FULL_BLOCK_MASK & ~((1 << bit_in_block(first_day)) - 1)
    edge = f"block = {block} AND bitAnd(mask, toUInt64({FULL_BLOCK_MASK ^ bits})) <> 0"
    mutate(connection, layout, rollup.name, f"UPDATE mask = bitAnd(mask, toUInt64({bits})) WHERE {edge}", edge)
    empty = f"block < {block} OR mask = 0"
    mutate(connection, layout, rollup.name, f"DELETE WHERE {empty}", empty)

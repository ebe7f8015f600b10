"""Deletion that leaves no bytes behind: mutations rewrite the parts that hold an instance, months are dropped whole.

The marks of forgotten instances are in the store's table `tombstones`, so that no collector brings one back.
"""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

from ..interface import StepHook, StoreError
from ..periods import DAY_SECONDS, FULL_BLOCK_MASK, bit_in_block, block_number, month_bounds
from ..rollups import ROLLUPS, RollupTable
from ..tombstones import tombstone_mark
from .connection import Connection
from .layout import EVENTS, TableLayout
from .old_servers import append_filler_parts
from .relations import rollup_query, uncovered_condition
from .rollup_batches import RollupBatchWriter, active_batches, covered_loads, published_batches

_PRESENCE = tuple(rollup for rollup in ROLLUPS if rollup.is_presence)
_MUTATION_TIMEOUT_SECONDS, _PAUSE_SECONDS = 600.0, 0.1
_SALT, _HASH_BUCKETS = "footfall/deleted/v1/", 1024


@dataclass(frozen=True)
class Tombstone:
    """The mark of a forgotten instance; `pending` until its events are deleted. `changed` in epoch microseconds."""

    mark: str
    pending: bool
    changed: int

    @property
    def name(self) -> str:
        """The deletion's name; an instance that is forgotten again gets another one."""
        return f"{self.mark}-{self.changed}"


def read_tombstones(connection: Connection, layout: TableLayout) -> list[Tombstone]:
    """All tombstones in their latest state."""
    rows = connection.execute(
        "SELECT mark, argMax(pending, changed) AS last, max(changed) AS at "  # noqa: S608 - our own words
        f"FROM {layout.table('tombstones')} GROUP BY mark ORDER BY mark"
    )
    return [Tombstone(mark, bool(pending), changed) for mark, pending, changed in rows]


def tombstone_marks(connection: Connection, layout: TableLayout) -> list[str]:
    return [tombstone.mark for tombstone in read_tombstones(connection, layout)]


def add_tombstone(connection: Connection, layout: TableLayout, instance: str, now: float) -> None:
    """Record that an instance (16 hex digits) is to be deleted. `now` is in epoch seconds."""
    mark = tombstone_mark(instance)
    if not any(tombstone.mark == mark and tombstone.pending for tombstone in read_tombstones(connection, layout)):
        _write(connection, layout, Tombstone(mark, True, int(now * 1e6)))


def _write(connection: Connection, layout: TableLayout, tombstone: Tombstone) -> None:
    columns: dict[str, list[Any]] = {
        "mark": [tombstone.mark],
        "pending": [int(tombstone.pending)],
        "changed": [tombstone.changed],
    }
    connection.insert(layout.table("tombstones"), columns)


def finish_deletions(
    connection: Connection, layout: TableLayout, batch_writer: RollupBatchWriter, now: float, step: StepHook
) -> int:
    """Delete the events of all instances with a pending tombstone; returns the number of events."""
    pending = {tombstone.mark: tombstone for tombstone in read_tombstones(connection, layout) if tombstone.pending}
    if not pending:
        return 0
    stored: set[int] = set()
    for name in (EVENTS, "presence"):
        rows = connection.execute(f"SELECT DISTINCT instance FROM {layout.table(name)}")  # noqa: S608 - our own words
        stored |= {instance for (instance,) in rows}
    events = 0
    for instance in sorted(stored):
        tombstone = pending.get(tombstone_mark(f"{instance:016x}"))
        if tombstone is not None:
            events += _forget(connection, layout, batch_writer, instance, tombstone.name, step)
    for tombstone in pending.values():
        _write(connection, layout, Tombstone(tombstone.mark, False, max(int(now * 1e6), tombstone.changed + 1)))
    return events


def _forget(
    connection: Connection,
    layout: TableLayout,
    batch_writer: RollupBatchWriter,
    instance: int,
    name: str,
    step: StepHook,
) -> int:
    """Delete an instance; returns the number of deleted events.

    A batch with the deletion's name subtracts the instance's counts. If the process ends after its publication, the
    repeated deletion finds the batch and continues with the events.
    """
    is_instance = f"instance = {instance}"
    [[events]] = connection.execute(f"SELECT count() FROM {layout.table(EVENTS)} WHERE {is_instance}")  # noqa: S608 - a number
    step("counted")
    is_rolled_up = f"NOT {uncovered_condition(covered_loads(active_batches(published_batches(connection, layout))))}"
    if events:
        batch_writer.subtract_counts(name, lambda rollup: rollup_query(layout, rollup, [is_instance, is_rolled_up]))
    step("taken away")
    for table in (EVENTS, *(rollup.name for rollup in _PRESENCE)):
        _mutate(connection, layout, table, f"DELETE WHERE {_hashed_condition(instance)}", is_instance)
    step("deleted")
    return int(events)


def _hashed_condition(instance: int) -> str:
    """A condition on an instance's rows that doesn't name the instance: servers keep the text of a mutation in a file.

    Ten bits of the instance are in it so that newer servers hash few rows; with the hash they reveal no more than the
    tombstone does.
    """
    digest = hashlib.sha256(f"{_SALT}{instance}".encode()).hexdigest().upper()
    return (
        f"modulo(instance, {_HASH_BUCKETS}) = {instance % _HASH_BUCKETS} "
        f"AND hex(SHA256(concat('{_SALT}', toString(instance)))) = '{digest}'"
    )


def _mutate(connection: Connection, layout: TableLayout, name: str, change: str, affected: str) -> None:
    """Mutate a table if any rows are affected, and wait until it is done. Raises StoreError after ten minutes."""
    [[rows]] = connection.execute(f"SELECT count() FROM {layout.table(name)} WHERE {affected}")  # noqa: S608 - our own words
    if not rows:
        return
    connection.execute(f"ALTER TABLE {layout.local(name)}{layout.on_cluster} {change}")
    append_filler_parts(connection, layout, name)
    source = f"cluster(`{layout.cluster}`, system, mutations)" if layout.cluster else "system.mutations"
    # One replica of each shard answers; the others apply the same mutation from their queue.
    query = (
        f"SELECT count() FROM {source} "  # noqa: S608 - our own words
        f"WHERE database = '{layout.database}' AND table = '{layout.local_name(name)}' AND is_done = 0"
    )
    deadline = time.monotonic() + _MUTATION_TIMEOUT_SECONDS
    while connection.execute(query) != [(0,)]:
        if time.monotonic() > deadline:
            raise StoreError("ClickHouse is still deleting; the collector checks again within the hour")
        time.sleep(_PAUSE_SECONDS)


def delete_old_months(connection: Connection, layout: TableLayout, cutoff: int, step: StepHook) -> list[str]:
    """Delete the months that ended at or before `cutoff` (epoch seconds) and their days in roll-ups; their names."""
    rows = connection.execute(f"SELECT DISTINCT toYYYYMM(toDate(day)) FROM {layout.table(EVENTS)}")  # noqa: S608 - our own words
    months = sorted(f"{number // 100}-{number % 100:02d}" for (number,) in rows)
    old_months = [month for month in months if month_bounds(month)[1] <= cutoff]
    if not old_months:
        return []
    first_day = max(month_bounds(month)[1] for month in old_months) // DAY_SECONDS
    for rollup in ROLLUPS:
        _drop_days(connection, layout, rollup, first_day)
    step("rollups cut")
    for month in old_months:
        connection.execute(
            f"ALTER TABLE {layout.local(EVENTS)}{layout.on_cluster} DROP PARTITION {month.replace('-', '')}"
        )
    return old_months


def _drop_days(connection: Connection, layout: TableLayout, rollup: RollupTable, first_day: int) -> None:
    if not rollup.is_presence:
        _mutate(connection, layout, rollup.name, f"DELETE WHERE day < {first_day}", f"day < {first_day}")
        return
    block, bits = block_number(first_day), FULL_BLOCK_MASK & ~((1 << bit_in_block(first_day)) - 1)
    edge = f"block = {block} AND bitAnd(mask, toUInt64({FULL_BLOCK_MASK ^ bits})) <> 0"
    _mutate(connection, layout, rollup.name, f"UPDATE mask = bitAnd(mask, toUInt64({bits})) WHERE {edge}", edge)
    empty = f"block < {block} OR mask = 0"
    _mutate(connection, layout, rollup.name, f"DELETE WHERE {empty}", empty)

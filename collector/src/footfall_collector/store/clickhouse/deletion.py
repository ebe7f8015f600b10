"""Deletion that leaves no bytes behind: mutations rewrite the parts that hold an instance, in the trash too.

The marks of forgotten instances are in the store's table `tombstones`, so that no collector brings one back.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..interface import StepHook, StoreError
from ..rollups import ROLLUPS, ROLLUPS_BY_NAME
from ..tombstones import check_taking_back, tombstone_mark
from .connection import Connection
from .layout import EVENT_TABLES, EVENTS, TableLayout
from .relations import rollup_query, uncovered_condition
from .rollup_batches import RollupBatchWriter, active_batches, covered_loads, published_batches

_PRESENCE = tuple(rollup for rollup in ROLLUPS if rollup.is_presence)
_MUTATION_TIMEOUT_SECONDS, _PAUSE_SECONDS = 600.0, 0.1
_SEARCHED_DAYS = 10_000
"""Days to search for one that a counter's sharding key sends to a given shard; the hash finds one early."""
_SALT, _HASH_BUCKETS = "footfall/deleted/v1/", 1024


@dataclass(frozen=True)
class Tombstone:
    """The mark of a forgotten instance; `pending` until its events are deleted.

    `changed` is in epoch microseconds; `deleted` is the number of deleted events as text, empty where it is not known.
    """

    mark: str
    pending: bool
    changed: int
    deleted: str = ""

    @property
    def name(self) -> str:
        """The deletion's name; an instance that is forgotten again gets another one."""
        return f"{self.mark}-{self.changed}"


def read_tombstones(connection: Connection, layout: TableLayout) -> list[Tombstone]:
    """All tombstones in their latest state."""
    rows = connection.execute(
        "SELECT mark, argMax(pending, changed) AS last, max(changed) AS at, "  # noqa: S608 - our own words
        "if(countIf(deleted = '') > 0, '', toString(max(toUInt64OrZero(deleted)))) AS events "
        f"FROM {layout.table('tombstones')} WHERE mark <> '' GROUP BY mark ORDER BY mark"
    )
    return [Tombstone(mark, bool(pending), changed, deleted) for mark, pending, changed, deleted in rows]


def deletion_state(connection: Connection, layout: TableLayout) -> tuple[int, int]:
    """Another value after each step of a deletion, whichever collector takes it."""
    query = f"SELECT count(), max(changed) FROM {layout.table('tombstones')}"  # noqa: S608 - our own words
    [[tombstones, changed]] = connection.execute(query)
    return int(tombstones), int(changed)


def tombstone_marks(connection: Connection, layout: TableLayout) -> list[str]:
    return [tombstone.mark for tombstone in read_tombstones(connection, layout)]


def add_tombstone(connection: Connection, layout: TableLayout, instance: str, now: float) -> None:
    """Record that an instance (16 hex digits) is to be deleted. `now` is in epoch seconds."""
    mark = tombstone_mark(instance)
    known = {tombstone.mark: tombstone for tombstone in read_tombstones(connection, layout)}
    if mark not in known:
        _write(connection, layout, Tombstone(mark, True, int(now * 1e6), "0"))
    elif not known[mark].pending:
        # The latest change counts, so it must be later than one that a wrong clock stamped.
        changed = max(int(now * 1e6), known[mark].changed + 1)
        _write(connection, layout, replace(known[mark], pending=True, changed=changed))


def take_back(connection: Connection, layout: TableLayout, instances: Sequence[str]) -> None:
    """Remove the tombstones of instances (16 hex digits). Raises StoreError if some of their events were deleted."""
    marks = {tombstone_mark(instance) for instance in instances}
    known = [tombstone for tombstone in read_tombstones(connection, layout) if tombstone.mark in marks]
    check_taking_back([int(tombstone.deleted) if tombstone.deleted else None for tombstone in known])
    listed = ", ".join(f"'{tombstone.mark}'" for tombstone in known)
    mutate(connection, layout, "tombstones", f"DELETE WHERE mark IN ({listed})", f"mark IN ({listed})")


def _write(connection: Connection, layout: TableLayout, tombstone: Tombstone) -> None:
    columns: dict[str, list[Any]] = {
        "mark": [tombstone.mark],
        "pending": [int(tombstone.pending)],
        "changed": [tombstone.changed],
        "deleted": [tombstone.deleted],
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
    for name in (*EVENT_TABLES, "presence"):
        rows = connection.execute(f"SELECT DISTINCT instance FROM {layout.table(name)}")  # noqa: S608 - our own words
        stored |= {instance for (instance,) in rows}
    events = 0
    for instance in sorted(stored):
        tombstone = pending.get(tombstone_mark(f"{instance:016x}"))
        if tombstone is not None:
            deleted = _count(connection, layout, instance)
            if deleted and tombstone.deleted:
                # Before the deletion, so that one that is cut short can't be taken back.
                tombstone = replace(tombstone, deleted=str(int(tombstone.deleted) + deleted))
                pending[tombstone.mark] = tombstone
                _write(connection, layout, tombstone)
            step("counted")
            _forget(connection, layout, batch_writer, instance, tombstone.name, step)
            events += deleted
    for tombstone in pending.values():
        changed = max(int(now * 1e6), tombstone.changed + 1)
        _write(connection, layout, replace(tombstone, pending=False, changed=changed))
    return events


def _count(connection: Connection, layout: TableLayout, instance: int) -> int:
    """The number of an instance's events, in the store and in the trash."""
    counts = [
        connection.execute(f"SELECT count() FROM {layout.table(name)} WHERE instance = {instance}")  # noqa: S608 - a number
        for name in EVENT_TABLES
    ]
    return sum(int(number) for [[number]] in counts)


def _forget(
    connection: Connection,
    layout: TableLayout,
    batch_writer: RollupBatchWriter,
    instance: int,
    name: str,
    step: StepHook,
) -> None:
    """Delete an instance's events.

    A batch with the deletion's name subtracts the instance's counts. If the process ends after its publication, the
    repeated deletion finds the batch and continues with the events.
    """
    is_instance = f"instance = {instance}"
    [[events]] = connection.execute(f"SELECT count() FROM {layout.table(EVENTS)} WHERE {is_instance}")  # noqa: S608 - a number
    is_rolled_up = f"NOT {uncovered_condition(covered_loads(active_batches(published_batches(connection, layout))))}"
    if events:
        batch_writer.subtract_counts(name, lambda rollup: rollup_query(layout, rollup, [is_instance, is_rolled_up]))
    step("taken away")
    for table in (*EVENT_TABLES, *(rollup.name for rollup in _PRESENCE)):
        mutate(connection, layout, table, f"DELETE WHERE {_hashed_condition(instance)}", is_instance)
    step("deleted")


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


def mutate(connection: Connection, layout: TableLayout, name: str, change: str, affected: str) -> None:
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


def append_filler_parts(connection: Connection, layout: TableLayout, name: str) -> None:
    """Append a part after the newest one of each partition of a table, on every shard. Raises EngineError.

    Servers before ClickHouse 21 neither merge nor mutate a part that was inserted with a quorum until another part
    follows it: a deletion would wait for the next events of that month. The filler rows have no product, load or batch,
    so no query reads them; they collapse into one row for each shard and partition.
    """
    if layout.modern or not layout.cluster:
        return
    [[shard_slots]] = connection.execute(
        "SELECT sum(weight) FROM (SELECT any(shard_weight) AS weight FROM system.clusters "  # noqa: S608 - a checked name
        f"WHERE cluster = '{layout.cluster}' GROUP BY shard_num)"
    )
    rows = _filler_rows(connection, layout, name, int(shard_slots))
    if rows:
        columns: dict[str, list[Any]] = {key: [row[key] for row in rows] for key in rows[0]}
        connection.insert(layout.table(name), columns)


def _filler_rows(connection: Connection, layout: TableLayout, name: str, shard_slots: int) -> list[dict[str, Any]]:
    """A row for each partition and shard slot (a value of the sharding key for each shard's weight)."""
    # A block equal to an earlier one would be ignored; the time makes it differ and is not in the sorting key.
    now = time.time_ns() // 1000
    if name in EVENT_TABLES:
        by_month = f"SELECT min(day) FROM {layout.table(name)} GROUP BY toYYYYMM(toDate(day))"  # noqa: S608 - our own words
        days = [day for (day,) in connection.execute(by_month)]
        return [{"instance": shard_slot, "day": day, "ts": now} for day in days for shard_slot in range(shard_slots)]
    if name == "tombstones":
        return [{"mark": "", "pending": 0, "changed": now, "deleted": "0"}]
    if name == "meta":
        return [{"name": "", "value": str(now)}]
    rollup = ROLLUPS_BY_NAME[name]
    by_partition = f"SELECT DISTINCT shelf FROM {layout.table(name)}"  # noqa: S608 - our own words
    partitions = [partition for (partition,) in connection.execute(by_partition)]
    value = rollup.values[0]
    if rollup.is_presence:
        return [
            {"instance": shard_slot, "shelf": partition, value: now}
            for partition in partitions
            for shard_slot in range(shard_slots)
        ]
    by_slot = connection.execute(
        f"SELECT min(number) FROM (SELECT number FROM system.numbers LIMIT {_SEARCHED_DAYS}) "  # noqa: S608 - numbers
        f"GROUP BY cityHash64('', toUInt16(number)) % {shard_slots}"
    )
    return [{"day": day, "shelf": partition, value: now} for partition in partitions for (day,) in by_slot]

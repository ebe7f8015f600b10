"""Deleting so that the bytes are gone: mutations write the parts anew that hold an instance; months go as partitions.

What was forgotten is in the table `tombstones` of the store itself, so that no collector brings it back.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..interface import StoreError
from ..periods import ALL_DAYS, DAY, bit_of, block_of, month_bounds
from ..rollups import ROLLUPS, Rollup
from ..tombstones import mark_of
from .connection import Connection
from .layout import EVENTS, Layout
from .old_servers import release
from .relations import counted, uncovered
from .rollup_batches import Shelves, active, covered, published

Step = Callable[[str], None]
_PRESENCE = tuple(rollup for rollup in ROLLUPS if rollup.presence)
_LONGEST, _PAUSE = 600.0, 0.1
_SALT, _FEW = "footfall/deleted/v1/", 1024


@dataclass(frozen=True)
class Tombstone:
    """One instance that was forgotten, by its mark; `pending` until its events are deleted."""

    mark: str
    pending: bool
    changed: int

    @property
    def name(self) -> str:
        """Of the deletion: another one, should the instance be forgotten again."""
        return f"{self.mark}-{self.changed}"


def tombstones(connection: Connection, layout: Layout) -> list[Tombstone]:
    """All of them, as they were changed last."""
    rows = connection.execute(
        "SELECT mark, argMax(pending, changed) AS last, max(changed) AS at "  # noqa: S608 - our own words
        f"FROM {layout.table('tombstones')} GROUP BY mark ORDER BY mark"
    )
    return [Tombstone(mark, bool(pending), changed) for mark, pending, changed in rows]


def marks(connection: Connection, layout: Layout) -> list[str]:
    """The marks of all forgotten instances."""
    return [stone.mark for stone in tombstones(connection, layout)]


def add(connection: Connection, layout: Layout, instance: str, now: float) -> None:
    """Put an instance (16 hex digits) on the list, as still to be deleted. `now` is in epoch seconds."""
    mark = mark_of(instance)
    if not any(stone.mark == mark and stone.pending for stone in tombstones(connection, layout)):
        _write(connection, layout, Tombstone(mark, True, int(now * 1e6)))


def _write(connection: Connection, layout: Layout, stone: Tombstone) -> None:
    columns: dict[str, list[Any]] = {"mark": [stone.mark], "pending": [int(stone.pending)], "changed": [stone.changed]}
    connection.insert(layout.table("tombstones"), columns)


def finish(connection: Connection, layout: Layout, shelves: Shelves, now: float, step: Step) -> int:
    """Delete the events of all instances whose tombstones are pending; returns how many they were."""
    pending = {stone.mark: stone for stone in tombstones(connection, layout) if stone.pending}
    if not pending:
        return 0
    found: set[int] = set()
    for name in (EVENTS, "presence"):
        rows = connection.execute(f"SELECT DISTINCT instance FROM {layout.table(name)}")  # noqa: S608 - our own words
        found |= {instance for (instance,) in rows}
    events = 0
    for instance in sorted(found):
        stone = pending.get(mark_of(f"{instance:016x}"))
        if stone is not None:
            events += _forget(connection, layout, shelves, instance, stone.name, step)
    for stone in pending.values():
        _write(connection, layout, Tombstone(stone.mark, False, max(int(now * 1e6), stone.changed + 1)))
    return events


def _forget(connection: Connection, layout: Layout, shelves: Shelves, instance: int, name: str, step: Step) -> int:
    """Delete an instance; returns how many events went.

    Its counts are taken from the counters by a batch of its own, which has the deletion's name: a repetition after an
    end in between finds it published and goes on with the events.
    """
    here = f"instance = {instance}"
    [[events]] = connection.execute(f"SELECT count() FROM {layout.table(EVENTS)} WHERE {here}")  # noqa: S608 - a number
    step("counted")
    held = f"NOT {uncovered(covered(active(published(connection, layout))))}"
    if events:
        shelves.take_away(name, lambda rollup: counted(layout, rollup, [here, held]))
    step("taken away")
    for table in (EVENTS, *(rollup.name for rollup in _PRESENCE)):
        _mutate(connection, layout, table, f"DELETE WHERE {_unnamed(instance)}", here)
    step("deleted")
    return int(events)


def _unnamed(instance: int) -> str:
    """The condition on an instance's rows that doesn't name it: servers keep the text of a mutation in a file.

    Ten bits of it spare newer servers the hash of nearly all rows, and tell as little as the tombstone does.
    """
    digest = hashlib.sha256(f"{_SALT}{instance}".encode()).hexdigest().upper()
    return (
        f"modulo(instance, {_FEW}) = {instance % _FEW} "
        f"AND hex(SHA256(concat('{_SALT}', toString(instance)))) = '{digest}'"
    )


def _mutate(connection: Connection, layout: Layout, name: str, change: str, concerned: str) -> None:
    """Change a table's rows if any are concerned, and wait until it is done. Raises StoreError where it takes long."""
    [[rows]] = connection.execute(f"SELECT count() FROM {layout.table(name)} WHERE {concerned}")  # noqa: S608 - our own words
    if not rows:
        return
    connection.execute(f"ALTER TABLE {layout.local(name)}{layout.on_cluster} {change}")
    release(connection, layout, name)
    source = f"cluster(`{layout.cluster}`, system, mutations)" if layout.cluster else "system.mutations"
    # Of each shard the replica that is asked; the others carry out the same mutation from their queue.
    query = (
        f"SELECT count() FROM {source} "  # noqa: S608 - our own words
        f"WHERE database = '{layout.database}' AND table = '{layout.local_name(name)}' AND is_done = 0"
    )
    deadline = time.monotonic() + _LONGEST
    while connection.execute(query) != [(0,)]:
        if time.monotonic() > deadline:
            raise StoreError("ClickHouse is still deleting; it will be looked at again within the hour")
        time.sleep(_PAUSE)


def retain(connection: Connection, layout: Layout, cutoff: int, step: Step) -> list[str]:
    """Drop the months that were over at a moment (epoch seconds), and their days from the rollups; their names."""
    rows = connection.execute(f"SELECT DISTINCT toYYYYMM(toDate(day)) FROM {layout.table(EVENTS)}")  # noqa: S608 - our own words
    months = sorted(f"{number // 100}-{number % 100:02d}" for (number,) in rows)
    over = [month for month in months if month_bounds(month)[1] <= cutoff]
    if not over:
        return []
    first_day = max(month_bounds(month)[1] for month in over) // DAY
    for rollup in ROLLUPS:
        _drop_days(connection, layout, rollup, first_day)
    step("rollups cut")
    for month in over:
        connection.execute(
            f"ALTER TABLE {layout.local(EVENTS)}{layout.on_cluster} DROP PARTITION {month.replace('-', '')}"
        )
    return over


def _drop_days(connection: Connection, layout: Layout, rollup: Rollup, first_day: int) -> None:
    if not rollup.presence:
        _mutate(connection, layout, rollup.name, f"DELETE WHERE day < {first_day}", f"day < {first_day}")
        return
    block, bits = block_of(first_day), ALL_DAYS & ~((1 << bit_of(first_day)) - 1)
    edge = f"block = {block} AND bitAnd(mask, toUInt64({ALL_DAYS ^ bits})) <> 0"
    _mutate(connection, layout, rollup.name, f"UPDATE mask = bitAnd(mask, toUInt64({bits})) WHERE {edge}", edge)
    gone = f"block < {block} OR mask = 0"
    _mutate(connection, layout, rollup.name, f"DELETE WHERE {gone}", gone)

"""Roll-ups in batches: counts of some loads that never change and are valid from their publication on.

A roll-up writes the rows of a new batch into every roll-up table, then one row into the table `batches`, which
publishes it. Charts read the rows of published batches only. An attempt that is cut short leaves rows that never count,
even if inserts were repeated: the next attempt is another batch. Each collector rolls up its own loads, in their order.

Active batches of one level share a partition of every table (the column `shelf`). When a partition has
`BATCHES_PER_PARTITION` batches, they are merged into one batch of the next level, whose publication replaces the
partition; a minute later the partition is dropped. So charts read few rows, and many small batches don't cause large
ones to be rewritten.
"""

import logging
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from ..interface import StepHook
from ..rollups import ROLLUPS, RollupTable
from .connection import Connection
from .layout import TableLayout
from .load_state import LOAD_BITS
from .relations import rollup_query

_log = logging.getLogger(__name__)

BATCHES_PER_PARTITION = 24
_KEPT_MILLISECONDS = 60_000
"""How long a replaced partition is kept for charts that have begun to read it."""
_RANDOM_BITS = 20
_ATTRIBUTES = {
    "batch": "number",
    "collector": "collector",
    "level": "level",
    "shelf": "partition",
    "since": "after_load",
    "upto": "last_load",
    "replaces": "replaces",
    "takes": "deletion",
    "without": "excluded_rows",
}
"""Column of the table `batches` to attribute of `RollupBatch`, in the order of its fields."""
_LATER = {"numbers_durations_by_client": "tool_durations"}
"""Roll-ups that batches of earlier versions lack, and one that counts the same events."""


@dataclass(frozen=True)
class RollupBatch:
    """A batch that counts the loads after `after_load` up to `last_load`.

    Attributes:
        number: unique; its upper bits are the time of creation.
        replaces: the partitions whose batches this one stands for.
        deletion: the name of the deletion whose counts the batch subtracts, or empty.
        excluded_rows: rows (`load:uuid`) that another collector counts, so this batch doesn't.
    """

    number: int
    collector: int
    level: int
    partition: int
    after_load: int
    last_load: int
    replaces: tuple[int, ...] = ()
    deletion: str = ""
    excluded_rows: tuple[str, ...] = ()

    @property
    def created_ms(self) -> int:
        """Epoch milliseconds."""
        return self.number >> _RANDOM_BITS


def published_batches(connection: Connection, layout: TableLayout) -> list[RollupBatch]:
    """All published batches of all collectors, including replaced ones."""
    rows = connection.execute(f"SELECT DISTINCT {', '.join(_ATTRIBUTES)} FROM {layout.table('batches')} ORDER BY batch")  # noqa: S608 - our own words
    return [
        RollupBatch(number, collector, level, partition, after, last, tuple(replaces), deletion, tuple(excluded))
        for number, collector, level, partition, after, last, replaces, deletion, excluded in rows
    ]


def active_batches(batches: Sequence[RollupBatch]) -> list[RollupBatch]:
    """The batches that are not replaced."""
    replaced = {partition for batch in batches for partition in batch.replaces}
    return [batch for batch in batches if batch.partition not in replaced]


def covered_loads(batches: Sequence[RollupBatch]) -> list[tuple[int, int]]:
    """For each collector, the range of loads, both ends included, that active batches count."""
    last_loads: dict[int, int] = {}
    for batch in batches:
        last_loads[batch.collector] = max(batch.last_load, last_loads.get(batch.collector, 0))
    return [(collector << LOAD_BITS, last) for collector, last in sorted(last_loads.items())]


class RollupBatchWriter:
    """Writes one collector's batches. Methods raise EngineError; `clock` gives epoch seconds."""

    def __init__(
        self, connection: Connection, layout: TableLayout, collector: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._connection, self._layout, self._collector, self._clock = connection, layout, collector, clock

    def own_batches(self) -> list[RollupBatch]:
        """The collector's batches, including replaced ones."""
        return [
            batch for batch in published_batches(self._connection, self._layout) if batch.collector == self._collector
        ]

    def add(self, after_load: int, last_load: int, step: StepHook) -> int:
        """Count the loads after `after_load` up to `last_load` and publish the batch; returns the number of events."""
        batch = self._write_counts(self._new(0, after_load, last_load))
        step("rolled up")
        self._publish(batch)
        step("batch published")
        self.correct_counts()
        source = f"FROM {self._layout.table('event_counts')} WHERE batch = {batch.number}"
        [[events]] = self._connection.execute(f"SELECT sum(n) {source}")
        return int(events)

    def _write_counts(self, draft: RollupBatch) -> RollupBatch:
        """Write a batch's rows from the events of its loads; returns the batch to publish."""
        where = [f"load > {draft.after_load}", f"load <= {draft.last_load}"]
        excluded = self._repeated_rows(draft.after_load, draft.last_load)
        while True:
            batch = replace(
                self._new(draft.level, draft.after_load, draft.last_load, draft.replaces), excluded_rows=excluded
            )
            self._write_all(batch, lambda rollup: rollup_query(self._layout, rollup, where))
            # Another collector may have marked one of these rows as repeated since: then write the batch again.
            before, excluded = excluded, self._repeated_rows(draft.after_load, draft.last_load)
            if excluded == before:
                return batch

    def _repeated_rows(self, after_load: int, last_load: int) -> tuple[str, ...]:
        """Rows (`load:uuid`) of some loads that don't count, because another collector loaded the same events."""
        rows = self._connection.execute(
            f"SELECT DISTINCT concat(toString(load), ':', toString(uuid)) AS row FROM {self._layout.table('repeated')} "  # noqa: S608 - our own words
            f"WHERE load > {after_load} AND load <= {last_load} ORDER BY row"
        )
        return tuple(row for (row,) in rows)

    def correct_counts(self) -> None:
        """Subtract rows that this collector's batches count although another collector marked them as repeated.

        Usually there are none: the mark must come while a batch is being published. Only the owner of a batch corrects
        it, so nothing is subtracted twice; a correction lists its rows when it is published.
        """
        own = active_batches(self.own_batches())
        last_load = max((batch.last_load for batch in own), default=self._collector << LOAD_BITS)
        excluded = {row for batch in own for row in batch.excluded_rows}
        late = tuple(row for row in self._repeated_rows(self._collector << LOAD_BITS, last_load) if row not in excluded)
        if late:
            batch = replace(self._new(0, last_load, last_load), excluded_rows=late)
            listed = ", ".join(f"'{row}'" for row in late)
            rows = f"concat(toString(load), ':', toString(uuid)) IN ({listed})"
            loads = f"load IN ({', '.join(sorted({row.partition(':')[0] for row in late}))})"
            self._write_negated(
                batch, lambda rollup: rollup_query(self._layout, rollup, [loads, rows], include_repeated=True)
            )
            self._publish(batch)

    def rebuild(self, last_load: int, step: StepHook) -> None:
        """Recount all loads of this collector up to `last_load`, in place of all its batches."""
        old = active_batches(self.own_batches())
        partitions = tuple(sorted({batch.partition for batch in old}))
        level = max((batch.level for batch in old), default=0)
        batch = self._write_counts(
            RollupBatch(0, self._collector, level, 0, self._collector << LOAD_BITS, last_load, partitions)
        )
        step("fresh rollups")
        self._publish(batch)
        self.correct_counts()

    def subtract_counts(self, deletion: str, rows: Callable[[RollupTable], str]) -> None:
        """Publish a batch that subtracts counts, once for each deletion's name."""
        own = active_batches(self.own_batches())
        if any(batch.deletion == deletion for batch in published_batches(self._connection, self._layout)):
            return
        last_load = max((batch.last_load for batch in own), default=self._collector << LOAD_BITS)
        batch = replace(self._new(0, last_load, last_load), deletion=deletion)
        self._write_negated(batch, rows)
        self._publish(batch)

    def _write_negated(self, batch: RollupBatch, rows: Callable[[RollupTable], str]) -> None:
        """Write a batch that subtracts counts. Presence is no count and stays: another row of the instance says it."""
        for rollup in ROLLUPS:
            if not rollup.is_presence:
                values = ", ".join(f"negate({value}) AS less_{value}" for value in rollup.values)
                query = f"SELECT {', '.join(rollup.keys)}, {values} FROM ({rows(rollup)})"  # noqa: S608 - our own words
                self.write_rows(batch, rollup, query, "less_")

    def merge_full_partitions(self, full: int = BATCHES_PER_PARTITION) -> None:
        """Merge the batches of each full partition into one, lowest level first."""
        level = 0
        while level <= max((batch.level for batch in active_batches(self.own_batches())), default=-1):
            members = [batch for batch in active_batches(self.own_batches()) if batch.level == level]
            if len(members) >= full:
                self._merge(members)
            level += 1

    def _merge(self, members: Sequence[RollupBatch]) -> None:
        after_load, last_load = min(batch.after_load for batch in members), max(batch.last_load for batch in members)
        partitions = tuple(sorted({batch.partition for batch in members}))
        excluded = tuple(sorted({row for batch in members for row in batch.excluded_rows}))
        merged = replace(self._new(members[0].level + 1, after_load, last_load, partitions), excluded_rows=excluded)
        self._write_all(merged, lambda rollup: _merge_query(self._layout, rollup, members))
        self._publish(merged)

    def _new(self, level: int, after_load: int, last_load: int, replaces: tuple[int, ...] = ()) -> RollupBatch:
        number = int(self._clock() * 1000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        partitions = [
            batch.partition
            for batch in active_batches(self.own_batches())
            if batch.level == level and batch.partition not in replaces
        ]
        partition = partitions[0] if partitions else number
        return RollupBatch(number, self._collector, level, partition, after_load, last_load, replaces)

    def _write_all(self, batch: RollupBatch, rows: Callable[[RollupTable], str]) -> None:
        for rollup in ROLLUPS:
            self.write_rows(batch, rollup, rows(rollup))

    def write_rows(self, batch: RollupBatch, rollup: RollupTable, rows: str, prefix: str = "") -> None:
        """Write a batch's rows of one roll-up from the query `rows`, whose value columns may have a prefix."""
        columns = ", ".join(rollup.columns())
        selected = ", ".join((*rollup.keys, *(prefix + name for name in rollup.values)))
        self._connection.execute(
            f"INSERT INTO {self._layout.table(rollup.name)} (shelf, batch, {columns}) "  # noqa: S608 - our own words
            f"SELECT toUInt64({batch.partition}) AS shelf, toUInt64({batch.number}) AS batch, {selected} FROM ({rows})"
        )

    def fill_tables(self, created: Collection[str]) -> None:
        """Write the rows of all batches into tables that were just created, and into those that lack some.

        Rows are missing where a fill was cut short, and where a collector of an earlier version wrote a batch.
        """
        batches = active_batches(published_batches(self._connection, self._layout))
        lacking = [name for name in _LATER if name not in created and self._lacks_rows(name, batches)]
        missing = [rollup for rollup in ROLLUPS if batches and rollup.name in (*created, *lacking)]
        for name in lacking:
            self._connection.execute(f"TRUNCATE TABLE {self._layout.local(name)}{self._layout.on_cluster}")
        for number, rollup in enumerate(missing, 1):
            _log.info("store: counting %s from what is stored, table %d of %d", rollup.name, number, len(missing))
            for batch in batches:
                where = [f"load > {batch.after_load}", f"load <= {batch.last_load}"]
                self.write_rows(batch, rollup, rollup_query(self._layout, rollup, where))

    def _lacks_rows(self, name: str, batches: Sequence[RollupBatch]) -> bool:
        """Whether a table of `_LATER` counts other events than the one that is as old as the store."""
        listed = ", ".join(str(batch.number) for batch in batches) or "0"
        counts = [
            self._connection.execute(f"SELECT sum(n) FROM {self._layout.table(table)} WHERE batch IN ({listed})")  # noqa: S608 - numbers
            for table in (name, _LATER[name])
        ]
        return counts[0] != counts[1]

    def _publish(self, batch: RollupBatch) -> None:
        columns = {column: [getattr(batch, attribute)] for column, attribute in _ATTRIBUTES.items()}
        self._connection.insert(self._layout.table("batches"), columns)

    def drop_replaced(self) -> None:
        """Drop the partitions that were replaced more than a minute ago."""
        batches = self.own_batches()
        now = int(self._clock() * 1000)
        replaced = {
            partition
            for batch in batches
            if now - batch.created_ms > _KEPT_MILLISECONDS
            for partition in batch.replaces
        }
        for partition in sorted(replaced & {batch.partition for batch in batches}):
            # The list of batches goes last: until then the next attempt finds the partition again.
            for name in (*(rollup.name for rollup in ROLLUPS), "batches"):
                self._connection.execute(
                    f"ALTER TABLE {self._layout.local(name)}{self._layout.on_cluster} DROP PARTITION {partition}"
                )


def _merge_query(layout: TableLayout, rollup: RollupTable, members: Sequence[RollupBatch]) -> str:
    """The query that adds up the rows of some batches."""
    keys = ", ".join(rollup.keys)
    aggregate = "groupBitOr" if rollup.is_presence else "sum"
    sums = ", ".join(f"{aggregate}({name}) AS {name}" for name in rollup.values)
    listed = ", ".join(str(batch.number) for batch in members)
    # In WHERE, ClickHouse takes the alias for the column of the same name; so the sum is compared one query up.
    inner = f"SELECT {keys}, {sums} FROM {layout.table(rollup.name)} WHERE batch IN ({listed}) GROUP BY {keys}"  # noqa: S608 - our own words
    return f"SELECT * FROM ({inner}) WHERE {rollup.values[0]} <> 0"  # noqa: S608 - our own words

"""The store on ClickHouse: one server, or a cluster that several collectors feed.

How an event is counted exactly once, although there are no transactions:

1. A load gets a number, which `load_state` records on disk with the load's segments before anything else.
2. Its rows are the events that the store doesn't have yet (`dedupe`), in a fixed order, inserted under the load's own
   query ID. Rows of one shard and month arrive together or not at all. A load that was cut short is repeated with the
   same segments: rows that arrived are found and left out, the others form the same block again, which replicated
   tables accept once. The query ID keeps a repeated insert from running next to one that is still under way. An insert
   counts when all replicas of its shards have it (`quorum` in the address asks for fewer), so every replica shows it
   afterwards.
3. If two collectors load the same event at the same moment, one of the rows is marked as repeated and doesn't count.
4. Roll-ups are written in batches, which count from their publication on (`rollup_batches`). Until then charts read the
   events of those loads too, so charts are never behind and nothing counts twice.
5. Segments stay in the journal until all this is done, however long the store can't be reached.
"""

import time
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from footfall.catalogue import Catalogue

from ...journal import SegmentChecksums, intact_segments
from ...runtime import Status
from ..columns import event_columns
from ..interface import EventSelection, LoadResult, StepHook, StoreError, ignore_step
from ..rollups import fact_tables
from . import dedupe, deletion, tables
from .address import ClickHouseAddress
from .connection import Connection, ConnectionPool, DriverConnection, EngineError, engine_errors, server_list
from .event_columns import EventLine, EventLineReader, count_by_product
from .layout import TableLayout
from .load_state import LoadState
from .relations import ClickHouseChartQuery
from .rollup_batches import RollupBatchWriter, active_batches, covered_loads, published_batches
from .stored_months import ClickHouseMonths


class ClickHouseStore:
    """A `Store` in a ClickHouse database.

    Args:
        data_dir: DATA, for the file of `load_state`.
        catalogues: by product.
        address: the servers' address.
        status: counts damaged lines.
        pepper: fingerprint of the key that instances are hashed with; empty to skip the check.
        on_step: called before each step after which the process could end; tests end it there.
        connect: opens a connection; tests use an embedded engine.
        clock: epoch seconds.

    Raises:
        StoreError: the servers can't be reached, or the store has a newer schema or another pepper.
    """

    engine = "clickhouse"
    needs_recovery = False

    def __init__(
        self,
        data_dir: Path,
        catalogues: Mapping[str, Catalogue],
        address: ClickHouseAddress,
        *,
        status: Status | None = None,
        pepper: str = "",
        checksums: SegmentChecksums | None = None,
        on_step: StepHook = ignore_step,
        connect: Callable[[ClickHouseAddress], Connection] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._data, self._address, self._status = data_dir, address, status or Status()
        self._pepper, self._step, self._clock, self._checksums = pepper, on_step, clock, checksums
        self._columns, self._facts = event_columns(catalogues), fact_tables(catalogues.values())
        self._lines = EventLineReader(self._columns)
        self._pool = ConnectionPool(lambda: (connect or self._connect_with_driver)(address))
        self._writer: Connection | None = None
        with engine_errors(f"ClickHouse at {server_list(address)} can't be used"):
            self._open()

    def _connect_with_driver(self, address: ClickHouseAddress) -> Connection:
        connection = DriverConnection(address)
        if address.cluster:
            layout = TableLayout(address.database, address.cluster, connection.version, {})
            connection.quorum(address.quorum or tables.replica_count(connection, layout))
        return connection

    def _open(self) -> None:
        writer = self._writer = self._pool.writer()
        self.layout = TableLayout(self._address.database, self._address.cluster, writer.version, self._columns)
        created = tables.create_missing(writer, self.layout)
        if self._pepper:
            tables.check_pepper(writer, self.layout, self._pepper)
        self.load_state = LoadState(self._data, tables.store_name(writer, self.layout))
        tables.register_collector(writer, self.layout, self.load_state.collector)
        self._batch_writer = RollupBatchWriter(writer, self.layout, self.load_state.collector, self._clock)
        self._read_load_state(created)

    def _read_load_state(self, created_tables: Sequence[str]) -> None:
        """Read which loads were begun, finished and rolled up, and fill tables that were just created."""
        batches = active_batches(published_batches(self.writer, self.layout))
        own = [batch.last_load for batch in batches if batch.collector == self.load_state.collector]
        if max(own, default=self.load_state.first) < self.load_state.last_rolled_load:
            raise StoreError("the ClickHouse server that answers is behind the others; try again when it has caught up")
        self.load_state.last_rolled_load = max(self.load_state.last_rolled_load, *own, self.load_state.first)
        self.load_state.newest_load = max(self.load_state.newest_load, self.load_state.last_rolled_load)
        # The newest load is known to be finished only if it was rolled up; otherwise it is repeated first.
        uncertain = any(load == self.load_state.newest_load for _, load in self.load_state.segments.values())
        newest, rolled = self.load_state.newest_load, self.load_state.last_rolled_load
        self.last_load = max(newest - 1, rolled) if uncertain else newest
        self._batch_writer.fill_tables(created_tables)

    @property
    def writer(self) -> Connection:
        """The loader's connection."""
        if self._writer is None:
            raise EngineError("not connected")
        return self._writer

    @property
    def revision(self) -> tuple[int, int]:
        """See `Store.revision`."""
        return self._pool.revision()

    @property
    def deletions(self) -> Hashable:
        """See `Store.deletions`."""
        with engine_errors("the store can't answer"), self._pool.reader() as connection:
            return deletion.deletion_state(connection, self.layout)

    def recover(self) -> None:
        """See `Store.recover`."""
        with engine_errors("the store can't be reached again"):
            self._close_connections()
            self._open()

    def load(self, segments: Sequence[Path]) -> LoadResult:
        """See `Store.load`. Segments that were loaded before are skipped."""
        with engine_errors("the store can't take new events; they stay in the journal"):
            sizes = {path: path.stat().st_size for path in segments}
            loaded = self._finish({path.parent for path in segments})
            fresh = [path for path, size in sizes.items() if self._recorded_size(path.name) != size]
            if fresh:
                self._step("begin")
                number = self.load_state.begin({path.name: sizes[path] for path in fresh})
                loaded += self._store_segments(number, fresh)
                self.last_load = number
            return loaded

    def _recorded_size(self, segment: str) -> int | None:
        return self.load_state.segments.get(segment, (None, 0))[0]

    def _finish(self, journals: set[Path]) -> LoadResult:
        """Repeat the newest load if it may be unfinished, with all its recorded segments."""
        newest = self.load_state.newest_load
        if self.last_load == newest:
            return LoadResult()
        names = sorted(name for name, (_, load) in self.load_state.segments.items() if load == newest)
        segments = [path for journal in journals for name in names if (path := journal / name).exists()]
        loaded = self._store_segments(newest, segments, is_repeated=True) if segments else LoadResult()
        self.last_load = newest
        return loaded

    def _store_segments(self, number: int, segments: Sequence[Path], is_repeated: bool = False) -> LoadResult:
        """Steps 2 and 3 of a load. In a repeated load, stored events may be its own, so they don't count as repeats."""
        arrived = self._read(segments)
        new = dedupe.remove_stored(self.writer, self.layout, arrived)
        self._step("insert")
        if new:
            columns = self._lines.columns(new, number)
            self.writer.insert(self.layout.table("events"), columns, query_id=f"footfall-{number}")
        self._step("inserted")
        if tables.collector_count(self.writer, self.layout) > 1:
            # A repeated load checks all its events: the first attempt may have ended after the insert.
            dedupe.resolve_concurrent_loads(self.writer, self.layout, arrived if is_repeated else new, number)
        self._step("done")
        return LoadResult(
            count_by_product(new), {} if is_repeated else count_by_product(arrived) - count_by_product(new)
        )

    def _read(self, segments: Sequence[Path]) -> list[EventLine]:
        marks = deletion.tombstone_marks(self.writer, self.layout)
        with intact_segments(segments, self._data / "clickhouse-tmp", self._status, self._checksums) as paths:
            events, forgotten = self._lines.read(paths, marks)
        if forgotten:
            self._status.increment("events_forgotten", n=forgotten)
        return events

    def loaded_with(self, segment: str) -> tuple[Collection[str], int | None] | None:
        """See `Store.loaded_with`."""
        with engine_errors("the store can't be asked for a load"):
            return tables.loaded_with(self.writer, self.layout, self.load_state, segment)

    @property
    def unrolled_loads(self) -> int:
        """The number of finished loads that the roll-ups don't hold yet."""
        return self.last_load - self.load_state.last_rolled_load

    def roll_up(self) -> int:
        """See `Store.roll_up`. Full partitions are merged, and replaced ones dropped."""
        with engine_errors("the rollups can't be brought up to date"):
            events = 0
            if self.last_load > self.load_state.last_rolled_load:
                self._step("roll up")
                events = self._batch_writer.add(self.load_state.last_rolled_load, self.last_load, self._step)
                self._step("published")
                self.load_state.last_rolled_load = self.last_load
                self.load_state.write()
                self._batch_writer.merge_full_partitions()
            self._bring_own_batches_up_to_date()
            return events

    def _bring_own_batches_up_to_date(self) -> None:
        """Apply what other collectors have asked for: corrections and rebuilds. Usually there is nothing to do."""
        self._batch_writer.correct_counts()
        if tables.rebuild_requests(self.writer, self.layout) > self.load_state.rebuilt:
            self._rebuild_own()
        self._batch_writer.drop_replaced()

    def rebuild(self) -> None:
        """See `Store.rebuild`. Other collectors recount their loads at their next roll-up, within an hour.

        Only its owner writes a batch, so no two collectors replace the same one.
        """
        with engine_errors("the rollups can't be rebuilt"):
            tables.request_rebuild(self.writer, self.layout)
            self._rebuild_own()

    def _rebuild_own(self) -> None:
        requests = tables.rebuild_requests(self.writer, self.layout)
        # Otherwise the counts of a half-deleted instance would come back.
        self._finish_forgetting()
        self._batch_writer.rebuild(self.load_state.last_rolled_load, self._step)
        self.load_state.rebuilt = requests
        self.load_state.write()

    def checkpoint(self) -> None:
        """See `Store.checkpoint`. Inserted rows are on the replicas' disks already, so there is nothing to do."""
        self._step("checkpoint")

    def forget_segments(self, names: Sequence[str]) -> None:
        """See `Store.forget_segments`."""
        self._step("forget segments")
        deleted, newest = set(names), self.load_state.newest_load
        segments = self.load_state.segments
        self.load_state.segments = {
            name: (size, load) for name, (size, load) in segments.items() if name not in deleted or load == newest
        }
        with engine_errors("the store can't forget old segments"):
            self.load_state.write()

    def query(self, sql: str, selection: EventSelection) -> list[tuple[Any, ...]]:
        """See `Store.query`. Raises StoreError if the servers can't answer."""
        with engine_errors("the store can't answer"), self._pool.reader() as connection:
            batches = active_batches(published_batches(connection, self.layout))
            numbers = [batch.number for batch in batches]
            layout = dedupe.layout_of_query(connection, self.layout)
            query = ClickHouseChartQuery(layout, sql, selection, numbers, covered_loads(batches), self._facts)
            return connection.execute(query.sql)

    def forget(self, instance: str) -> int:
        """See `Store.forget`. The store's other collectors leave the instance out from their next load on."""
        with engine_errors("the instance can't be forgotten now; it will be at the next start"):
            deletion.add_tombstone(self.writer, self.layout, instance, self._clock())
            self._step("tombstone")
            return self.finish_forgetting()

    def finish_forgetting(self) -> int:
        """See `Store.finish_forgetting`. It runs every hour, even if no events arrive, so it corrects batches too."""
        with engine_errors("instances that are to be forgotten can't be deleted"):
            events = self._finish_forgetting()
            self._bring_own_batches_up_to_date()
            return events

    def _finish_forgetting(self) -> int:
        # An event that counts twice would be subtracted once only.
        self._batch_writer.correct_counts()
        return deletion.finish_deletions(self.writer, self.layout, self._batch_writer, self._clock(), self._step)

    def take_back_forgetting(self, instances: Sequence[str]) -> None:
        """See `Store.take_back_forgetting`."""
        with engine_errors("the list of the forgotten can't be written"):
            deletion.take_back(self.writer, self.layout, instances)

    @property
    def months(self) -> ClickHouseMonths:
        """See `Store.months`."""
        return ClickHouseMonths(self.writer, self.layout, self._step, self.rebuild)

    def close(self) -> None:
        """See `Store.close`."""
        self._close_connections()

    def _close_connections(self) -> None:
        self._pool.close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

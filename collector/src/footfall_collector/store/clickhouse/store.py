"""The store on ClickHouse: one server, or a cluster that several collectors feed.

How an event is counted exactly once, although there are no transactions:

1. A load gets a number, written down with its segments in DATA before anything else (`progress.py`).
2. Its rows are what the store doesn't have yet (`known.py`), in an order of their own, under the load's own query id.
   Rows of one shard and month arrive together or not at all. A load that was cut short is repeated with the same
   segments: what arrived is found and left out, the rest is the same block again, which replicated tables take once.
   The query id keeps an insert that is still under way from running beside its repetition. An insert counts when
   all replicas of its shards have it (`quorum` in the address asks for fewer), so whoever asks a replica afterwards
   finds it.
3. Where two collectors load the same event at one moment, one of the rows is marked as not counting.
4. Rollups are written in batches, which count from the moment they are published (`batches.py`); until then charts
   read those loads' events too, so they are never behind and never count twice.
5. Segments stay in the journal until all this is done, however long the store can't be reached.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from footfall.catalogue import Catalogue

from ...runtime import Status
from ..columns import columns_of
from ..damaged_lines import readable
from ..interface import Loaded, Scope, StoreError
from ..rollups import BY_NAME
from . import dedupe as known
from . import deletion, tables
from .address import Address
from .connection import Connection, DriverConnection, EngineError, Pool
from .errors import engine_errors, places
from .event_columns import Event, Lines
from .layout import Layout
from .load_state import Progress
from .relations import Question, counted
from .rollup_batches import Shelves, active, covered, published

Step = Callable[[str], None]


def _no_step(_: str) -> None:
    return


class ClickHouseStore:
    """A `Store` in a ClickHouse database.

    Args:
        data_dir: DATA; it gets one small file.
        catalogues: by product.
        address: of the servers.
        status: counts damaged lines.
        pepper: fingerprint of the key that instances were hashed with; empty where it is not to be checked.
        on_step: is told before each step that could be the last; for tests that end the process there.
        connect: makes a connection; for tests with an engine of their own.
        clock: epoch seconds.

    Raises:
        StoreError: the servers can't be reached, or the store is of a newer version or another pepper.
    """

    engine = "clickhouse"

    def __init__(
        self,
        data_dir: Path,
        catalogues: Mapping[str, Catalogue],
        address: Address,
        *,
        status: Status | None = None,
        pepper: str = "",
        on_step: Step = _no_step,
        connect: Callable[[Address], Connection] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._data, self._address, self._status = data_dir, address, status or Status()
        self._pepper, self._step, self._clock = pepper, on_step, clock
        self._columns = columns_of(catalogues)
        self._lines = Lines(self._columns)
        self._connect = connect or self._driver
        self._pool = Pool(lambda: self._connect(address))
        self._writer: Connection | None = None
        with engine_errors(f"ClickHouse at {places(address)} can't be used"):
            self._open()

    def _driver(self, address: Address) -> Connection:
        connection = DriverConnection(address)
        if address.cluster:
            layout = Layout(address.database, address.cluster, connection.version, {})
            connection.quorum(address.quorum or tables.replicas(connection, layout))
        return connection

    def _open(self) -> None:
        writer = self._writer = self._connect(self._address)
        self.layout = Layout(self._address.database, self._address.cluster, writer.version, self._columns)
        made = tables.prepare(writer, self.layout)
        if self._pepper:
            tables.check_pepper(writer, self.layout, self._pepper)
        self.progress = Progress(self._data, tables.store_name(writer, self.layout))
        tables.register(writer, self.layout, self.progress.collector)
        self._shelves = Shelves(writer, self.layout, self.progress.collector, self._clock)
        self._take_stock(made)

    def _take_stock(self, made: Sequence[str]) -> None:
        """Find out where the process before, or this one before an error, has got to."""
        batches = active(published(self.writer, self.layout))
        own = [batch.upto for batch in batches if batch.collector == self.progress.collector]
        if max(own, default=self.progress.first) < self.progress.rolled:
            raise StoreError("the ClickHouse server that answers is behind the others; try again when it caught up")
        self.progress.rolled = max(self.progress.rolled, *own, self.progress.first)
        self.progress.newest = max(self.progress.newest, self.progress.rolled)
        # Whether the newest load was finished is known only where it was rolled up; else it is repeated first.
        unsure = any(load == self.progress.newest for _, load in self.progress.segments.values())
        self._finished = max(self.progress.newest - 1, self.progress.rolled) if unsure else self.progress.newest
        # Tables that an earlier version didn't have, filled for what the batches hold.
        for name in set(made) & set(BY_NAME) if batches else ():
            for batch in batches:
                where = [f"load > {batch.since}", f"load <= {batch.upto}"]
                self._shelves.fill_one(batch, BY_NAME[name], counted(self.layout, BY_NAME[name], where))

    @property
    def writer(self) -> Connection:
        """The loader's connection."""
        if self._writer is None:
            raise EngineError("not connected")
        return self._writer

    def recover(self) -> None:
        """See `Store.recover`."""
        with engine_errors("the store can't be reached again"):
            self._let_go()
            self._open()

    def load(self, segments: Sequence[Path]) -> Loaded:
        """See `Store.load`. Segments that are in the store already are left alone."""
        with engine_errors("the store can't take new events; they stay in the journal"):
            sizes = {path: path.stat().st_size for path in segments}
            loaded = self._finish({path.parent for path in segments})
            fresh = [path for path, size in sizes.items() if self._size_of(path.name) != size]
            if fresh:
                self._step("begin")
                number = self.progress.begin({path.name: sizes[path] for path in fresh})
                loaded = loaded.plus(self._carry_out(number, fresh))
                self._finished = number
            return loaded

    def _size_of(self, segment: str) -> int | None:
        return self.progress.segments.get(segment, (None, 0))[0]

    def _finish(self, journals: set[Path]) -> Loaded:
        """Repeat the newest load where it may not have come to its end: all its segments, whichever are asked for."""
        newest = self.progress.newest
        if self._finished == newest:
            return Loaded()
        names = sorted(name for name, (_, load) in self.progress.segments.items() if load == newest)
        segments = [path for journal in journals for name in names if (path := journal / name).exists()]
        loaded = self._carry_out(newest, segments, again=True) if segments else Loaded()
        self._finished = newest
        return loaded

    def _carry_out(self, number: int, segments: Sequence[Path], again: bool = False) -> Loaded:
        """Steps 2 and 3 of a load. `again`: what is there already may be its own, so it is not `known`."""
        arrived = self._read(segments)
        new = known.leave_out_known(self.writer, self.layout, arrived)
        self._step("insert")
        if new:
            columns = self._lines.columns(new, number)
            self.writer.insert(self.layout.table("events"), columns, query_id=f"footfall-{number}")
        self._step("inserted")
        if tables.collectors(self.writer, self.layout) > 1:
            # Of a repeated load all that arrived: an end between the insert and this leaves it to be done.
            known.settle_races(self.writer, self.layout, arrived if again else new, number)
        self._step("done")
        return Loaded(_by_product(new), {} if again else _by_product(arrived) - _by_product(new))

    def _read(self, segments: Sequence[Path]) -> list[Event]:
        scratch = self._data / "clickhouse-tmp"
        sound = []
        for segment in segments:
            path, damaged = readable(segment, scratch)
            sound.append(path)
            if damaged:
                self._status.increment("journal_lines_damaged", n=damaged)
        events, gone = self._lines.read(sound, deletion.marks(self.writer, self.layout))
        if gone:
            self._status.increment("events_forgotten", n=gone)
        for path in set(sound) - set(segments):
            path.unlink()
        return events

    @property
    def unrolled_loads(self) -> int:
        """How many finished loads the rollups don't hold yet."""
        return self._finished - self.progress.rolled

    def roll_up(self) -> int:
        """See `Store.roll_up`. Full shelves are summed up, and replaced ones dropped."""
        with engine_errors("the rollups can't be brought up to date"):
            events = 0
            if self._finished > self.progress.rolled:
                self._step("roll up")
                events = self._shelves.add(self.progress.rolled, self._finished, self._step)
                self._step("published")
                self.progress.rolled = self._finished
                self.progress.write()
                self._shelves.sum_up()
            self._keep_right()
            return events

    def _keep_right(self) -> None:
        """What other collectors' doings ask of this one's rollups; mostly nothing."""
        self._shelves.correct()
        if tables.rebuild_asked(self.writer, self.layout) > self.progress.rebuilt:
            self._rebuild_own()
        self._shelves.drop_replaced()

    def rebuild(self) -> None:
        """See `Store.rebuild`: this collector's loads now; the others do theirs at their next roll-up, within an hour.

        Only its owner writes a batch, so no two collectors can replace the same one.
        """
        with engine_errors("the rollups can't be made anew"):
            tables.ask_rebuild(self.writer, self.layout)
            self._rebuild_own()

    def _rebuild_own(self) -> None:
        asked = tables.rebuild_asked(self.writer, self.layout)
        # The counts of an instance that is half deleted would come back.
        self._finish_forgetting()
        self._shelves.rebuild(self.progress.rolled, self._step)
        self.progress.rebuilt = asked
        self.progress.write()

    def settle(self) -> None:
        """See `Store.settle`. What was inserted is on disk, on all replicas: there is nothing more to do."""
        self._step("settle")

    def forget_segments(self, names: Sequence[str]) -> None:
        """See `Store.forget_segments`."""
        self._step("forget segments")
        gone, newest = set(names), self.progress.newest
        segments = self.progress.segments
        self.progress.segments = {
            name: (size, load) for name, (size, load) in segments.items() if name not in gone or load == newest
        }
        with engine_errors("the store can't forget old segments"):
            self.progress.write()

    def rows(self, sql: str, scope: Scope) -> list[tuple[Any, ...]]:
        """See `Store.rows`. Raises StoreError where the servers can't answer."""
        with engine_errors("the store can't answer"), self._pool.reader() as connection:
            batches = active(published(connection, self.layout))
            numbers = [batch.batch for batch in batches]
            return connection.execute(Question(self.layout, sql, scope, numbers, covered(batches)).sql)

    def forget(self, instance: str) -> int:
        """See `Store.forget`. The other collectors of the store know of it from their next load on."""
        with engine_errors("the instance can't be forgotten now; it will be at the next start"):
            deletion.add(self.writer, self.layout, instance, self._clock())
            self._step("tombstone")
            return self.finish_forgetting()

    def finish_forgetting(self) -> int:
        """See `Store.finish_forgetting`."""
        with engine_errors("instances that are to be forgotten can't be deleted"):
            events = self._finish_forgetting()
            # Also where nothing arrives: this is called every hour.
            self._keep_right()
            return events

    def _finish_forgetting(self) -> int:
        # What is counted twice would be taken away once only.
        self._shelves.correct()
        return deletion.finish(self.writer, self.layout, self._shelves, self._clock(), self._step)

    def retain(self, cutoff: int) -> list[str]:
        """See `Store.retain`."""
        with engine_errors("old months can't be removed"):
            return deletion.retain(self.writer, self.layout, cutoff, self._step)

    def close(self) -> None:
        """See `Store.close`."""
        self._let_go()

    def _let_go(self) -> None:
        self._pool.close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _by_product(events: Sequence[Event]) -> Counter[str]:
    return Counter(event.product for event in events)

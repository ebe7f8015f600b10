"""The default store: DuckDB files under DATA/store, one for the raw events of each UTC month and one for the roll-ups.

How an event is counted exactly once, wherever the process ends: DuckDB changes one file per transaction, so a load is
several transactions, and the process can end after each of them.

1. The table `loads` in the roll-up file records the load's number and its segments. If the process ends here, the next
   start finds the newest load and repeats it with the same segments and the same number.
2. Each month's file gets its rows, marked with the load's number, and the record that it has this load. A repeated load
   reads the same segments, keeps the same one of equal UUIDs and adds the same rows to the months that lack the load.
3. The roll-ups follow later, in one transaction: the events of all loads after `rolled` are added and `rolled` moves.
   Until then charts also read the raw rows of those loads, so charts are never behind and nothing counts twice. Only
   finished loads are rolled up.
4. Segments are deleted after a checkpoint. A loaded segment that is still there is recognised by name and size. One
   that returns later, from a backup, is a new load of which deduplication leaves nothing.

Lost roll-ups are computed from the raw events. Loads of a lost write-ahead log are repeated: segments are deleted only
after a checkpoint, and the roll-ups count only checkpointed events.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from footfall.catalogue import Catalogue

from ...journal import SegmentChecksums, intact_segments
from ...runtime import Status
from ..chart_query import raw_span
from ..columns import event_columns
from ..interface import EventSelection, LoadResult, StepHook, ignore_step
from ..periods import months_between
from ..tombstones import TombstoneFile
from . import consistency_checks, deletion, load_batch, rollup_tables, stored_months
from .month_files import DatabaseFiles
from .quarantine import engine_errors
from .relations import QuerySource
from .stored_months import DuckMonths

TOMBSTONES = "forgotten.json"


class DuckStore:
    """A `Store` in files of one directory.

    Args:
        data_dir: DATA; the files are in DATA/store.
        catalogues: by product.
        memory_limit: the engine's limit in DuckDB's notation.
        threads: the engine's threads, shared by loading and charts.
        status: counts damaged lines.
        pepper: fingerprint of the key that instances are hashed with; empty to skip the check.
        checksums: checksums of whole segments, from the journal's writer in the same process.
        on_step: called before each step after which the process could end; tests end it there.

    Raises:
        StoreError: the files are in use, of a newer version, or don't fit the catalogues.
    """

    engine = "duckdb"

    def __init__(
        self,
        data_dir: Path,
        catalogues: Mapping[str, Catalogue],
        memory_limit: str = "160MB",
        threads: int = 1,
        status: Status | None = None,
        pepper: str = "",
        on_step: StepHook = ignore_step,
        checksums: SegmentChecksums | None = None,
    ) -> None:
        self._status, self._catalogues = status or Status(), catalogues
        self._step, self._checksums, self.needs_recovery, self.deletions = on_step, checksums, False, 0
        self.tombstones = TombstoneFile(data_dir / TOMBSTONES)
        with self._engine_errors(f"{data_dir / 'store'} can't be used; check the disk and its rights"):
            self.files = DatabaseFiles(data_dir / "store", catalogues, memory_limit, threads)
            try:
                try:
                    self._read_state()
                except duckdb.Error:
                    self.needs_recovery = True
                    self.recover()
                if pepper:
                    self.files.check_pepper(pepper)
            except BaseException:
                self.files.close()
                raise

    def _read_state(self) -> None:
        """Read from the files which loads were begun, finished and rolled up, and which months lost their events."""
        recorded = load_batch.recorded_loads(self.files)
        latest = [month.last_load for month in self.files.months.values()]
        rolled = self._read_back = rollup_tables.last_rolled_load(self.files.writer)
        self._load = max(rolled, *recorded.values(), *latest, self.files.counts.newest_load)
        # The newest load is known to be finished only if it was rolled up; otherwise it is repeated first.
        uncertain = self._load in recorded.values()
        self.last_load = max(self._load - 1, rolled) if uncertain else self._load
        # What is rolled up is in checkpointed files. Other loads may have been in a write-ahead log that is lost.
        self._recorded_loads = {key: load for key, load in recorded.items() if load <= rolled or load == self._load}
        self._loaded_again = recorded.keys() - self._recorded_loads.keys()
        rollup_tables.create_missing(self.files)
        self.incomplete = consistency_checks.report_damage(self.files, self._status)

    @property
    def revision(self) -> tuple[int, int]:
        """See `Store.revision`. Every commit and every exchange of files holds the lock exclusively."""
        return self.files.lock.changes, self.last_load

    def recover(self) -> None:
        """See `Store.recover`."""
        with self._engine_errors("the store can't be opened again"):
            self.files.reopen()
            if self.needs_recovery:
                self.files.set_aside_unreadable()
            self._read_state()
            self.needs_recovery = False

    def load(self, segments: Sequence[Path]) -> LoadResult:
        """See `Store.load`. Segments that were loaded before are skipped."""
        with self._engine_errors("the store can't take new events; they stay in the journal"):
            keys = {path: (path.name, path.stat().st_size) for path in segments}
            loaded = self._finish({path.parent for path in segments})
            loaded += self._refill_months([path for path in segments if keys[path] in self._recorded_loads])
            fresh = [path for path in segments if keys[path] not in self._recorded_loads]
            again = [path for path in fresh if keys[path] in self._loaded_again]
            for group in (again, [path for path in fresh if path not in again]):
                if group:
                    number = self._load + 1
                    self._step("begin")
                    load_batch.record_load(self.files, number, group)
                    self._recorded_loads |= {keys[path]: number for path in group}
                    self._load = number
                    loaded += self._store_segments(number, group, is_repeated=group is again)
                    self.last_load = number
            return loaded

    def _refill_months(self, segments: Sequence[Path]) -> LoadResult:
        """Load segments that the roll-ups count, under the same load, where a month lost its file."""
        loaded = LoadResult()
        if self.incomplete:
            for path in segments:
                number = self._recorded_loads[path.name, path.stat().st_size]
                loaded += self._store_segments(number, [path], is_repeated=True)
            if loaded.new:
                self.incomplete = consistency_checks.report_damage(self.files, self._status)
        return loaded

    def _finish(self, journals: set[Path]) -> LoadResult:
        """Repeat the newest load if it may be unfinished, with all its recorded segments."""
        if self.last_load == self._load:
            return LoadResult()
        names = {name for (name, _), load in self._recorded_loads.items() if load == self._load}
        segments = [path for journal in journals for name in sorted(names) if (path := journal / name).is_file()]
        loaded = self._store_segments(self._load, segments, is_repeated=True) if segments else LoadResult()
        self.last_load = self._load
        return loaded

    def _store_segments(self, number: int, segments: Sequence[Path], is_repeated: bool = False) -> LoadResult:
        """Step 2 of a recorded load. In a repeated load, stored events may be its own: they are no repeats."""
        files, marks = self.files, self.tombstones.marks
        with intact_segments(segments, files.directory / "tmp", self._status, self._checksums) as paths:
            try:
                forgotten = load_batch.read_segments(files, paths, number, marks)
            except (duckdb.InvalidInputException, duckdb.ConversionException):
                # The lines are intact, so the catalogue has changed since: keep the values that still fit.
                forgotten = load_batch.read_segments(files, paths, number, marks, lenient=True)
        if forgotten:
            self._status.increment("events_forgotten", n=forgotten)
        arrived = load_batch.count_by_product(files)
        load_batch.remove_repeats(files)
        load_batch.remove_stored(files)
        new = load_batch.count_by_product(files)
        for name in load_batch.count_by_month(files):
            self._step(f"month {name}")
            load_batch.append_to_month(files, files.month(name), number)
        self._step("done")
        repeated = {product: n - new.get(product, 0) for product, n in arrived.items() if n > new.get(product, 0)}
        return LoadResult(new, {} if is_repeated else repeated)

    def loaded_with(self, segment: str) -> tuple[Collection[str], int | None] | None:
        """See `Store.loaded_with`."""
        with self._engine_errors("the store can't be asked for a load"):
            return load_batch.loaded_with(self.files, segment, rollup_tables.last_rolled_load(self.files.writer))

    @property
    def unrolled_loads(self) -> int:
        """The number of finished loads that the roll-ups don't hold yet. Any thread may read it."""
        with self.files.reader() as cursor:
            return self.last_load - rollup_tables.last_rolled_load(cursor)

    def roll_up(self) -> int:
        """See `Store.roll_up`. All roll-ups change in one transaction."""
        with self._engine_errors("the rollups can't be brought up to date"):
            if self.last_load > rollup_tables.last_rolled_load(self.files.writer):
                # The roll-ups never count an event that is only in a month's write-ahead log, which can be lost.
                self.files.checkpoint_months()
            return rollup_tables.roll_up(self.files, self.last_load, self._step)

    def rebuild(self) -> None:
        """See `Store.rebuild`. Raises StoreError on failure; the old roll-ups then stay."""
        with self._engine_errors("the rollups can't be rebuilt"):
            consistency_checks.check_countable(self.incomplete)
            rollup_tables.rebuild(self.files, self._step)
            self.incomplete = consistency_checks.report_damage(self.files, self._status)

    def give_up_damaged(self) -> None:
        """Make `rebuild` count without the months that lost their file. Raises StoreError."""
        with self._engine_errors("the damaged months can't be given up"):
            consistency_checks.give_up(self.files, self.incomplete)
            self.incomplete = ()

    def forget(self, instance: str) -> int:
        """See `Store.forget`."""
        with self._engine_errors("the instance can't be forgotten now; it will be at the next start"):
            self.tombstones.add(instance)
            self._step("tombstone")
            return self.finish_forgetting()

    def finish_forgetting(self) -> int:
        """See `Store.finish_forgetting`."""
        with self._engine_errors("instances that are to be forgotten can't be deleted"):
            deleted = stored_months.forget_pending(self.files, self.tombstones, self._step)
            if self.files.counts.changed:
                deleted += deletion.forget_again(self.files, self.tombstones.marks, self._step)
                self.incomplete = consistency_checks.settle_changed(self.files, self._status, self._step)
            self.deletions += deleted
            return deleted

    def take_back_forgetting(self, instances: Sequence[str]) -> None:
        """See `Store.take_back_forgetting`."""
        with self._engine_errors("the list of forgotten instances can't be written"):
            self.tombstones.take_back(instances)

    @property
    def months(self) -> DuckMonths:
        """See `Store.months`."""
        return DuckMonths(self.files, self._step, self._engine_errors, self.incomplete)

    def compare_with_journal(self, segments: Sequence[Path]) -> consistency_checks.JournalComparison:
        """Look up every event of loaded segments. Only on the loader's thread. Raises StoreError."""
        with self._engine_errors("the store can't be compared with the journal"):
            return consistency_checks.compare_with_journal(self.files, segments, self.tombstones.marks)

    def rollup_and_raw_counts(self) -> dict[str, tuple[int, int]]:
        """Product to (events in the roll-ups, raw events that they should hold). Only on the loader's thread."""
        with self._engine_errors("the store can't be counted"):
            return consistency_checks.rollup_and_raw_counts(self.files, self.incomplete)

    def read_everything(self) -> None:
        """Raise StoreError if a file is damaged; `recover` sets it aside. Only on the loader's thread."""
        with self._engine_errors("the store can't be read"):
            self.files.read_everything()

    def export(self, month: str, product_and_range: tuple[str, int, int], path: Path) -> int:
        """Write a month's events of (product, start, end) to a file; their number. Only on the loader's thread."""
        columns = event_columns({product_and_range[0]: self._catalogues[product_and_range[0]]})
        with self._engine_errors("the events can't be written"):
            return stored_months.export_month(self.files, self.files.months[month], columns, product_and_range, path)

    def checkpoint(self) -> None:
        """See `Store.checkpoint`. Every file is checkpointed, and the latest loads are read back."""
        with self._engine_errors("the store can't be checkpointed"):
            self._step("checkpoint")
            self.files.checkpoint()
            self._step("checkpointed")
            load_batch.read_back(self.files, self._read_back)
            self._read_back = self.last_load

    def forget_segments(self, names: Sequence[str]) -> None:
        """See `Store.forget_segments`."""
        self._step("forget segments")
        deleted, recorded = set(names), self._recorded_loads.items()
        self._recorded_loads = {key: load for key, load in recorded if key[0] not in deleted or load == self._load}
        with self._engine_errors("the store can't forget old segments"):
            load_batch.delete_load_records(self.files, min([self._load, *self._recorded_loads.values()]))
            consistency_checks.note_counts(self.files)

    def query(self, sql: str, selection: EventSelection) -> list[tuple[Any, ...]]:
        """See `Store.query`. Raises StoreError if the engine can't answer."""
        with self._engine_errors("the store can't answer"), self.files.reader() as cursor:
            rolled, months, raw = rollup_tables.last_rolled_load(cursor), self.files.months, {}
            unrolled = [month.events for month in months.values() if month.last_load > rolled]
            if span := raw_span(sql, selection):
                consistency_checks.check_complete(self.incomplete, replace(selection, start=span[0], end=span[1]))
                raw = {name: months[name].events for name in months_between(*span) if name in months}
            source = QuerySource(raw, unrolled, rolled, self.files.facts)
            return self.files.kept_rows.answer(cursor, sql, selection, source)

    def close(self) -> None:
        """See `Store.close`."""
        with closing(self.files):
            self.checkpoint()

    def _engine_errors(self, what: str) -> AbstractContextManager[None]:
        return engine_errors(what, lambda: setattr(self, "needs_recovery", True))

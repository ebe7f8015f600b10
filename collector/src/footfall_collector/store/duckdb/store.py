"""The default store: DuckDB files under DATA/store, one per UTC month for raw events and one for rollups.

How an event is counted exactly once, wherever the process ends. DuckDB changes one file per transaction, so a load
is several transactions, each of which may be the last one that happens:

1. `loads` in the rollup file gets the load's number and its segments. Ends the process here, the next start finds
   the newest load, takes the same segments and goes on below with the same number.
2. Each month's file gets its rows, marked with the load's number, together with the note that it has this load. A
   repeated load reads the same segments and chooses the same one of equal UUIDs, skips the months that have it, and
   adds to the others what the first attempt would have added: rows of this load elsewhere have other UUIDs.
3. Rollups follow in one transaction of their own, whenever it suits: everything of loads after `rolled` is added and
   `rolled` moves. Until then charts read those loads' raw rows too, so they are never behind, and nothing is counted
   twice whether the transaction happened or not. Only finished loads are rolled up.
4. Segments are deleted after a checkpoint. One that is loaded and still there is known by name and size; one that
   comes back later (a restored backup) is a new load, of which deduplication leaves nothing.

Should the rollup file be lost, it is made again from the raw events.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from footfall.catalogue import Catalogue

from ...journal import SegmentChecksums
from ...runtime import Status
from ..columns import columns_of
from ..damaged_lines import readable
from ..interface import Loaded, Scope, StoreError
from ..periods import months_between
from ..tombstones import Tombstones
from . import deletion, inspection
from . import load_batch as batch
from . import raw_export as exporting
from . import rollup_tables as rolling
from .month_files import Files
from .relations import Question

Step = Callable[[str], None]
TOMBSTONES = "forgotten.json"


def _no_step(_: str) -> None:
    return


class DuckStore:
    """A `Store` in files of one directory.

    Args:
        data_dir: DATA; the files are in DATA/store.
        catalogues: by product.
        memory_limit: as DuckDB writes it.
        threads: of the engine, shared by loading and charts.
        status: counts damaged lines.
        pepper: fingerprint of the key that instances were hashed with; empty where it is not to be checked.
        checksums: checksums of whole segments, where the journal's writer is at hand.
        on_step: is told before each step that could be the last; for tests that end the process there.

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
        on_step: Step = _no_step,
        checksums: SegmentChecksums | None = None,
    ) -> None:
        self._status, self._catalogues = status or Status(), catalogues
        self._step, self._checksums = on_step, checksums
        self.tombstones = Tombstones(data_dir / TOMBSTONES)
        self.files = Files(data_dir / "store", columns_of(catalogues), memory_limit, threads)
        try:
            if pepper:
                self.files.check_pepper(pepper)
            self._take_stock()
            rolling.make_missing(self.files)
        except BaseException:
            self.files.close()
            raise

    def _take_stock(self) -> None:
        """Read from the files where the process before, or this one before an error, has got to."""
        self._begun = batch.begun(self.files)
        latest = [month.last_load for month in self.files.months.values()]
        rolled = rolling.rolled(self.files.writer)
        self._load = max(rolled, *self._begun.values(), *latest, 0)
        # Whether the newest load was finished is known only where it was rolled up; else it is repeated first.
        unsure = self._load in self._begun.values()
        self._finished = max(self._load - 1, rolled) if unsure else self._load

    def recover(self) -> None:
        """See `Store.recover`."""
        with _engine_errors("the store can't be opened again"):
            self.files.reopen()
            self._take_stock()

    def load(self, segments: Sequence[Path]) -> Loaded:
        """See `Store.load`. Segments that are in the store already are left alone."""
        with _engine_errors("the store can't take new events; they stay in the journal"):
            keys = {path: (path.name, path.stat().st_size) for path in segments}
            loaded = self._finish({path.parent for path in segments})
            fresh = [path for path, key in keys.items() if key not in self._begun]
            if fresh:
                number = self._load + 1
                self._step("begin")
                batch.begin(self.files, number, fresh)
                self._begun |= {keys[path]: number for path in fresh}
                self._load = number
                loaded = loaded.plus(self._carry_out(number, fresh))
                self._finished = number
            return loaded

    def _finish(self, journals: set[Path]) -> Loaded:
        """Repeat the newest load where it may not have come to its end: all its segments, whichever are asked for."""
        if self._finished == self._load:
            return Loaded()
        names = {name for (name, _), load in self._begun.items() if load == self._load}
        segments = [path for journal in journals for name in sorted(names) if (path := journal / name).exists()]
        loaded = self._carry_out(self._load, segments, again=True) if segments else Loaded()
        self._finished = self._load
        return loaded

    def _carry_out(self, number: int, segments: Sequence[Path], again: bool = False) -> Loaded:
        """Step 2 of a load that was begun. `again`: what is there already may be its own, so it is not `known`."""
        files, scratch = self.files, self.files.directory / "tmp"
        sound = []
        for segment in segments:
            path, damaged = readable(segment, scratch, self._checksums)
            sound.append(path)
            if damaged:
                self._status.increment("journal_lines_damaged", n=damaged)
        try:
            forgotten = batch.read(files, sound, number, self.tombstones.marks)
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            # The lines are what was written, so the catalogue changed meanwhile: keep what still fits.
            forgotten = batch.read(files, sound, number, self.tombstones.marks, lenient=True)
        if forgotten:
            self._status.increment("events_forgotten", n=forgotten)
        for path in set(sound) - set(segments):
            path.unlink()
        arrived = batch.by_product(files)
        batch.leave_out_repeated(files)
        batch.leave_out_known(files)
        new = batch.by_product(files)
        for name in batch.months_in(files):
            self._step(f"month {name}")
            batch.append(files, files.month(name), number)
        self._step("done")
        known = {product: n - new.get(product, 0) for product, n in arrived.items() if n > new.get(product, 0)}
        return Loaded(new, {} if again else known)

    @property
    def unrolled_loads(self) -> int:
        """How many finished loads the rollups don't hold yet. Any thread may ask."""
        with self.files.reader() as cursor:
            return self._finished - rolling.rolled(cursor)

    def roll_up(self) -> int:
        """See `Store.roll_up`: one transaction for all rollups."""
        with _engine_errors("the rollups can't be brought up to date"):
            return rolling.roll_up(self.files, self._finished, self._step)

    def rebuild(self) -> None:
        """Make the rollups anew from the raw events. Raises StoreError where that fails; the old ones stay then."""
        with _engine_errors("the rollups can't be made anew"):
            rolling.rebuild(self.files, self._step)

    def forget(self, instance: str) -> int:
        """See `Store.forget`."""
        with _engine_errors("the instance can't be forgotten now; it will be at the next start"):
            self.tombstones.add(instance)
            self._step("tombstone")
            return self.finish_forgetting()

    def finish_forgetting(self) -> int:
        """Delete the events of instances that are on the list and not deleted yet; returns how many they were."""
        pending = self.tombstones.pending
        if not pending:
            return 0
        with _engine_errors("instances that are to be forgotten can't be deleted"):
            found = deletion.instances_of(self.files, pending)
            events = deletion.forget(self.files, found, self._step) if found else 0
            self.tombstones.done(pending)
            return events

    def retain(self, cutoff: int) -> list[str]:
        """See `Store.retain`."""
        with _engine_errors("old months can't be removed"):
            return deletion.retain(self.files, cutoff, self._step)

    def compare(self, segments: Sequence[Path]) -> inspection.Compared:
        """Look up every event of closed segments that were loaded. Only the loader's thread asks. Raises StoreError."""
        with _engine_errors("the store can't be compared with the journal"):
            return inspection.compare(self.files, segments, self.tombstones.marks)

    def counted(self) -> dict[str, tuple[int, int]]:
        """By product: events in the rollups, and raw events that they should hold. Only the loader's thread asks."""
        with _engine_errors("the store can't be counted"):
            return inspection.counted(self.files)

    def export(self, month: str, scope: tuple[str, int, int], path: Path) -> int:
        """Write a month's events of (product, from, to) to a file; how many. Only the loader's thread asks."""
        columns = columns_of({scope[0]: self._catalogues[scope[0]]})
        with _engine_errors("the events can't be written"):
            return exporting.write(self.files, self.files.months[month], columns, scope, path)

    def settle(self) -> None:
        """See `Store.settle`: a checkpoint of every file."""
        with _engine_errors("the store can't be settled"):
            self._step("settle")
            self.files.checkpoint()
            self._step("settled")

    def forget_segments(self, names: Sequence[str]) -> None:
        """Drop what is remembered of segments that were deleted after settling."""
        self._step("forget segments")
        gone = set(names)
        self._begun = {key: load for key, load in self._begun.items() if key[0] not in gone or load == self._load}
        keep = min([self._load, *self._begun.values()])
        with _engine_errors("the store can't forget old segments"):
            batch.forget_loads(self.files, keep)

    def rows(self, sql: str, scope: Scope) -> list[tuple[Any, ...]]:
        """See `Store.rows`. Raises StoreError where the engine can't answer."""
        with _engine_errors("the store can't answer"), self.files.reader() as cursor:
            rolled = rolling.rolled(cursor)
            months = self.files.months
            tail = [month.events for month in months.values() if month.last_load > rolled]
            exact = []
            if scope.exact:
                exact = [months[name].events for name in months_between(scope.start, scope.end) if name in months]
            question = Question(sql, scope, exact, tail, rolled)
            return cursor.execute(question.sql, question.parameters).fetchall()

    def close(self) -> None:
        """See `Store.close`."""
        try:
            self.settle()
        finally:
            self.files.close()


@contextmanager
def _engine_errors(what: str) -> Iterator[None]:
    """The engine's errors as StoreError, by class: their messages may quote what was stored."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise StoreError(f"{what} ({type(error).__name__})") from error

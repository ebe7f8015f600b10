"""Removes old months into the trash, puts them back, and exports them.

A removed month is its file, moved to DATA/trash under the month's and the removal's name, and the roll-ups without its
days; both happen in one exchange. In the trash it can be restored, and `forget` reaches it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ..columns import FIXED_COLUMNS
from ..interface import StepHook, StoreError, TrashedMonth
from ..periods import DAY_SECONDS, FULL_BLOCK_MASK, bit_in_block, block_number, month_bounds
from ..rollups import RollupTable
from ..tombstones import TombstoneFile
from . import deletion, rollup_tables
from .consistency_checks import IncompleteMonth, check_countable
from .file_exchange import FRESH, FileExchange, engine_directory, fresh_path, remove_files, replace_one
from .month_files import DatabaseFiles, MonthFile
from .quarantine import DamagedFileError, read_every_row
from .relations import ROLLUP_FILE
from .schema_migrations import check_types

TRASH = "trash"
_STAMP = "%Y%m%dT%H%M%SZ"
FORMATS = {"parquet": "FORMAT parquet, COMPRESSION zstd", "csv": "FORMAT csv, HEADER", "jsonl": "FORMAT json"}
_FIRST_COLUMNS = ("uuid", "time", "event", "instance", "instance_kind", "product_version")
_NAME = re.compile(r"events-(\d{4}-\d{2})\.(\d{8}T\d{6}Z)\.duckdb")
_TRASHED, _RESTORED = "trashed", "restored"
"""SQL names of a file in the trash, and of the fresh file of the month that gets its events."""


class DuckMonths:
    """The `StoredMonths` of a DuckDB store. `errors` makes StoreErrors; `incomplete` lost their raw events."""

    def __init__(
        self,
        files: DatabaseFiles,
        step: StepHook,
        errors: Callable[[str], AbstractContextManager[None]],
        incomplete: Sequence[IncompleteMonth],
    ) -> None:
        self._files, self._step, self._errors, self._incomplete = files, step, errors, incomplete

    def newest_event(self) -> int | None:
        """See `StoredMonths.newest_event`."""
        with self._errors("the newest event can't be read"):
            for month in reversed(self._files.months.values()):
                [[newest]] = self._files.writer.execute(f"SELECT max(ts) FROM {month.events}").fetchall()  # noqa: S608 - our alias
                if newest is not None:
                    return int(newest)
        return None

    def counts(self) -> dict[str, int]:
        """See `StoredMonths.counts`."""
        with self._errors("the months can't be counted"):
            return {month.name: self._count(month.events) for month in self._files.months.values()}

    def _count(self, events: str) -> int:
        [[number]] = self._files.writer.execute(f"SELECT count(*) FROM {events}").fetchall()  # noqa: S608 - our alias
        return int(number)

    def remove(self, months: Sequence[str], moved_at: int | None) -> None:
        """See `StoredMonths.remove`."""
        names = [name for name in months if name in self._files.months]
        if not names:
            return
        with self._errors("old months can't be removed"):
            self._files.counts.drop(names)
            _cut_rollups(self._files, max(month_bounds(name)[1] for name in names) // DAY_SECONDS)
            self._step("fresh rollups")
            paths = [self._files.month_path(name) for name in names]
            rollups = (self._files.rollup_path.name,)
            if moved_at is None:
                change = FileExchange(replaced=rollups, removed=tuple(path.name for path in paths))
            else:
                targets = [_free_path(self._files, name, moved_at) for name in names]
                moved = [(path.name, f"../{TRASH}/{target.name}") for path, target in zip(paths, targets, strict=True)]
                change = FileExchange(replaced=rollups, moved=tuple(moved))
            self._files.exchange(change, self._step)

    def delete_damaged(self, cutoff: int) -> None:
        """See `StoredMonths.delete_damaged`."""
        with self._errors("damaged months can't be deleted"):
            self._files.quarantine.remove_old_months(cutoff)
            lost = self._files.counts.lost().keys() - self._files.months.keys()
            self._files.counts.drop([name for name in lost if month_bounds(name)[1] <= cutoff])

    def trash(self) -> list[TrashedMonth]:
        """See `StoredMonths.trash`."""
        entries = []
        for path, month, removed_at in trash_files(self._files):
            try:
                with _attached(self._files, path):
                    events = self._count(f"{_TRASHED}.events")
            except (StoreError, duckdb.Error):
                entries.append(TrashedMonth(month, removed_at))
            else:
                entries.append(TrashedMonth(month, removed_at, events))
        return sorted(entries)

    def delete_from_trash(self, entries: Sequence[TrashedMonth]) -> None:
        """See `StoredMonths.delete_from_trash`."""
        with self._errors("the trash can't be emptied"):
            remove_files([path for path, _ in self._paths(entries)])

    def restamp_trash(self, entries: Sequence[TrashedMonth], moved_at: int) -> None:
        """See `StoredMonths.restamp_trash`."""
        with self._errors("the trash can't be written"):
            for path, entry in self._paths(entries):
                path.rename(_free_path(self._files, entry.month, moved_at))

    def _paths(self, entries: Sequence[TrashedMonth]) -> list[tuple[Path, TrashedMonth]]:
        wanted = {(entry.month, entry.removed_at): entry for entry in entries}
        return [
            (path, wanted[month, removed_at])
            for path, month, removed_at in trash_files(self._files)
            if (month, removed_at) in wanted
        ]

    def restore(self, month: str) -> int:
        """See `StoredMonths.restore`. The roll-ups are recomputed from all raw events."""
        added = 0
        with self._errors("the month can't be restored"):
            check_countable(self._incomplete)
            for path in [path for path, name, _ in trash_files(self._files) if name == month]:
                self._files.month(month)
                self._files.checkpoint()
                with _attached(self._files, path):
                    added += self._write_with_trash(month)
                self._step("fresh month")
                names = (self._files.rollup_path.name, self._files.month_path(month).name)
                self._files.exchange(FileExchange(replaced=names), self._step)
                self._files.counts.count_again()
                # Ended before this line, the month is in both places; restored again, it adds nothing.
                remove_files([path])
        return added

    def _write_with_trash(self, month: str) -> int:
        """Write the fresh files of a month and the roll-ups, with the events of the attached trash; their number."""
        files, stored = self._files, self._files.months[month]
        check_types(files.writer, f"{_TRASHED}.events", rollup_tables.stored_columns(files))
        # Rows of load 0 count as rolled up, whatever the roll-ups' state is.
        missing = (
            f"SELECT * REPLACE (0::BIGINT AS load) FROM {_TRASHED}.events t WHERE NOT EXISTS "  # noqa: S608 - our columns
            f"(SELECT 1 FROM {stored.events} e WHERE e.product = t.product AND e.uuid = t.uuid)"
        )
        with files.attached(fresh_path(files.month_path(month)), _RESTORED):
            # By name: each side may have properties that the other lacks, such as retired ones.
            files.writer.execute(
                f"CREATE TABLE {_RESTORED}.events AS SELECT * FROM {stored.events} UNION ALL BY NAME {missing}"  # noqa: S608 - our columns
            )
            for table in ("meta", "loaded"):
                files.writer.execute(f"CREATE TABLE {_RESTORED}.{table} AS SELECT * FROM {stored.alias}.{table}")  # noqa: S608 - our alias
            files.writer.execute(
                f"CREATE TABLE {_RESTORED}.sent_days AS "  # noqa: S608 - our alias
                f"SELECT DISTINCT sent // {DAY_SECONDS} AS day FROM {_RESTORED}.events"
            )
            tables = [one.events for one in files.months.values() if one.name != month] + [f"{_RESTORED}.events"]
            where = [f"load <= {rollup_tables.last_rolled_load(files.writer)}"]
            rollup_tables.write_fresh_file(files, lambda rollup: rollup_tables.delta_query(rollup, tables, where))
            return self._count(f"{_RESTORED}.events") - self._count(stored.events)


def trash_files(files: DatabaseFiles) -> list[tuple[Path, str, int]]:
    """(path, month, epoch seconds of the removal) of every month in the trash."""
    found = []
    directory = files.directory.parent / TRASH
    for path in sorted(directory.glob("events-*.duckdb")) if directory.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match is not None:
            found.append((path, match[1], int(datetime.strptime(match[2], _STAMP).replace(tzinfo=UTC).timestamp())))
    return found


def forget_pending(files: DatabaseFiles, tombstones: TombstoneFile, step: StepHook) -> int:
    """Delete the events of all instances with a pending tombstone; returns their number."""
    pending = tombstones.pending
    if not pending:
        return 0
    trash = list(_whole_trash_files(files))
    deleted = _count_events(files, trash, pending)
    # Before the deletion, so that one that is cut short can't be taken back.
    tombstones.count_deleted(deleted)
    step("counted")
    if instances := deletion.instances_of(files, pending):
        deletion.forget(files, instances, step)
    step("trash")
    _forget_in_trash(files, trash, pending)
    files.quarantine.remove_recomputed()
    tombstones.mark_deleted(pending)
    return deleted.total()


def _whole_trash_files(files: DatabaseFiles) -> Iterator[Path]:
    """The months in the trash; damaged ones are set aside."""
    for path, _, _ in trash_files(files):
        try:
            with _attached(files, path):
                read_every_row(files.writer, _TRASHED, path)
        except DamagedFileError:
            files.quarantine.set_aside(path)
        else:
            yield path


def _count_events(files: DatabaseFiles, trash: Sequence[Path], marks: Sequence[str]) -> Counter[str]:
    """Mark to the number of its instance's events, in the store and in the trash."""
    counts: Counter[str] = Counter()
    for month in files.months.values():
        counts.update(deletion.marked_events(files, month.events, marks))
    for path in trash:
        with _attached(files, path):
            counts.update(deletion.marked_events(files, f"{_TRASHED}.events", marks))
    return counts


def _forget_in_trash(files: DatabaseFiles, trash: Sequence[Path], marks: Sequence[str]) -> None:
    """Rewrite the months in the trash without forgotten instances."""
    for path in trash:
        with _attached(files, path):
            instances = deletion.marked_instances(files, f"{_TRASHED}.events", marks).values()
            if instances:
                deletion.write_without(files, _TRASHED, path, ", ".join(map(str, instances)))
        if instances:
            replace_one(path)
    for leftover in (files.directory.parent / TRASH).glob(f"*{FRESH}*"):
        leftover.unlink(missing_ok=True)


@contextmanager
def _attached(files: DatabaseFiles, path: Path) -> Iterator[None]:
    """Attach a month of the trash, in the present schema."""
    with files.beside(path.parent):
        files.attach(path, _TRASHED)
        try:
            files.writer.execute(f"CHECKPOINT {_TRASHED}")
            yield
        finally:
            files.writer.execute(f"DETACH {_TRASHED}")


def _free_path(files: DatabaseFiles, month: str, moved_at: int) -> Path:
    """The path in the trash of a month that is removed now; of two in one second the later one is a second later."""
    while True:
        stamp = datetime.fromtimestamp(moved_at, UTC).strftime(_STAMP)
        path = files.directory.parent / TRASH / f"events-{month}.{stamp}.duckdb"
        if not path.exists():
            return path
        moved_at += 1


def _cut_rollups(files: DatabaseFiles, first_day: int) -> None:
    """Write a fresh roll-up file without the days before `first_day`."""
    files.checkpoint()

    def remaining_rows(rollup: RollupTable) -> str:
        table = f"{ROLLUP_FILE}.{rollup.name}"
        if not rollup.is_presence:
            return f"SELECT * FROM {table} WHERE day >= {first_day}"  # noqa: S608 - numbers
        bits = FULL_BLOCK_MASK & ~((1 << bit_in_block(first_day)) - 1)
        kept_bits = f"CASE WHEN block = {block_number(first_day)} THEN mask & {bits}::BIGINT ELSE mask END"
        columns = ", ".join(f"{kept_bits} AS mask" if name == "mask" else name for name in rollup.columns())
        return f"SELECT * FROM (SELECT {columns} FROM {table} WHERE block >= {block_number(first_day)}) WHERE mask <> 0"  # noqa: S608 - our own words

    rollup_tables.write_fresh_file(files, remaining_rows)


def export_month(
    files: DatabaseFiles,
    month: MonthFile,
    columns: Mapping[str, str],
    product_and_range: tuple[str, int, int],
    path: Path,
) -> int:
    """Write a product's events of one month to a file, in the format that its suffix names.

    `columns` are the product's; `product_and_range` is (product, start, end), with `end` excluded. In the file, `time`
    is UTC to the second and `instance` the 16 hex digits of the stored hash. Returns the number of events; if there are
    none, no file is written. Raises duckdb.Error.
    """
    product, start, end = product_and_range
    where = f"product = '{product}' AND ts >= {start} AND ts < {end}"
    [[events]] = files.writer.execute(f"SELECT count(*) FROM {month.events} WHERE {where}").fetchall()  # noqa: S608 - a checked name
    if events:
        values = {name: name for name in (*_FIRST_COLUMNS, *(name for name in columns if name not in FIXED_COLUMNS))}
        values["time"] = "make_timestamp(ts * 1000000)"
        values["instance"] = "printf('%016x', instance)"
        listed = ", ".join(f"{value} AS {name}" for name, value in values.items())
        with engine_directory(path.parent) as directory:
            files.writer.execute(
                f"COPY (SELECT {listed} FROM {month.events} WHERE {where} ORDER BY ts, uuid) "  # noqa: S608 - a checked name
                f"TO '{directory}/{path.name}' ({FORMATS[path.suffix.removeprefix('.')]})"
            )
    return int(events)

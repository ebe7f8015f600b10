"""Deletion that leaves no bytes behind.

DuckDB keeps the bytes of deleted rows in its file, and no statement removes them. So a file that holds a forgotten
instance is rewritten without it and replaced; a month that retention deletes is unlinked.
"""

from collections.abc import Mapping, Sequence

from ..interface import StepHook
from ..periods import DAY_SECONDS, FULL_BLOCK_MASK, bit_in_block, block_number, month_bounds
from ..rollups import RollupTable
from ..tombstones import tombstone_mark_sql
from . import file_exchange, rollup_tables
from .file_exchange import FileExchange
from .month_files import DatabaseFiles, MonthFile
from .relations import ROLLUP_FILE
from .rollup_tables import FRESH_FILE


def instances_of(files: DatabaseFiles, marks: Sequence[str]) -> dict[str, list[int]]:
    """Month name to the stored instances whose mark is among `marks`, for each month that has any."""
    if not marks:
        return {}
    listed = ", ".join(f"'{mark}'" for mark in marks)
    digits = tombstone_mark_sql("printf('%016x', instance)")
    instances = {}
    for month in files.months.values():
        rows = files.writer.execute(
            f"SELECT instance FROM (SELECT DISTINCT instance FROM {month.events}) WHERE {digits} IN ({listed})"  # noqa: S608 - hex digits
        ).fetchall()
        if rows:
            instances[month.name] = [instance for (instance,) in rows]
    return instances


def forget(files: DatabaseFiles, instances: Mapping[str, Sequence[int]], step: StepHook) -> int:
    """Rewrite the roll-ups and the months in `instances` without those instances; returns the deleted events."""
    forgotten = ", ".join(map(str, sorted(set().union(*instances.values()))))
    months = [files.months[name] for name in instances]
    files.checkpoint()
    last_load = rollup_tables.last_rolled_load(files.writer)

    def remaining_rows(rollup: RollupTable) -> str:
        if rollup.is_presence:
            return f"SELECT * FROM {ROLLUP_FILE}.{rollup.name} WHERE instance NOT IN ({forgotten})"  # noqa: S608 - numbers
        where = [f"load <= {last_load}", f"instance IN ({forgotten})"]
        rollup_tables.fill_delta(files, rollup, [month.events for month in months], where)
        keys = ", ".join(rollup.keys)
        differences = ", ".join(f"t.{name} - coalesce(s.{name}, 0) AS {name}" for name in rollup.values)
        first = next(iter(rollup.values))
        return (
            f"SELECT {keys}, {differences} FROM {ROLLUP_FILE}.{rollup.name} t "  # noqa: S608 - our own words
            f"LEFT JOIN delta s USING ({keys}) WHERE t.{first} > coalesce(s.{first}, 0)"
        )

    rollup_tables.write_fresh_file(files, remaining_rows)
    step("fresh rollups")
    events = sum(_write_month(files, month, forgotten) for month in months)
    step("fresh months")
    replaced = (files.rollup_path, *(files.month_path(name) for name in instances))
    files.exchange(FileExchange(replaced=file_exchange.file_names(replaced)), step)
    return events


def delete_old_months(files: DatabaseFiles, cutoff: int, step: StepHook) -> list[str]:
    """Delete the months that ended at or before `cutoff` (epoch seconds) and their days in roll-ups; their names."""
    old_months = [name for name in files.months if month_bounds(name)[1] <= cutoff]
    if not old_months:
        return []
    first_day = max(month_bounds(name)[1] for name in old_months) // DAY_SECONDS
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
    step("fresh rollups")
    removed = file_exchange.file_names([files.month_path(name) for name in old_months])
    files.exchange(FileExchange(replaced=(files.rollup_path.name,), removed=removed), step)
    return old_months


def _write_month(files: DatabaseFiles, month: MonthFile, forgotten: str) -> int:
    """Write a month's fresh file without the forgotten instances; returns the number of events left out."""
    writer = files.writer
    [[events]] = writer.execute(f"SELECT count(*) FROM {month.events} WHERE instance IN ({forgotten})").fetchall()  # noqa: S608 - numbers
    columns = ", ".join(files.columns)
    with files.attached(file_exchange.fresh_path(files.month_path(month.name)), FRESH_FILE):
        writer.execute(
            f"CREATE TABLE {FRESH_FILE}.events AS SELECT {columns} FROM {month.events} "  # noqa: S608 - numbers
            f"WHERE instance NOT IN ({forgotten})"
        )
        rollup_tables.copy_tables(files, month.alias, ("meta", "loaded", "sent_days"))
    return int(events)

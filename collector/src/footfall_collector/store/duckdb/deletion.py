"""Deletion that leaves no bytes behind.

DuckDB keeps the bytes of deleted rows in its file, and no statement removes them. So a file that holds a forgotten
instance is rewritten without it and replaced.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..interface import StepHook
from ..rollups import INSTANCE, RollupTable
from ..tombstones import tombstone_mark_sql
from . import file_exchange, rollup_tables
from .file_exchange import FileExchange
from .load_batch import count_events
from .month_files import DatabaseFiles
from .relations import ROLLUP_FILE
from .rollup_tables import FRESH_FILE


def instances_of(files: DatabaseFiles, marks: Sequence[str]) -> dict[str, list[int]]:
    """Month name to the stored instances whose mark is among `marks`, for each month that has any."""
    found = {month.name: marked_instances(files, month.events, marks) for month in files.months.values()}
    return {name: list(instances.values()) for name, instances in found.items() if instances}


def marked_instances(files: DatabaseFiles, events: str, marks: Sequence[str]) -> dict[str, int]:
    """Mark to instance, for the instances in a table of events whose mark is among `marks`."""
    if not marks:
        return {}
    listed = ", ".join(f"'{mark}'" for mark in marks)
    mark = tombstone_mark_sql("printf('%016x', instance)")
    rows: list[tuple[str, int]] = files.writer.execute(
        f"SELECT mark, instance FROM (SELECT {mark} AS mark, instance FROM (SELECT DISTINCT instance FROM {events})) "  # noqa: S608 - hex digits
        f"WHERE mark IN ({listed})"
    ).fetchall()
    return dict(rows)


def marked_events(files: DatabaseFiles, events: str, marks: Sequence[str]) -> Counter[str]:
    """Mark to the number of its instance's events in a table of events."""
    counts: Counter[str] = Counter()
    for mark, instance in marked_instances(files, events, marks).items():
        [[number]] = files.writer.execute(f"SELECT count(*) FROM {events} WHERE instance = {instance}").fetchall()  # noqa: S608 - a number
        counts[mark] = number
    return counts


def forget(files: DatabaseFiles, instances: Mapping[str, Sequence[int]], step: StepHook) -> None:
    """Rewrite the roll-ups and the months in `instances` without those instances."""
    forgotten = ", ".join(map(str, sorted(set().union(*instances.values()))))
    months = [files.months[name] for name in instances]
    files.checkpoint()
    last_load = rollup_tables.last_rolled_load(files.writer)

    def remaining_rows(rollup: RollupTable) -> str:
        if INSTANCE in rollup.keys:
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
    for month in months:
        write_without(files, month.alias, files.month_path(month.name), forgotten)
    step("fresh months")
    loads = {month.name: files.counts.load_of(month.name) for month in months}
    without = f"instance NOT IN ({forgotten})"
    # Before the exchange: where the process ends in between, the months have more events than they must.
    files.counts.lower(
        {name: count_events(files, name, f"WHERE load <= {load} AND {without}") for name, load in loads.items()}
    )
    step("lowered")
    replaced = (files.rollup_path, *(files.month_path(name) for name in instances))
    files.exchange(FileExchange(replaced=file_exchange.file_names(replaced)), step)


def forget_again(files: DatabaseFiles, marks: Sequence[str], step: StepHook) -> int:
    """Delete instances that were forgotten before from months that changed, such as files of a backup.

    The roll-ups do not have them. Returns the number of deleted events.
    """
    changed = [month for name, month in files.months.items() if name in files.counts.changed]
    found = {month.name: list(marked_instances(files, month.events, marks).values()) for month in changed}
    names = [name for name, instances in found.items() if instances]
    if not names:
        return 0
    forgotten = ", ".join(map(str, sorted(set().union(*found.values()))))
    files.checkpoint()
    before = sum(count_events(files, name) for name in names)
    for name in names:
        write_without(files, files.months[name].alias, files.month_path(name), forgotten)
    files.exchange(FileExchange(replaced=tuple(files.month_path(name).name for name in names)), step)
    return before - sum(count_events(files, name) for name in names)


def write_without(files: DatabaseFiles, alias: str, path: Path, forgotten: str) -> None:
    """Write the fresh file of an attached file of events, with all its columns, without the forgotten instances."""
    with files.attached(file_exchange.fresh_path(path), FRESH_FILE):
        files.writer.execute(
            f"CREATE TABLE {FRESH_FILE}.events AS SELECT * FROM {alias}.events "  # noqa: S608 - numbers
            f"WHERE instance NOT IN ({forgotten})"
        )
        rollup_tables.copy_tables(files, alias, ("meta", "loaded", "sent_days"))

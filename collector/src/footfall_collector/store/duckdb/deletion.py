"""Deleting so that the bytes are gone.

DuckDB keeps deleted rows' bytes and their space, whatever is asked of it afterwards. So a file that holds what is to
go is written anew without it and takes the old one's place; a month that is over goes as a file.
"""

from collections.abc import Callable, Mapping, Sequence

from ..periods import ALL_DAYS, DAY, bit_of, block_of, month_bounds
from ..rollups import Rollup
from ..tombstones import sql_of_mark
from . import file_exchange as exchange
from . import rollup_tables as rolling
from .file_exchange import Exchange
from .month_files import Files, Month
from .relations import ROLLUP_FILE
from .rollup_tables import FRESH_FILE

Step = Callable[[str], None]


def instances_of(files: Files, marks: Sequence[str]) -> dict[str, list[int]]:
    """Of each month that has any: the instances whose mark is one of those given."""
    if not marks:
        return {}
    listed = ", ".join(f"'{mark}'" for mark in marks)
    digits = sql_of_mark("printf('%016x', instance)")
    found = {}
    for month in files.months.values():
        rows = files.writer.execute(
            f"SELECT instance FROM (SELECT DISTINCT instance FROM {month.events}) WHERE {digits} IN ({listed})"  # noqa: S608 - hex digits
        ).fetchall()
        if rows:
            found[month.name] = [instance for (instance,) in rows]
    return found


def forget(files: Files, found: Mapping[str, Sequence[int]], step: Step) -> int:
    """Write anew, without some instances, the months that have them and the rollups; returns how many events went."""
    gone = ", ".join(str(instance) for instance in sorted({i for of in found.values() for i in of}))
    months = [files.months[name] for name in found]
    files.checkpoint()
    upto = rolling.rolled(files.writer)

    def rest(rollup: Rollup) -> str:
        if rollup.presence:
            return f"SELECT * FROM {ROLLUP_FILE}.{rollup.name} WHERE instance NOT IN ({gone})"  # noqa: S608 - numbers
        where = [f"load <= {upto}", f"instance IN ({gone})"]
        rolling.delta(files, rollup, [month.events for month in months], where)
        keys = ", ".join(rollup.keys)
        left = ", ".join(f"t.{name} - coalesce(s.{name}, 0) AS {name}" for name in rollup.values)
        first = next(iter(rollup.values))
        return (
            f"SELECT {keys}, {left} FROM {ROLLUP_FILE}.{rollup.name} t "  # noqa: S608 - our own words
            f"LEFT JOIN delta s USING ({keys}) WHERE t.{first} > coalesce(s.{first}, 0)"
        )

    rolling.write_fresh(files, rest)
    step("fresh rollups")
    events = sum(_write_month(files, month, gone) for month in months)
    step("fresh months")
    replaced = (files.rollup_path, *(files.month_path(name) for name in found))
    files.exchange(Exchange(replaced=exchange.names_of(replaced)), step)
    return events


def retain(files: Files, cutoff: int, step: Step) -> list[str]:
    """Remove the months that were over at a moment (epoch seconds), and their days from the rollups; their names."""
    over = [name for name in files.months if month_bounds(name)[1] <= cutoff]
    if not over:
        return []
    first_day = max(month_bounds(name)[1] for name in over) // DAY
    files.checkpoint()

    def rest(rollup: Rollup) -> str:
        table = f"{ROLLUP_FILE}.{rollup.name}"
        if not rollup.presence:
            return f"SELECT * FROM {table} WHERE day >= {first_day}"  # noqa: S608 - numbers
        bits = ALL_DAYS & ~((1 << bit_of(first_day)) - 1)
        kept = f"CASE WHEN block = {block_of(first_day)} THEN mask & {bits}::BIGINT ELSE mask END"
        columns = ", ".join(f"{kept} AS mask" if name == "mask" else name for name in rollup.columns())
        return f"SELECT * FROM (SELECT {columns} FROM {table} WHERE block >= {block_of(first_day)}) WHERE mask <> 0"  # noqa: S608 - our own words

    rolling.write_fresh(files, rest)
    step("fresh rollups")
    removed = exchange.names_of([files.month_path(name) for name in over])
    files.exchange(Exchange(replaced=(files.rollup_path.name,), removed=removed), step)
    return over


def _write_month(files: Files, month: Month, gone: str) -> int:
    """Write a fresh file of a month without some instances; returns how many of its events are left out."""
    writer = files.writer
    [[events]] = writer.execute(f"SELECT count(*) FROM {month.events} WHERE instance IN ({gone})").fetchall()  # noqa: S608 - numbers
    columns = ", ".join(files.columns)
    with files.attached(exchange.fresh(files.month_path(month.name)), FRESH_FILE):
        writer.execute(
            f"CREATE TABLE {FRESH_FILE}.events AS SELECT {columns} FROM {month.events} WHERE instance NOT IN ({gone})"  # noqa: S608 - numbers
        )
        rolling.copy(files, month.alias, ("meta", "loaded", "sent_days"))
    return int(events)

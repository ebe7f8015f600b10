"""From journal segments to rows: read them, remove repeats, append the rest to each month's file.

A repeat has the product and UUID of a stored event. Its `sent`, the client's timestamp, doesn't change when the event
is sent again, so only events in the dedupe window around it are searched (`store/dedupe_window.py`). The search covers
all months: an event's month follows from `ts`, which can differ between two attempts. New rows are compared with those
on the disk before their journal segments are deleted.
"""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from ..columns import journal_columns
from ..dedupe_window import WINDOW_SECONDS, search_ranges
from ..periods import DAY_SECONDS, month_bounds, month_name
from ..tombstones import tombstone_mark_sql
from .file_exchange import engine_directory
from .month_files import DatabaseFiles, MonthFile
from .quarantine import DamagedFileError, opening
from .relations import ROLLUP_FILE

_MAX_LINE_BYTES = 1 << 20
"""Far more than an admitted event has. The engine allocates buffers of twice this size, so a small limit is cheaper."""
_UNORDERED_SECONDS = 3600
"""Rows are stored in the order of their times, so that the events of a range are in few blocks. Sorting costs more than
all else of storing, and the last hour of a load, mostly all of it, is in few blocks in any order."""
_GONE = '"is gone"'
"""Whether a row of `batch` is an event of a forgotten instance; no property can have this name."""
_LATEST = 4_102_444_800  # 2100-01-01, the latest time in the journal


def read_segments(
    files: DatabaseFiles, segments: Sequence[Path], load: int, forgotten: Sequence[str] = (), lenient: bool = False
) -> int:
    """Fill the writer's table `batch` with the segments' events, except those of forgotten instances.

    `forgotten` are marks of instances. `lenient` reads each value as text and leaves out values that don't fit their
    column.

    Returns the number of events of forgotten instances.
    Raises duckdb.Error if a line is not one that the journal writes.
    """
    writer = files.writer
    values = ", ".join(_values(files, load, forgotten, lenient))
    with ExitStack() as open_directories:
        folders = {path.parent for path in segments}
        names = {folder: open_directories.enter_context(engine_directory(folder)) for folder in folders}
        source = _source(files, [f"{names[path.parent]}/{path.name}" for path in segments], lenient)
        writer.execute(f"CREATE OR REPLACE TEMP TABLE batch AS SELECT {values} FROM {source}")  # noqa: S608 - our columns and paths
    [[gone, unfit]] = writer.execute(
        f"SELECT coalesce(count_if({_GONE}), 0), count_if({_GONE} OR NOT coalesce({_COMPLETE}, false)) FROM batch"  # noqa: S608 - our own words
    ).fetchall()
    if unfit:
        writer.execute(f"DELETE FROM batch WHERE {_GONE} OR NOT coalesce({_COMPLETE}, false)")  # noqa: S608 - our own words
    return int(gone)


_COMPLETE = (
    "product IS NOT NULL AND uuid IS NOT NULL AND event IS NOT NULL AND instance IS NOT NULL "
    f"AND instance_kind IS NOT NULL AND ts BETWEEN 0 AND {_LATEST} AND sent BETWEEN 0 AND {_LATEST}"
)


def _source(files: DatabaseFiles, segments: Sequence[str], lenient: bool) -> str:
    columns = journal_columns(files.columns)
    described = ", ".join(f"{name}: '{'VARCHAR' if lenient else type_}'" for name, type_ in columns.items())
    listed = ", ".join(f"'{path}'" for path in segments)
    shape = f"format = 'newline_delimited', maximum_object_size = {_MAX_LINE_BYTES}, columns = {{{described}}}"
    return f"read_json([{listed}], {shape})"


def _values(files: DatabaseFiles, load: int, forgotten: Sequence[str], lenient: bool) -> list[str]:
    marks = ", ".join(f"'{mark}'" for mark in forgotten)
    gone = f"coalesce({tombstone_mark_sql('instance')} IN ({marks}), false)" if marks else "false"
    values = [f"{load}::BIGINT AS load", f"{gone} AS {_GONE}"]
    for name, type_ in files.columns.items():
        if name == "instance":
            values.append("TRY_CAST('0x' || instance AS UBIGINT) AS instance")
        elif name != "load":
            values.append(f"TRY_CAST({name} AS {type_}) AS {name}" if lenient else name)
    return values


def remove_repeats(files: DatabaseFiles) -> None:
    """Of rows in `batch` with the same UUID, keep the earliest by `ts`: a repeated load makes the same choice.

    Only rows with a repeated UUID are sorted: sorting all of them costs twice as much as reading.
    """
    files.writer.execute(
        "DELETE FROM batch WHERE rowid IN (SELECT row FROM ("
        "SELECT b.rowid AS row, row_number() OVER (PARTITION BY product, uuid ORDER BY ts, b.rowid) AS n FROM batch b "
        "SEMI JOIN (SELECT product, uuid FROM batch GROUP BY ALL HAVING count(*) > 1) USING (product, uuid)"
        ") WHERE n > 1)"
    )


def remove_stored(files: DatabaseFiles) -> None:
    """Remove from `batch` the events that a month's file already has."""
    writer = files.writer
    minutes = [minute for (minute,) in writer.execute("SELECT DISTINCT sent // 60 FROM batch ORDER BY 1").fetchall()]
    searched = [
        f"SELECT product, uuid, sent FROM {month.events} WHERE sent BETWEEN {first} AND {last}"  # noqa: S608 - our own words
        for first, last in search_ranges(minutes)
        for month in files.months.values()
        if _may_hold(month, first, last)
    ]
    if not searched:
        return
    writer.execute(
        "DELETE FROM batch WHERE rowid IN (SELECT b.rowid FROM batch b "  # noqa: S608 - our own words
        f"JOIN ({' UNION ALL '.join(searched)}) e ON e.uuid = b.uuid AND e.product = b.product "
        f"AND e.sent BETWEEN b.sent - {WINDOW_SECONDS} AND b.sent + {WINDOW_SECONDS})"
    )


def _may_hold(month: MonthFile, first: int, last: int) -> bool:
    if last // DAY_SECONDS - first // DAY_SECONDS >= len(month.sent_days):
        return any(first // DAY_SECONDS <= day <= last // DAY_SECONDS for day in month.sent_days)
    return any(day in month.sent_days for day in range(first // DAY_SECONDS, last // DAY_SECONDS + 1))


def append_to_month(files: DatabaseFiles, month: MonthFile, load: int) -> None:
    """Append a month's rows of `batch` and record the load in the month's file, in one transaction.

    Does nothing if the file has this load already.
    """
    done = files.writer.execute(f"SELECT 1 FROM {month.alias}.loaded WHERE load = {load}").fetchone()  # noqa: S608 - numbers
    columns = ", ".join(files.columns)
    first, end = month_bounds(month.name)
    rows = f"FROM batch WHERE ts >= {first} AND ts < {end}"
    if done is None:
        with files.transaction() as writer:
            [[newest]] = writer.execute(f"SELECT coalesce(max(ts), 0) {rows}").fetchall()
            recent = newest - _UNORDERED_SECONDS
            insert = f"INSERT INTO {month.events} ({columns}) SELECT {columns} {rows}"
            writer.execute(f"{insert} AND ts < {recent} ORDER BY ts")
            writer.execute(f"{insert} AND ts >= {recent}")
            known = f"SELECT day FROM {month.alias}.sent_days"  # noqa: S608 - our alias
            writer.execute(f"INSERT INTO {month.alias}.sent_days SELECT sent // {DAY_SECONDS} {rows} EXCEPT {known}")
            # Only the latest load can be cut short, so only its number is needed.
            writer.execute(f"DELETE FROM {month.alias}.loaded WHERE load < {load}")  # noqa: S608 - numbers
            writer.execute(f"INSERT INTO {month.alias}.loaded VALUES ({load})")  # noqa: S608 - numbers
    days = files.writer.execute(f"SELECT DISTINCT sent // {DAY_SECONDS} {rows}").fetchall()
    month.sent_days = month.sent_days | {day for (day,) in days}
    month.last_load = load


def count_by_product(files: DatabaseFiles) -> dict[str, int]:
    """Product to the number of its events in `batch`."""
    return dict(files.writer.execute("SELECT product, count(*) FROM batch GROUP BY product").fetchall())


def count_by_month(files: DatabaseFiles) -> dict[str, int]:
    """Month to the number of its events in `batch`, in the order of months."""
    query = f"SELECT ts // {DAY_SECONDS} AS day, count(*) FROM batch GROUP BY day ORDER BY day"  # noqa: S608 - numbers
    counts: dict[str, int] = {}
    for day, n in files.writer.execute(query).fetchall():
        month = month_name(day * DAY_SECONDS)
        counts[month] = counts.get(month, 0) + n
    return counts


def record_load(files: DatabaseFiles, load: int, segments: Sequence[Path]) -> None:
    """Record the segments of a load before it is carried out."""
    with files.transaction() as writer:
        for path in segments:
            writer.execute(
                f"INSERT INTO {ROLLUP_FILE}.loads VALUES ($load, $segment, $bytes)",  # noqa: S608 - our alias
                {"load": load, "segment": path.name, "bytes": path.stat().st_size},
            )


def recorded_loads(files: DatabaseFiles) -> dict[tuple[str, int], int]:
    """(name, bytes) of every recorded segment to the number of its load."""
    rows = files.writer.execute(f"SELECT segment, bytes, load FROM {ROLLUP_FILE}.loads").fetchall()  # noqa: S608 - our alias
    return {(segment, size): load for segment, size, load in rows}


def delete_load_records(files: DatabaseFiles, before: int) -> None:
    """Delete the records of loads below `before`, whose segments are deleted."""
    with files.transaction() as writer:
        writer.execute(f"DELETE FROM {ROLLUP_FILE}.loads WHERE load < {before}")  # noqa: S608 - numbers


def loaded_with(files: DatabaseFiles, segment: str, rolled: int) -> tuple[set[str], int | None] | None:
    """See `Store.loaded_with`; `rolled` is the newest load that the roll-ups count."""
    recorded = [(name, load) for (name, _), load in recorded_loads(files).items()]
    loads = {load for name, load in recorded if name == segment}
    if not loads:
        return None
    names = {name for name, load in recorded if load in loads}
    if min(loads) <= rolled:
        return names, None
    among = ", ".join(map(str, loads))
    counts = [
        files.writer.execute(f"SELECT count(*) FROM {month.events} WHERE load IN ({among})").fetchone()  # noqa: S608 - numbers
        for month in files.months.values()
    ]
    return names, sum(row[0] for row in counts if row)


def count_events(files: DatabaseFiles, month: str, where: str = "") -> int:
    """The number of a month's events; 0 for a month without a file."""
    if month not in files.months:
        return 0
    [[events]] = files.writer.execute(f"SELECT count(*) FROM {files.months[month].events} {where}").fetchall()  # noqa: S608 - our own words
    return int(events)


def read_back(files: DatabaseFiles, after_load: int) -> None:
    """Compare the rows of all later loads as written and as they are on the disk; the months are checkpointed.

    The file is opened again with the kernel's cache of it dropped, so that the engine reads and checks its blocks.
    Raises DamagedFileError where the rows differ.
    """
    for name, month in list(files.months.items()):
        if month.last_load <= after_load:
            continue
        path, written = files.month_path(name), _rows(files, month.events, after_load)
        with files.lock.exclusive():
            files.writer.execute(f"DETACH {month.alias}")
            _drop_from_cache(path)
            files.months = {**files.months, name: files.open_month(name)}
        with opening(path):
            if _rows(files, month.events, after_load) != written:
                raise DamagedFileError(path)


def _rows(files: DatabaseFiles, events: str, after_load: int) -> tuple[int, int]:
    """The number of rows of later loads, and the hash of all their columns."""
    query = f"SELECT count(*), bit_xor(hash(*COLUMNS(*))) FROM {events} WHERE load > {after_load}"  # noqa: S608 - our alias
    [row] = files.writer.execute(query).fetchall()
    return row


def _drop_from_cache(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)

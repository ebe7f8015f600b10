"""From journal segments to rows: read, leave out what is known, append to each month's file.

An event is known by product and UUID. Its `sent`, the client's own time, doesn't move when it is sent again, so only
events within `WINDOW` seconds of that time are looked at, in whichever month they are: the month follows from `ts`,
which may move between two attempts.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..columns import journal_columns
from ..dedupe_window import WINDOW, ranges
from ..periods import DAY
from ..tombstones import sql_of_mark
from .month_files import Files, Month
from .relations import ROLLUP_FILE

_LONGEST_LINE = 1 << 20
"""Bytes: far more than an admitted event has. The engine reads into buffers of twice that: small ones are cheaper."""
_LATEST = 4_102_444_800  # 2100-01-01, the latest that the journal writes


def read(
    files: Files, segments: Sequence[Path], load: int, forgotten: Sequence[str] = (), lenient: bool = False
) -> int:
    """Fill the writer's table `batch` with the events of segments, those of forgotten instances left out.

    `forgotten` are marks of instances. `lenient` takes each value as text first and leaves out those that don't
    fit their column.

    Returns how many events were of forgotten instances.
    Raises duckdb.Error where a line is not what the journal writes.
    """
    writer = files.writer
    values = ", ".join(_values(files, load, forgotten, lenient))
    source = _source(files, segments, lenient)
    writer.execute(f"CREATE OR REPLACE TEMP TABLE batch AS SELECT {values} FROM {source}")  # noqa: S608 - our columns and paths
    [[gone, unfit]] = writer.execute(
        f"SELECT count_if(gone), count_if(gone OR NOT coalesce({_WHOLE}, false)) FROM batch"  # noqa: S608 - our own words
    ).fetchall()
    if unfit:
        writer.execute(f"DELETE FROM batch WHERE gone OR NOT coalesce({_WHOLE}, false)")  # noqa: S608 - our own words
    return int(gone)


_WHOLE = (
    "product IS NOT NULL AND uuid IS NOT NULL AND event IS NOT NULL AND instance IS NOT NULL "
    f"AND instance_kind IS NOT NULL AND ts BETWEEN 0 AND {_LATEST} AND sent BETWEEN 0 AND {_LATEST}"
)


def _source(files: Files, segments: Sequence[Path], lenient: bool) -> str:
    columns = journal_columns(files.columns)
    described = ", ".join(f"{name}: '{'VARCHAR' if lenient else type_}'" for name, type_ in columns.items())
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in segments)
    shape = f"format = 'newline_delimited', maximum_object_size = {_LONGEST_LINE}, columns = {{{described}}}"
    return f"read_json([{listed}], {shape})"


def _values(files: Files, load: int, forgotten: Sequence[str], lenient: bool) -> list[str]:
    marks = ", ".join(f"'{mark}'" for mark in forgotten)
    gone = f"coalesce({sql_of_mark('instance')} IN ({marks}), false)" if marks else "false"
    month = "TRY(strftime(make_timestamp(CAST(ts AS BIGINT) * 1000000), '%Y-%m'))"
    values = [f"{load}::BIGINT AS load", f"{gone} AS gone", f"{month} AS month"]
    for name, type_ in files.columns.items():
        if name == "instance":
            values.append("TRY_CAST('0x' || instance AS UBIGINT) AS instance")
        elif name != "load":
            values.append(f"TRY_CAST({name} AS {type_}) AS {name}" if lenient else name)
    return values


def leave_out_repeated(files: Files) -> None:
    """Of several rows of `batch` with one UUID leave the earliest by `ts`: a repeated load makes the same choice.

    Most loads have few of them: sorting all rows to find them would cost twice what reading does.
    """
    files.writer.execute(
        "DELETE FROM batch WHERE rowid IN (SELECT row FROM ("
        "SELECT b.rowid AS row, row_number() OVER (PARTITION BY product, uuid ORDER BY ts, b.rowid) AS n FROM batch b "
        "SEMI JOIN (SELECT product, uuid FROM batch GROUP BY ALL HAVING count(*) > 1) USING (product, uuid)"
        ") WHERE n > 1)"
    )


def leave_out_known(files: Files) -> None:
    """Take out of `batch` what is in a month's file already."""
    writer = files.writer
    times = [time for (time,) in writer.execute("SELECT DISTINCT sent // 60 FROM batch ORDER BY 1").fetchall()]
    searched = [
        f"SELECT product, uuid, sent FROM {month.events} WHERE sent BETWEEN {first} AND {last}"  # noqa: S608 - our own words
        for first, last in ranges(times)
        for month in files.months.values()
        if _may_hold(month, first, last)
    ]
    if not searched:
        return
    writer.execute(
        "DELETE FROM batch WHERE rowid IN (SELECT b.rowid FROM batch b "  # noqa: S608 - our own words
        f"JOIN ({' UNION ALL '.join(searched)}) e ON e.uuid = b.uuid AND e.product = b.product "
        f"AND e.sent BETWEEN b.sent - {WINDOW} AND b.sent + {WINDOW})"
    )


def _may_hold(month: Month, first: int, last: int) -> bool:
    if last // DAY - first // DAY >= len(month.sent_days):
        return any(first // DAY <= day <= last // DAY for day in month.sent_days)
    return any(day in month.sent_days for day in range(first // DAY, last // DAY + 1))


def append(files: Files, month: Month, load: int) -> None:
    """Append the rows of `batch` that belong to a month, and that this load is in its file, in one transaction.

    Does nothing where the file says that it has this load.
    """
    done = files.writer.execute(f"SELECT 1 FROM {month.alias}.loaded WHERE load = {load}").fetchone()  # noqa: S608 - numbers
    columns = ", ".join(files.columns)
    rows = f"FROM batch WHERE month = '{month.name}'"
    if done is None:
        with files.transaction() as writer:
            writer.execute(f"INSERT INTO {month.events} ({columns}) SELECT {columns} {rows} ORDER BY ts")
            known = f"SELECT day FROM {month.alias}.sent_days"  # noqa: S608 - our alias
            writer.execute(f"INSERT INTO {month.alias}.sent_days SELECT sent // {DAY} {rows} EXCEPT {known}")
            # Only the latest load can be cut short, so only its number has to be remembered.
            writer.execute(f"DELETE FROM {month.alias}.loaded WHERE load < {load}")  # noqa: S608 - numbers
            writer.execute(f"INSERT INTO {month.alias}.loaded VALUES ({load})")  # noqa: S608 - numbers
    days = files.writer.execute(f"SELECT DISTINCT sent // {DAY} {rows}").fetchall()
    month.sent_days = month.sent_days | {day for (day,) in days}
    month.last_load = load


def by_product(files: Files) -> dict[str, int]:
    """How many events of each product are in `batch`."""
    return dict(files.writer.execute("SELECT product, count(*) FROM batch GROUP BY product").fetchall())


def months_in(files: Files) -> list[str]:
    """The months that `batch` has events of."""
    rows: Iterable[tuple[str]] = files.writer.execute("SELECT DISTINCT month FROM batch ORDER BY month").fetchall()
    return [name for (name,) in rows]


def begin(files: Files, load: int, segments: Sequence[Path]) -> None:
    """Write down, before anything else, which segments a load is made of."""
    with files.transaction() as writer:
        for path in segments:
            writer.execute(
                f"INSERT INTO {ROLLUP_FILE}.loads VALUES ($load, $segment, $bytes)",  # noqa: S608 - our alias
                {"load": load, "segment": path.name, "bytes": path.stat().st_size},
            )


def begun(files: Files) -> dict[tuple[str, int], int]:
    """(name, bytes) of every segment that a load was begun with, and that load's number."""
    rows = files.writer.execute(f"SELECT segment, bytes, load FROM {ROLLUP_FILE}.loads").fetchall()  # noqa: S608 - our alias
    return {(segment, size): load for segment, size, load in rows}


def forget_loads(files: Files, before: int) -> None:
    """Drop the notes about older loads, whose segments are gone."""
    with files.transaction() as writer:
        writer.execute(f"DELETE FROM {ROLLUP_FILE}.loads WHERE load < {before}")  # noqa: S608 - numbers

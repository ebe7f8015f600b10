"""Exports raw events as Parquet, CSV or JSON lines."""

from collections.abc import Mapping
from pathlib import Path

from ..columns import FIXED_COLUMNS
from .file_exchange import engine_directory
from .month_files import DatabaseFiles, MonthFile

FORMATS = {
    "parquet": "FORMAT parquet, COMPRESSION zstd",
    "csv": "FORMAT csv, HEADER",
    "jsonl": "FORMAT json",
}
_FIRST = ("uuid", "time", "event", "instance", "instance_kind", "product_version")


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
        values = {name: name for name in (*_FIRST, *(name for name in columns if name not in FIXED_COLUMNS))}
        values["time"] = "make_timestamp(ts * 1000000)"
        values["instance"] = "printf('%016x', instance)"
        listed = ", ".join(f"{value} AS {name}" for name, value in values.items())
        with engine_directory(path.parent) as directory:
            files.writer.execute(
                f"COPY (SELECT {listed} FROM {month.events} WHERE {where} ORDER BY ts, uuid) "  # noqa: S608 - a checked name
                f"TO '{directory}/{path.name}' ({FORMATS[path.suffix.removeprefix('.')]})"
            )
    return int(events)

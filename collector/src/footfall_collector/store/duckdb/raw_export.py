"""Raw events as files for other programs."""

from collections.abc import Mapping
from pathlib import Path

from ..columns import FIXED
from .month_files import Files, Month

FORMATS = {
    "parquet": "FORMAT parquet, COMPRESSION zstd",
    "csv": "FORMAT csv, HEADER",
    "jsonl": "FORMAT json",
}
_FIRST = ("uuid", "time", "event", "instance", "instance_kind", "product_version")


def write(files: Files, month: Month, columns: Mapping[str, str], scope: tuple[str, int, int], path: Path) -> int:
    """Write a month's events of a product to a file; its ending says which format.

    `columns` are those that the product has; `scope` is (product, first second, first second no more). `time` is
    UTC to the second, `instance` the 16 hex digits of the stored hash. Returns how many events they are; a file
    without any is not written. Raises duckdb.Error.
    """
    product, start, end = scope
    where = f"product = '{product}' AND ts >= {start} AND ts < {end}"
    [[events]] = files.writer.execute(f"SELECT count(*) FROM {month.events} WHERE {where}").fetchall()  # noqa: S608 - a checked name
    if events:
        values = {name: name for name in (*_FIRST, *(name for name in columns if name not in FIXED))}
        values["time"] = "make_timestamp(ts * 1000000)"
        values["instance"] = "printf('%016x', instance)"
        listed = ", ".join(f"{value} AS {name}" for name, value in values.items())
        quoted = str(path).replace("'", "''")
        files.writer.execute(
            f"COPY (SELECT {listed} FROM {month.events} WHERE {where} ORDER BY ts, uuid) "  # noqa: S608 - a checked name
            f"TO '{quoted}' ({FORMATS[path.suffix.removeprefix('.')]})"
        )
    return int(events)

"""A chart as a file: CSV for spreadsheets, Parquet for everything else."""

import csv
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

# A spreadsheet runs a cell that begins with one of these; a leading apostrophe makes it plain text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """RFC 4180 text with a header line; None is an empty cell, true and false are words."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def as_parquet(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """A Parquet file with one typed column each: BOOLEAN, BIGINT, DOUBLE or VARCHAR (days and moments are texts)."""
    kinds = [_kind([row[index] for row in rows]) for index in range(len(columns))]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as connection:
        path = Path(folder) / "chart.parquet"
        definition = ", ".join(f"{_quoted(name)} {kind}" for name, kind in zip(columns, kinds, strict=True))
        connection.execute(f"CREATE TABLE chart ({definition})")
        if rows:
            places = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO chart VALUES ({places})", [list(row) for row in rows])  # noqa: S608 - only question marks
        connection.execute(f"COPY chart TO '{path}' (FORMAT parquet)")
        return path.read_bytes()


def _kind(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds == {int}:
        return "BIGINT"
    if kinds and kinds <= {int, float}:
        return "DOUBLE"
    return "VARCHAR"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

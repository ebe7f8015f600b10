"""A chart as a file: CSV for spreadsheets, Parquet for everything else."""

import csv
import io
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from ...answer import Cell

_FORMULA_START = re.compile(r"(^|[;,\t\r\n|])(?=\s*[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20])")
"""Where a spreadsheet would begin to evaluate: at the start of a cell, or after a character that ends a cell for some.

A spreadsheet in a language with decimal commas separates by semicolons, whatever this file says. The last four are the
wide forms of the first ones, which some evaluate too.
"""


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """RFC 4180 text with a header line; None is an empty cell, booleans are `true` and `false`."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _csv_cell(value: Cell) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    # An apostrophe makes a text of what follows.
    return _FORMULA_START.sub(r"\1'", value) if isinstance(value, str) else value


def as_parquet(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """A Parquet file whose columns are BOOLEAN, BIGINT, DOUBLE or VARCHAR; days and moments are texts."""
    types = [_sql_type([row[index] for row in rows]) for index in range(len(columns))]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as connection:
        path = Path(folder) / "chart.parquet"
        definition = ", ".join(f"{_quoted(name)} {sql_type}" for name, sql_type in zip(columns, types, strict=True))
        connection.execute(f"CREATE TABLE chart ({definition})")
        if rows:
            placeholders = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO chart VALUES ({placeholders})", [list(row) for row in rows])  # noqa: S608 - only question marks
        connection.execute(f"COPY chart TO '{path}' (FORMAT parquet)")
        return path.read_bytes()


def _sql_type(values: Sequence[Cell]) -> str:
    types = {type(value) for value in values if value is not None}
    if types == {bool}:
        return "BOOLEAN"
    if types == {int}:
        return "BIGINT"
    if types and types <= {int, float}:
        return "DOUBLE"
    return "VARCHAR"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

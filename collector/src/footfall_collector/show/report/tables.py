"""The short tables of a report."""

import msgspec

from ..insight import Cell

MAX_ROWS = 10
"""Rows of a table; the dashboard has all."""


class ReportColumn(msgspec.Struct, frozen=True):
    """A column of a table.

    Attributes:
        unit: as of a chart's column; `change` is a ratio to the previous period, None where that has nothing.
    """

    name: str
    unit: str


class ReportTable(msgspec.Struct, frozen=True):
    """A short table.

    Attributes:
        rows: cells in the order of `columns`; at most ten rows.
    """

    title: str
    columns: list[ReportColumn]
    rows: list[list[Cell]]


def make_table(title: str, names: tuple[str, ...], units: tuple[str, ...], rows: list[list[Cell]]) -> ReportTable:
    """A table of columns with names and units."""
    columns = [ReportColumn(name, unit) for name, unit in zip(names, units, strict=True)]
    return ReportTable(title, columns, rows)

"""A chart's rows by the names of its columns, and the sums that sentences and tiles need."""

from collections import defaultdict
from typing import Annotated, Any

import msgspec

from ...answer import Cell, Chart

__all__ = ["Cell", "ChartRow", "Moment", "Number", "column_total", "rows_as_dicts", "share", "totals_by"]

ChartRow = dict[str, Any]
"""Column → value."""

Number = int | float
"""A count stays an integer when it is decoded from JSON."""

Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""RFC 3339."""


def rows_as_dicts(chart: Chart) -> list[ChartRow]:
    return [dict(zip(chart.columns, row, strict=True)) for row in chart.rows]


def column_total(rows: list[ChartRow], column: str) -> int:
    """The sum of a column of counts; None counts as 0."""
    return sum(row[column] or 0 for row in rows)


def totals_by(rows: list[ChartRow], key: str, column: str) -> dict[str, int]:
    """The sums of `column` by the values of `key`, the largest first. Rows whose key is None are left out."""
    sums: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        if row[key] is not None:
            sums[str(row[key])] += row[column] or 0
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def share(part: float, whole: float) -> float | None:
    """`part / whole`; None where `whole` is 0."""
    return part / whole if whole else None

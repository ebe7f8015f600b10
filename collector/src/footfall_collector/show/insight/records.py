"""Rows of a chart by the names of their columns, and the few sums that sentences and tiles need."""

from collections import defaultdict
from typing import Any

from ...answer import Chart

Record = dict[str, Any]


def records(chart: Chart) -> list[Record]:
    """The chart's rows, each as column → value."""
    return [dict(zip(chart.columns, row, strict=True)) for row in chart.rows]


def total(rows: list[Record], column: str) -> int:
    """The sum of a column of counts; what is not there counts as none."""
    return sum(row[column] or 0 for row in rows)


def totals_by(rows: list[Record], key: str, column: str) -> dict[str, int]:
    """The sums of a column by the values of another, the largest first."""
    sums: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        if row[key] is not None:
            sums[str(row[key])] += row[column] or 0
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def share(part: float, whole: float) -> float | None:
    """`part / whole`, None where there is no whole."""
    return part / whole if whole else None

"""The parts of a chart's query that both engines share: its text, its parameters and its conditions."""

import re

from footfall.catalogue import OTHER

from .interface import EventSelection
from .periods import DAY_SECONDS, day_number, edge_masks
from .rollups import RollupTable

PARAMETER = re.compile(r"\$(\w+)")
_COMMENTS = re.compile(r"--[^\n]*")

Parameter = str | int | bool | tuple[str, ...] | None


def without_comments(sql: str) -> str:
    """A chart's SQL without comments and without the final semicolon."""
    return _COMMENTS.sub("", sql).strip().rstrip(";")


def chart_parameters(selection: EventSelection) -> dict[str, Parameter]:
    """The value of each `$name`: days since 1970, epoch seconds, and the first and last block with their masks."""
    first, last = day_number(selection.start), day_number(selection.end - 1) + 1
    first_block, first_mask, last_block, last_mask = edge_masks(first, last)
    return {
        "product": selection.product,
        "internal": selection.internal,
        "start": selection.start,
        "end": selection.end,
        "first_second": first * DAY_SECONDS,
        "last_second": last * DAY_SECONDS,
        "first_day": first,
        "last_day": last,
        "first_block": first_block,
        "first_mask": first_mask,
        "last_block": last_block,
        "last_mask": last_mask,
        **{f"only_{column}": value for column, value in selection.filters.items()},
        **{f"kept_{column}": values for column, values in selection.kept.items()},
    }


def conditions_for(selection: EventSelection, rollup: RollupTable, internal: str) -> list[str]:
    """The SQL conditions on a roll-up's rows, or on the raw events behind them.

    `internal` is the SQL expression that says whether a row is internal.
    """
    conditions = ["product = $product"]
    if selection.internal is not None:
        conditions.append(f"{internal} = $internal")
    return conditions + [f"{column} = $only_{column}" for column in selection.filters if column in rollup.keys]


def chart_columns(rollup: RollupTable) -> list[str]:
    """The dimensions of a roll-up that a chart can read; its period is renamed by each engine."""
    return [key for key in rollup.keys if key not in ("day", "block", "product", "internal")]


def fold_values(relation: str, rollup: RollupTable, selection: EventSelection, body: str, kept: str) -> str:
    """The query of a relation in which values that the selection does not keep are `other`.

    `body` is the chart's SQL: columns that it does not name are left alone, which saves a join each. `kept` is the
    engine's condition that `{column}` is one of the parameter `$kept_{column}`.
    """
    dimensions = chart_columns(rollup)
    folded = {column for column in selection.kept if column in dimensions and re.search(rf"\b{column}\b", body)}
    if not folded:
        return relation
    shown = [
        f"CASE WHEN {kept.format(column=column)} THEN {column} ELSE '{OTHER}' END AS {column}"
        if column in folded
        else column
        for column in dimensions
    ]
    columns = ", ".join(("block" if rollup.is_presence else "moment", *shown, *rollup.values))
    return f"SELECT {columns} FROM ({relation})"  # noqa: S608 - our own words

"""The parts of a chart's query that both engines share: its text, its parameters and its conditions."""

import re

from footfall.catalogue import OTHER

from .interface import EventSelection
from .periods import DAY_SECONDS, day_number, edge_masks
from .rollups import RECENT, RECENT_DAYS, STANDING_TABLE, RollupTable

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
        "one_in": selection.one_in,
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
        **selection.parameters,
    }


def conditions_for(selection: EventSelection, rollup: RollupTable, internal: str, kept: str) -> list[str]:
    """The SQL conditions on a roll-up's rows, or on the raw events behind them.

    `internal` is the SQL expression that says whether a row is internal. `kept` is the engine's condition that
    `{value}` is one of the parameter `$kept_{column}`: a filter for `other` selects all values that are shown as that.
    """
    conditions = ["product = $product"]
    if selection.internal is not None and "internal" in rollup.keys:
        conditions.append(f"{internal} = $internal")
    return conditions + filter_conditions(selection, rollup, kept)


def filter_conditions(selection: EventSelection, rollup: RollupTable, kept: str) -> list[str]:
    """The SQL conditions of the selection's filters, of those that the roll-up carries; `kept` as above."""
    conditions = []
    for column, value in selection.filters.items():
        if column in rollup.keys:
            condition = f"{column} = $only_{column}"
            if value == OTHER and column in selection.kept:
                condition = f"({condition} OR NOT ({kept.format(column=column, value=column)}))"
            conditions.append(condition)
    return conditions


def reads_samples(sql: str) -> bool:
    """Whether a chart's SQL names a relation that is over raw events in every range."""
    return "samples_" in sql


def raw_span(sql: str, selection: EventSelection) -> tuple[int, int] | None:
    """The epoch seconds (start included, end excluded) of the raw events that a chart's SQL reads; None for none."""
    if selection.exact or reads_samples(sql):
        return selection.raw_range
    if any(re.search(rf"\b{name}\b", without_comments(sql)) for name in RECENT):
        first, last = day_number(selection.start), day_number(selection.end - 1) + 1
        return max(first, last - RECENT_DAYS) * DAY_SECONDS, last * DAY_SECONDS
    return None


def chart_columns(rollup: RollupTable, body: str) -> list[str]:
    """The dimensions of a roll-up that a chart's SQL names; its period is renamed by each engine.

    Raw events that differ in other dimensions only are one row, which is most of the work where senders invent values.
    """
    if rollup.name == STANDING_TABLE:
        return ["instance"]
    dimensions = (key for key in rollup.keys if key not in ("day", "block", "product", "internal"))
    return [key for key in dimensions if re.search(rf"\b{key}\b", body)]


def recent_keys(calls: RollupTable, body: str) -> list[str]:
    """The properties that a chart's SQL names of the relation of recent calls; `calls` is the table of their facts."""
    return [key for key in chart_columns(calls, body) if key in calls.dimensions]


def shown_value(selection: EventSelection, column: str, value: str, kept: str) -> str:
    """The SQL expression of a column's value as charts show it: `other`, unless the selection keeps the value.

    `kept` is as in `conditions_for`.
    """
    if column not in selection.kept:
        return value
    return f"CASE WHEN {kept.format(column=column, value=value)} THEN {value} ELSE '{OTHER}' END"

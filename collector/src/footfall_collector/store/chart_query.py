"""What a chart's question is made of, whichever engine answers: its text, its parameters, its conditions."""

import re

from .interface import Scope
from .periods import DAY, day_of, edge_masks
from .rollups import Rollup

PARAMETER = re.compile(r"\$(\w+)")
_COMMENTS = re.compile(r"--[^\n]*")

Parameter = str | int | bool | None


def body_of(sql: str) -> str:
    """A chart's SQL without comments and without the semicolon at its end."""
    return _COMMENTS.sub("", sql).strip().rstrip(";")


def parameters_of(scope: Scope) -> dict[str, Parameter]:
    """By name what `$name` stands for: days since 1970, epoch seconds, blocks of days with the masks of their edges."""
    first, last = day_of(scope.start), day_of(scope.end - 1) + 1
    first_block, first_mask, last_block, last_mask = edge_masks(first, last)
    return {
        "product": scope.product,
        "internal": scope.internal,
        "start": scope.start,
        "end": scope.end,
        "first_second": first * DAY,
        "last_second": last * DAY,
        "first_day": first,
        "last_day": last,
        "first_block": first_block,
        "first_mask": first_mask,
        "last_block": last_block,
        "last_mask": last_mask,
        **{f"only_{column}": value for column, value in scope.filters.items()},
    }


def terms_of(scope: Scope, rollup: Rollup, internal: str) -> list[str]:
    """The conditions on a rollup's rows, or on those that it is made of; `internal` says in SQL whether one is."""
    terms = ["product = $product"]
    if scope.internal is not None:
        terms.append(f"{internal} = $internal")
    return terms + [f"{column} = $only_{column}" for column in scope.filters if column in rollup.keys]


def shown_keys(rollup: Rollup) -> list[str]:
    """The columns that a chart sees of a rollup, without those of time."""
    return [key for key in rollup.keys if key not in ("day", "block", "product", "internal")]

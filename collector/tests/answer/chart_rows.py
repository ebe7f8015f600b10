"""Whether a chart's rows are those of the truth: texts and counts exactly, quotients to the last few bits."""

import math
from typing import Any

Rows = list[list[Any]]


def equal(one: Rows, other: Rows) -> bool:
    return len(one) == len(other) and all(
        len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True)) for a, b in zip(one, other, strict=True)
    )


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-12)
    return bool(one == other)

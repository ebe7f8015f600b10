"""What the data-health page shows: numbers and tables."""

from typing import Literal

import msgspec

from ..insight import Cell


class HealthFact(msgspec.Struct, frozen=True):
    """One number of the collector.

    Attributes:
        value: None where there is nothing to say yet.
        unit: `ago` (seconds), `bytes`, or empty.
        tone: `bad` for what an operator should act on.
    """

    id: str
    title: str
    value: int | str | None
    unit: str = ""
    tone: Literal["", "bad"] = ""


class HealthTable(msgspec.Struct, frozen=True):
    """One table of the data-health page.

    Attributes:
        rows: cells in the order of `columns`.
        empty: the sentence that stands in place of a table without rows.
    """

    id: str
    title: str
    columns: list[str]
    rows: list[list[Cell]]
    empty: str


class DataHealth(msgspec.Struct, frozen=True):
    """Counters since the collector's start, and the products, refusals and versions as tables."""

    facts: list[HealthFact]
    tables: list[HealthTable]

"""The charts: one SQL file each and engine, over what a store offers, under filters that anybody may set."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from footfall.catalogue import Catalogue

from ..store import DAY as DAY_SECONDS
from ..store import Scope, Store, day_text
from .charts import (
    CHARTS,
    DAY,
    MOMENT,
    PUBLIC,
    RELEASE_DURATIONS,
    RELEASE_ERRORS,
    RELEASE_TOOLS,
    RELEASES,
    SUMMARY,
    TREND,
    ChartSpec,
    Column,
)
from .filters import EARLIEST, INTERNAL, Filters

_COLUMNS = {"version": "product_version", "provider": "ai_provider"}
"""Filters whose name differs from the column they are about."""


Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Chart:
    """A chart's answer.

    Attributes:
        columns: names, in the order of the cells.
        rows: cells are texts, numbers, or None where the events don't say.
        generated_at: RFC 3339, UTC.
        hidden_internal: internal events of the range that are left out.
        not_applied: filters that were given and that the chart's events don't carry.
    """

    id: str
    title: str
    columns: list[str]
    rows: list[list[Cell]]
    generated_at: str
    hidden_internal: int
    not_applied: list[str]


class Answers:
    """Answers charts from a store. Safe to use from many threads.

    `products` may include some that have sent nothing yet. Methods raise StoreError where the store can't answer.
    """

    def __init__(self, store: Store, catalogues: Mapping[str, Catalogue]) -> None:
        self.catalogues = catalogues
        self._store = store
        self._specs = {spec.id: spec for spec in CHARTS}

    def charts(self) -> tuple[ChartSpec, ...]:
        """Every chart there is."""
        return CHARTS

    def chart(self, id: str, filters: Filters) -> Chart:  # noqa: A002 - the chart's id, as in the address
        """The answer of one chart. Raises KeyError where there is no such chart."""
        return self._answer(self._specs[id], filters)

    def summary(self, filters: Filters) -> Chart:
        """One row for the whole range: calls, errors, active instances, calling instances, median duration."""
        return self._answer(SUMMARY, filters)

    def trend(self, filters: Filters) -> Chart:
        """One row per day (hour where the range is short): calls, errors, median duration."""
        return self._answer(TREND, filters)

    def releases(self, filters: Filters) -> Chart:
        """One row per version: first day in the range, instances, calls, errors, error rate."""
        return self._answer(RELEASES, filters)

    def release_tools(self, filters: Filters) -> Chart:
        """One row per version and tool: calls, errors."""
        return self._answer(RELEASE_TOOLS, filters)

    def release_durations(self, filters: Filters) -> Chart:
        """One row per version, tool and rounded duration in milliseconds: calls."""
        return self._answer(RELEASE_DURATIONS, filters)

    def release_errors(self, filters: Filters) -> Chart:
        """One row per version, tool and error class: errors."""
        return self._answer(RELEASE_ERRORS, filters)

    def public(self, filters: Filters) -> Chart:
        """Instances by provider, client, transport and deployment, each once in each; dimension None is all of them."""
        return self._answer(PUBLIC, filters)

    def products(self) -> list[str]:
        """The collector's products."""
        return sorted(self.catalogues)

    def versions(self, product: str) -> list[str]:
        """Every version of a product that was seen, the newest first."""
        return sorted({version for version, _ in self._options(product) if version}, key=_version_key, reverse=True)

    def providers(self, product: str) -> list[str]:
        """Every AI provider that was seen with a product."""
        return sorted({provider for _, provider in self._options(product) if provider})

    def _options(self, product: str) -> list[tuple[Any, ...]]:
        everything = Scope(product, int(EARLIEST.timestamp()), int(datetime.now(UTC).timestamp()) + DAY_SECONDS)
        return self._store.rows(_sql(self._store.engine, "options"), everything)

    def _answer(self, spec: ChartSpec, filters: Filters) -> Chart:
        scope = scope_of(spec, filters)
        found = self._store.rows(_sql(self._store.engine, spec.id), scope)
        return Chart(
            spec.id,
            spec.title,
            [column.name for column in spec.columns],
            [_cells(spec.columns, row, scope.exact) for row in found],
            datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            self._hidden(scope, filters),
            [name for name in filters.given if name not in spec.filters],
        )

    def _hidden(self, scope: Scope, filters: Filters) -> int:
        if filters.internal != "hide":
            return 0
        kept = {name: value for name, value in scope.filters.items() if name in _COLUMNS.values()}
        internal = Scope(scope.product, scope.start, scope.end, scope.exact, True, kept)
        [[n]] = self._store.rows(_sql(self._store.engine, "hidden"), internal)
        return int(n)


def scope_of(spec: ChartSpec, filters: Filters) -> Scope:
    """What the store is asked for: only the filters that the chart's events carry."""
    applied = {_COLUMNS.get(name, name): value for name, value in filters.given.items() if name in spec.filters}
    return Scope(
        filters.product,
        int(filters.start.timestamp()),
        int(filters.end.timestamp()),
        filters.exact and not spec.daily,
        INTERNAL[filters.internal],
        applied,
    )


def _cells(columns: tuple[Column, ...], row: tuple[Any, ...], exact: bool) -> list[Any]:
    return [_cell(column.unit, value, exact) for column, value in zip(columns, row, strict=True)]


def _cell(unit: str, value: Any, exact: bool) -> Any:
    if value is None or value == "":
        return None
    if unit == DAY:
        return day_text(value)
    if unit == MOMENT:
        return (
            datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            if exact
            else day_text(value // DAY_SECONDS)
        )
    return value


@functools.cache
def _sql(engine: str, name: str) -> str:
    """The text of a question: each is in the folder of the page that it belongs to, once for each engine."""
    folders = resources.files(__package__).joinpath("sql").iterdir()
    found = (folder.joinpath(f"{name}.{engine}.sql") for folder in folders)
    return next(file for file in found if file.is_file()).read_text("utf-8")


def _version_key(version: str) -> tuple[list[int], bool, str]:
    """Versions in the order of their release: by numbers, a pre-release before its release."""
    numbers, _, tag = version.partition("-")
    return [int(part) for part in re.findall(r"\d+", numbers)], not tag, tag

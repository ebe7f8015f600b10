"""Answers charts: runs a chart's SQL over the store under filters and shapes its rows."""

import functools
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from footfall.catalogue import Catalogue

from ..runtime import ProductSettings, utc_stamp
from ..store import DAY_SECONDS, EventSelection, Store, day_text, fact_tables
from .behaviour import BEHAVIOUR
from .charts import (
    AMOUNT_UNITS,
    CHARTS,
    DAY_UNIT,
    MOMENT_UNIT,
    PUBLIC,
    PUBLIC_CALLS,
    RELEASE_DURATIONS,
    RELEASE_ERRORS,
    RELEASE_TOOLS,
    RELEASES,
    STANDINGS,
    SUMMARY,
    TREND,
    Cell,
    ChartSpec,
    Column,
    round_amount,
)
from .filters import EARLIEST, INTERNAL_VALUES, NO_NAMED_CONDITIONS, Annotations, Filters, NamedConditions
from .gate import AnswerCache, SharedResults, rows_of_answer, turn_given_up
from .questions.chart_relations import ChartSegment
from .value_caps import MAX_VALUES, ValueCaps
from .values import OtherCount, other_counts
from .version_order import version_key

CACHE_BYTES, SHARED_RESULTS = 8 << 20, 16
ROW_BYTES, CELL_BYTES = 56, 128
"""A row in memory, and a cell with a text of 70 characters: more than most."""

SAMPLED_CALLS = 200_000
"""The calls that a sampled chart reads, about; ordering them takes a good part of a second."""


@dataclass(frozen=True)
class Chart:
    """A chart's answer.

    Attributes:
        columns: names, in the order of the cells.
        rows: cells are texts, numbers, or None if the events don't carry the value.
        generated_at: RFC 3339, UTC.
        hidden_internal: the number of internal events of the segment in the range that are left out.
        not_applied: filters that the chart can't obey.
        scope: what counts, in one phrase: which events, and those of which instances.
        folded: column to the number of values, of all events of the product, that are shown as `other`.
    """

    id: str
    title: str
    columns: list[str]
    rows: list[list[Cell]]
    generated_at: str
    hidden_internal: int
    not_applied: list[str]
    scope: str
    folded: dict[str, int]


class Answers:
    """Answers charts from a store. Safe to use from many threads.

    Methods raise StoreError if the store can't answer.
    """

    def __init__(
        self,
        store: Store,
        catalogues: Mapping[str, Catalogue],
        max_values: int = MAX_VALUES,
        value_caps: ValueCaps | None = None,
        settings: Mapping[str, ProductSettings] | None = None,
        segments: NamedConditions = NO_NAMED_CONDITIONS,
        annotations: Annotations | None = None,
    ) -> None:
        self.catalogues, self.segments, self.annotations = catalogues, segments, annotations
        self.settings = settings or {}
        self.value_caps = value_caps or ValueCaps(store, max_values, catalogues=catalogues)
        self.facts = fact_tables(catalogues.values())
        self._store = store
        self._cache = AnswerCache(CACHE_BYTES)
        self.shared_results = SharedResults(SHARED_RESULTS, deletions=lambda: store.deletions)
        self._specs = {spec.id: spec for spec in self.charts()}

    @property
    def revision(self) -> Hashable:
        """See `Store.revision`; it changes with the annotations too."""
        return self._store.revision, self.annotations.revision if self.annotations else 0

    def charts(self) -> tuple[ChartSpec, ...]:
        """All charts of the API; the first have panels on the pages."""
        return (*CHARTS, *BEHAVIOUR)

    def chart(self, id: str, filters: Filters) -> Chart:  # noqa: A002 - the chart's id, as in the address
        """The answer of one chart. Raises KeyError if there is no such chart."""
        return self._answer(self._specs[id], filters)

    def summary(self, filters: Filters) -> Chart:
        """One row for the whole range: calls, errors, active instances, calling instances, median duration."""
        return self._answer(SUMMARY, filters)

    def trend(self, filters: Filters) -> Chart:
        """One row for each day, or hour in short ranges: calls, errors, median duration."""
        return self._answer(TREND, filters)

    def releases(self, filters: Filters) -> Chart:
        """One row for each version: first day in the range, instances, calls, errors, error rate, established ones."""
        return self._answer(RELEASES, filters)

    def standings(self, filters: Filters) -> Chart:
        """One row: instances and calling instances, each also those that are established and those that are new."""
        return self._answer(STANDINGS, filters)

    def event_days(self, filters: Filters) -> list[int]:
        """The UTC days since 1970 on which events of the product were counted, in order; of filters only `internal`."""
        everything = EventSelection(
            filters.product,
            int(EARLIEST.timestamp()),
            int(datetime.now(UTC).timestamp()) + DAY_SECONDS,
            internal=INTERNAL_VALUES[filters.internal],
        )
        sql = "SELECT moment, sum(n) FROM event_counts GROUP BY moment"
        return sorted(int(moment) // DAY_SECONDS for moment, _ in self.rows(sql, everything))

    def other_counts(self, product: str, start: int = 0) -> list[OtherCount]:
        """How many values of each property are `other`, by version; `start`: epoch seconds."""
        return list(other_counts(self.rows, self.catalogues[product], start))

    def release_tools(self, filters: Filters) -> Chart:
        """One row for each version and tool: calls, errors."""
        return self._answer(RELEASE_TOOLS, filters)

    def release_durations(self, filters: Filters) -> Chart:
        """One row for each version, tool and rounded duration in milliseconds: calls."""
        return self._answer(RELEASE_DURATIONS, filters)

    def release_errors(self, filters: Filters) -> Chart:
        """One row for each version, tool and error class: errors."""
        return self._answer(RELEASE_ERRORS, filters)

    def public(self, filters: Filters, *, established: bool) -> Chart:
        """Instances by provider, client, transport and deployment, each once in each; dimension None is the total.

        `established`: count established ones only.
        """
        return self._answer(PUBLIC, filters, established=established)

    def public_calls(self, filters: Filters, *, established: bool) -> int:
        """Tool calls of all instances, or of the established ones, from raw events."""
        [[calls]] = self._answer(PUBLIC_CALLS, filters, established=established, exact=True).rows
        return int(calls or 0)

    def scope(self, filters: Filters, event: str | None) -> str:
        """Which events of a name count under the filters, or of any name, in one phrase."""
        return self._segment(SUMMARY, filters).phrase(event)

    def products(self) -> list[str]:
        """The collector's products, including those that have sent nothing yet."""
        return sorted(self.catalogues)

    def versions(self, product: str) -> list[str]:
        """All versions of a product in the store, the newest first."""
        versions = {version for version, _ in self._options(product) if version}
        return sorted(versions, key=lambda version: (version_key(version), version), reverse=True)

    def providers(self, product: str) -> list[str]:
        """All AI providers of a product in the store."""
        return sorted({provider for _, provider in self._options(product) if provider})

    def _options(self, product: str) -> list[tuple[Any, ...]]:
        everything = EventSelection(
            product,
            int(EARLIEST.timestamp()),
            int(datetime.now(UTC).timestamp()) + DAY_SECONDS,
            kept=self.value_caps.of_product(product).kept,
        )
        return self._rows("options", everything)

    def _answer(
        self, spec: ChartSpec, filters: Filters, *, established: bool = False, exact: bool | None = None
    ) -> Chart:
        values = self.value_caps.of_product(filters.product)
        selection = replace(selection_for(spec, filters), kept=values.kept, established=established)
        if exact is not None:
            selection = replace(selection, exact=exact)
        segment = self._segment(spec, filters)
        if spec.sampled:
            [[calls]] = self._rows("recent-calls", selection, segment)
            selection = replace(selection, one_in=max(1, -(-int(calls) // SAMPLED_CALLS)))
        rows = self._rows(spec.id, selection, segment)
        return Chart(
            spec.id,
            spec.title,
            [column.name for column in spec.columns],
            [_cells(spec.columns, row, selection.exact) for row in rows],
            utc_stamp(datetime.now(UTC)),
            self._hidden_internal(selection, filters, segment),
            segment.not_applied,
            segment.scope(chart_sql(self._store.engine, spec.id)),
            {column.name: n for column in spec.columns if (n := values.folded.get(column.name, 0))},
        )

    def _segment(self, spec: ChartSpec, filters: Filters) -> ChartSegment:
        return ChartSegment(spec, filters, self.catalogues[filters.product], self.facts)

    def _hidden_internal(self, selection: EventSelection, filters: Filters, segment: ChartSegment) -> int:
        if filters.internal != "hide":
            return 0
        [[events]] = self._rows("hidden", replace(selection, internal=True, established=False), segment)
        return int(events)

    def hidden_internal(self, filters: Filters) -> int:
        """The number of internal events of the segment in the range, where the filters leave them out."""
        selection = replace(selection_for(SUMMARY, filters), kept=self.value_caps.of_product(filters.product).kept)
        return self._hidden_internal(selection, filters, self._segment(SUMMARY, filters))

    @property
    def engine(self) -> str:
        """See `Store.engine`."""
        return self._store.engine

    def _rows(self, name: str, selection: EventSelection, segment: ChartSegment | None = None) -> list[tuple[Any, ...]]:
        """The rows of `sql/…/<name>`, of a segment's events."""
        sql = chart_sql(self._store.engine, name)
        if segment is not None:
            sql, selection = segment.applied(sql, selection, self._store.engine)
        return self.rows(sql, selection)

    def rows(self, sql: str, selection: EventSelection) -> list[tuple[Any, ...]]:
        """The rows of a query; those of the same query once more until the store changes."""
        question = (sql, *(_hashable(getattr(selection, field.name)) for field in fields(selection)))
        revision, read_before = self._store.revision, rows_of_answer()
        rows: list[tuple[Any, ...]] | None = read_before.get(question)
        if rows is None:
            rows = self._cache.get(question, revision)
        if rows is None:
            with turn_given_up():
                rows = self._store.query(sql, selection)
            size = len(rows) * (ROW_BYTES + CELL_BYTES * len(rows[0])) if rows else ROW_BYTES
            self._cache.put(question, revision, rows, size)
        read_before[question] = rows
        return rows


def _hashable(value: Any) -> Any:
    return tuple(sorted(value.items())) if isinstance(value, Mapping) else value


def selection_for(spec: ChartSpec, filters: Filters) -> EventSelection:
    """The events of a chart's range."""
    return EventSelection(
        filters.product,
        int(filters.start.timestamp()),
        int(filters.end.timestamp()),
        filters.exact and not spec.daily,
        INTERNAL_VALUES[filters.internal],
    )


def _cells(columns: tuple[Column, ...], row: tuple[Any, ...], exact: bool) -> list[Any]:
    return [_cell(column.unit, value, exact) for column, value in zip(columns, row, strict=True)]


def _cell(unit: str, value: Any, exact: bool) -> Any:
    if value is None or value == "":
        return None
    if unit == DAY_UNIT:
        return day_text(value)
    if unit == MOMENT_UNIT:
        return utc_stamp(value) if exact else day_text(value // DAY_SECONDS)
    return round_amount(value) if unit in AMOUNT_UNITS else value


@functools.cache
def chart_sql(engine: str, name: str) -> str:
    """The text of `sql/<page>/<name>.<engine>.sql`; the folder can be any. Raises LookupError if there is none."""
    for folder in resources.files(__package__).joinpath("sql").iterdir():
        file = folder.joinpath(f"{name}.{engine}.sql")
        if file.is_file():
            return file.read_text("utf-8")
    raise LookupError(f"the chart `{name}` has no SQL for {engine}: write answer/sql/<page>/{name}.{engine}.sql")

"""Fleets in the collector's own store: their roll-ups are written by the store's own queries, from rows of events.

Loading a fleet takes many times as long as asking about it, so the journal is left out. A planted cause is another
product with the same events, some of whose calls fail or take longer.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec

from footfall.catalogue import catalogue_for
from footfall_collector.answer import Answers, Filters, call_source
from footfall_collector.show.explain import search_causes
from footfall_collector.show.statistics import Cause
from footfall_collector.store.duckdb.relations import ROLLUP_FILE, rollup_query
from footfall_collector.store.duckdb.store import DuckStore
from tests.oracle.fleet import Fleet, FleetEvent

_READ = (
    "facts_tool_executed",
    "facts_tool_error",
    "facts_server_started",
    "facts_client_connected",
    "tool_calls",
    "event_counts",
    "presence",
    "standing_days",
)
"""The roll-ups that explanations read."""
Name = tuple[str, str]
"""Kind and value of a cause."""
_KINDS = {"provider": "outage", "client": "client", "version": "release"}


class PlantedStore:
    """A store with one fleet as several products; the first has its events as they are."""

    def __init__(self, directory: Path, fleet: Fleet, events: Iterable[FleetEvent], products: Collection[str]) -> None:
        catalogues = {name: catalogue_for(name) for name in products}
        self._fleet, self._store = fleet, DuckStore(directory, catalogues, "512MB")
        self.answers = Answers(self._store, catalogues)
        self._directory = directory
        self._read("fleet", events)

    def close(self) -> None:
        self._store.close()

    def add(self, product: str, failing: Collection[str] = (), error_type: str = "ValidationError") -> None:
        """Count the fleet's events as a product's; calls whose UUIDs are `failing` fail with an error of that class."""
        self._writer.execute("CREATE OR REPLACE TEMP TABLE failing (id UUID)")
        if failing:
            listed = ", ".join(f"('{uuid}')" for uuid in sorted(failing))
            self._writer.execute(f"INSERT INTO failing VALUES {listed}")
        self._writer.execute(
            f"CREATE OR REPLACE TEMP TABLE planted AS SELECT * REPLACE ('{product}' AS product, "
            "success AND uuid NOT IN (SELECT id FROM failing) AS success) FROM fleet"
        )
        self._writer.execute(
            f"INSERT INTO planted SELECT * REPLACE ('{product}' AS product, 'tool_error' AS event, "
            f"'{error_type}' AS error_type, NULL AS success, NULL AS duration_ms, NULL AS mcp_client) "
            "FROM fleet WHERE uuid IN (SELECT id FROM failing)"
        )
        self._count("planted")

    def add_events(self, product: str, events: Iterable[FleetEvent]) -> None:
        """Count other events as a product's."""
        self._read("planted", events)
        self._writer.execute(f"UPDATE planted SET product = '{product}'")
        self._count("planted")

    def named(self, product: str) -> tuple[Name, ...]:
        """What the collector names as the causes of the errors of the fleet's days, each once."""
        start, end = (datetime.fromtimestamp(at, UTC) for at in (self._fleet.start, self._fleet.end))
        causes = search_causes(call_source(self.answers, Filters(product, start, end))).causes
        return names_of_causes(causes)

    def add_slow(self, product: str, factors: Mapping[str, float]) -> None:
        """Count the fleet's events as a product's, with raw events; calls take so many times as long, by UUID."""
        listed = self._store.files.directory.parent / "slow.ndjson"
        listed.write_bytes(b"\n".join(msgspec.json.encode({"id": id_, "factor": n}) for id_, n in factors.items()))
        self._writer.execute(
            f"CREATE OR REPLACE TEMP TABLE slow AS FROM read_json('{listed}', format = 'newline_delimited', "
            "columns = {id: 'UUID', factor: 'DOUBLE'})"
        )
        self.add(product)
        self._writer.execute(
            "UPDATE planted SET duration_ms = greatest(1, round(duration_ms * factor)) FROM slow WHERE uuid = id"
        )
        columns = ", ".join(self._store.files.columns)
        months = self._writer.sql("SELECT DISTINCT strftime(to_timestamp(ts), '%Y-%m') FROM planted").fetchall()
        for (month,) in months:
            self._writer.execute(
                f"INSERT INTO {self._store.files.month(month).events} ({columns}) SELECT {columns} FROM planted "
                f"WHERE strftime(to_timestamp(ts), '%Y-%m') = '{month}'"
            )

    def _read(self, table: str, events: Iterable[FleetEvent]) -> None:
        """Events as rows of a table of the store's columns."""
        rows = self._directory / "events.ndjson"
        rows.write_bytes(b"\n".join(map(_line, events)))
        columns = ", ".join(
            f"{name}: '{'VARCHAR' if name == 'instance' else type_}'" for name, type_ in self._columns()
        )
        values = ", ".join(f"hash({name}) AS {name}" if name == "instance" else name for name, _ in self._columns())
        self._writer.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {values} "
            f"FROM read_json('{rows}', format = 'newline_delimited', columns = {{{columns}}})"
        )

    def _count(self, table: str) -> None:
        """Write the roll-ups of a table's rows."""
        for rollup in self._store.files.rollups:
            if rollup.name in _READ:
                columns = ", ".join(rollup.columns())
                self._writer.execute(
                    f"INSERT INTO {ROLLUP_FILE}.{rollup.name} ({columns}) "
                    f"SELECT {columns} FROM ({rollup_query(rollup, table, ['true'])})"
                )

    @property
    def _writer(self) -> duckdb.DuckDBPyConnection:
        return self._store.files.writer

    def _columns(self) -> list[tuple[str, str]]:
        return list(self._store.files.columns.items())


def names_of_causes(causes: Iterable[Cause]) -> tuple[Name, ...]:
    """What the causes are, each once."""
    return tuple(dict.fromkeys((_KINDS.get(each.set.kind, each.set.kind), each.set.values[0]) for each in causes))


def _line(event: FleetEvent) -> bytes:
    return msgspec.json.encode(
        {
            **event.properties,
            "uuid": event.uuid,
            "event": event.event,
            "ts": event.at,
            "instance": event.instance,
            "instance_kind": event.instance.partition("_")[0],
        }
    )

"""The bound on distinct values: a column of a chart shows the values of most instances, and the others as `other`.

Anyone can send new versions, tools and classes of errors. Without a bound, a chart of 100,000 of them takes minutes to
answer and tells nothing. Values rank by distinct instances, then by the days on which instances had them, then by
name, over everything in the store. So a sender that invents names displaces none that two instances really use. Raw
events keep their values: exports have them, and a bound that is raised later shows them.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from footfall.catalogue import Catalogue, Identifier, ToolName, Version

from ..store import EventSelection, Store, fact_tables, property_key

MAX_VALUES = 500
"""The values of one column that a product's charts show."""
REFRESH_SECONDS = 60.0
"""The age at which the ranking is read again in any case: another collector may have loaded events."""
REST_PER_SECOND = 10.0
"""Seconds without a ranking after one that took a second: it costs a tenth of a core at most."""
RELATIONS = {
    "product_version": "presence",
    "tool": "tool_instances",
    "error_type": "error_instances",
    "mcp_client": "connection_instances",
    "mcp_client_version": "connection_instances",
    "k8s_version": "start_instances",
}
"""Column to the relation that says which instances had its values."""
FOREVER = 1 << 40
"""An end of ranges after every event."""
_COUNT = "SELECT count(DISTINCT {column}) FROM {relation}"
_RANKED = {
    "duckdb": "SELECT v FROM (SELECT {column} AS v, instance, block, bit_or(mask) AS m FROM {relation} "
    "GROUP BY {column}, instance, block) GROUP BY v ORDER BY count(DISTINCT instance) DESC, sum(bit_count(m)) DESC, v "
    "LIMIT {limit}",
    "clickhouse": "SELECT v FROM (SELECT v, uniqExact(instance) AS n, "
    "sum(arraySum(arrayMap(k -> bitAnd(bitShiftRight(m, k), 1), range(56)))) AS days FROM (SELECT {column} AS v, "
    "instance, block, groupBitOr(mask) AS m FROM {relation} GROUP BY {column}, instance, block) WHERE m > 0 "
    "GROUP BY v) ORDER BY n DESC, days DESC, v LIMIT {limit}",
}
_COUNT_FACTS = "SELECT count(DISTINCT {column}) FROM ({relation}) WHERE lasting"
_RANKED_FACTS = {
    "duckdb": "SELECT {column} AS v FROM ({relation}) WHERE lasting GROUP BY v "
    "ORDER BY count(DISTINCT instance) DESC, count(DISTINCT (instance, moment)) DESC, v LIMIT {limit}",
    "clickhouse": "SELECT {column} AS v FROM ({relation}) WHERE lasting GROUP BY v "
    "ORDER BY uniqExact(instance) DESC, uniqExact((instance, moment)) DESC, v LIMIT {limit}",
}


@dataclass(frozen=True)
class KeptValues:
    """A product's columns with more values than charts show.

    Attributes:
        kept: column to the values that are shown.
        folded: column to the number of values that are shown as `other`.
    """

    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folded: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Ranking:
    """Values, and the newest load when their reading began. They stand for `rest` seconds after `read_at`."""

    values: KeptValues
    load: int
    read_at: float
    rest: float

    def is_current(self, now: float, load: int) -> bool:
        age = now - self.read_at
        return age < (REFRESH_SECONDS if load == self.load else min(self.rest, REFRESH_SECONDS))


class ValueCaps:
    """Which values the charts of a product show. Safe to use from many threads.

    They are read again when events were loaded since, so that a flood of values doesn't show before the next minute.
    """

    def __init__(
        self,
        store: Store,
        max_values: int = MAX_VALUES,
        clock: Callable[[], float] = time.monotonic,
        catalogues: Mapping[str, Catalogue] | None = None,
    ) -> None:
        self._store, self._max_values, self._clock = store, max_values, clock
        self._more = {product: _more_relations(catalogue) for product, catalogue in (catalogues or {}).items()}
        self._lock = threading.Lock()
        self._known: dict[str, _Ranking] = {}

    def of_product(self, product: str) -> KeptValues:
        """Raises StoreError if the store can't answer."""
        with self._lock:
            known, began = self._known.get(product), self._clock()
            if known and known.is_current(began, self._store.last_load):
                return known.values
            load = self._store.last_load
            values, ended = self._read(product), self._clock()
            self._known[product] = _Ranking(values, load, ended, REST_PER_SECOND * (ended - began))
            return values

    def folded_values(self) -> float:
        """How many values of all products were shown as `other` at the last look. Asks the store nothing."""
        return float(sum(sum(known.values.folded.values()) for known in list(self._known.values())))

    def _read(self, product: str) -> KeptValues:
        everything = EventSelection(product, 0, FOREVER)
        kept, folded = {}, {}
        engine = self._store.engine
        forms = [(column, column, relation, _COUNT, _RANKED[engine]) for column, relation in RELATIONS.items()]
        for name, relation in self._more.get(product, {}).items():
            forms.append((name, property_key(name), relation, _COUNT_FACTS, _RANKED_FACTS[engine]))
        for name, column, relation, counting, ranking in forms:
            [[count]] = self._store.query(counting.format(column=column, relation=relation), everything)
            if count > self._max_values:
                ranked = ranking.format(column=column, relation=relation, limit=self._max_values)
                values = tuple(str(value) for (value,) in self._store.query(ranked, everything))
                kept[name] = ("", *(value for value in values if value))
                folded[name] = int(count) - len(values)
        return KeptValues(kept, folded)


def _more_relations(catalogue: Catalogue) -> dict[str, str]:
    """Each other property whose values no catalogue lists, to the relation of the events that carry it."""
    facts = fact_tables([catalogue])
    carriers: dict[str, list[str]] = {}
    for event in catalogue.events.values():
        for name, property_ in event.properties.items():
            if name not in RELATIONS and isinstance(property_.kind, Identifier | ToolName | Version):
                carriers.setdefault(name, []).append(facts[event.name].counts.name)
    columns = "instance, lasting, moment"
    return {
        name: " UNION ALL ".join(f"SELECT {property_key(name)}, {columns} FROM {table}" for table in tables)  # noqa: S608 - our own words
        for name, tables in carriers.items()
    }

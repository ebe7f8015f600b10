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

from footfall.catalogue import Catalogue, Identifier, ToolName, Version, catalogue_for

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
_COUNTED = {
    "product_version": {"event_counts": "n"},
    "tool": {"tool_calls": "calls", "tool_errors": "n"},
    "error_type": {"tool_errors": "n"},
    "mcp_client": {"connections": "n", "tool_calls": "calls"},
    "mcp_client_version": {"connections": "n"},
    "k8s_version": {"starts": "n"},
}
"""Column to the relations with all of its values, those of ephemeral instances among them, and their numbers."""
FOREVER = 1 << 40
"""An end of ranges after every event."""
_COUNT = "SELECT count(DISTINCT v) FROM ({values}) WHERE v <> ''"
_FREQUENT = "SELECT v FROM ({values}) WHERE v <> '' GROUP BY v ORDER BY sum(n) DESC, v LIMIT {limit}"
_RANKED = {
    "duckdb": "SELECT v FROM (SELECT {column} AS v, instance, block, bit_or(mask) AS m FROM {relation} "
    "GROUP BY {column}, instance, block) GROUP BY v ORDER BY count(DISTINCT instance) DESC, sum(bit_count(m)) DESC, v "
    "LIMIT {limit}",
    "clickhouse": "SELECT v FROM (SELECT v, uniqExact(instance) AS n, "
    "sum(arraySum(arrayMap(k -> bitAnd(bitShiftRight(m, k), 1), range(56)))) AS days FROM (SELECT {column} AS v, "
    "instance, block, groupBitOr(mask) AS m FROM {relation} GROUP BY {column}, instance, block) WHERE m > 0 "
    "GROUP BY v) ORDER BY n DESC, days DESC, v LIMIT {limit}",
}
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
        kept, folded, more = {}, {}, self._more.get(product, {})
        for name in dict.fromkeys((*RELATIONS, *more)):
            values = _COUNT.format(values=self._values(product, name))
            [[count]] = self._store.query(values, EventSelection(product, 0, FOREVER))
            if count > self._max_values:
                shown = [value for value in self._ranked(product, name) if value]
                kept[name] = ("", *shown)
                folded[name] = int(count) - len(shown)
        return KeptValues(kept, folded)

    def _values(self, product: str, name: str) -> str:
        """The query for (v, n): a property's values in all events that carry it."""
        counted = _COUNTED.get(name, {}).items()
        rows = [f"SELECT {name} AS v, {number} AS n FROM {relation}" for relation, number in counted]  # noqa: S608 - our own words
        if facts := self._more.get(product, {}).get(name):
            rows.append(f"SELECT {property_key(name)} AS v, n FROM ({facts})")  # noqa: S608 - our own words
        return " UNION ALL ".join(rows)

    def _ranked(self, product: str, name: str) -> list[str]:
        """The values that are shown: of the built-in events, then of others, and last those that no instance ranks."""
        engine, limit, values = self._store.engine, self._max_values, list[str]()
        forms = []
        if name in RELATIONS:
            forms.append(_RANKED[engine].format(column=name, relation=RELATIONS[name], limit=limit))
        if facts := self._more.get(product, {}).get(name):
            forms.append(_RANKED_FACTS[engine].format(column=property_key(name), relation=facts, limit=limit))
        forms.append(_FREQUENT.format(values=self._values(product, name), limit=limit))
        for sql in forms:
            if len(values) < limit:
                rows = self._store.query(sql, EventSelection(product, 0, FOREVER))
                values += [str(value) for (value,) in rows if str(value) not in values]
        return values[:limit]


def _more_relations(catalogue: Catalogue) -> dict[str, str]:
    """Each property whose values no catalogue lists, to the relation of the events that carry it as a product's own."""
    facts, built_in = fact_tables([catalogue]), catalogue_for("footfall").events
    carriers: dict[str, list[str]] = {}
    for event in catalogue.events.values():
        known = built_in[event.name].properties if event.name in built_in else {}
        for name, property_ in event.properties.items():
            is_counted = name in RELATIONS and name in known
            if not is_counted and isinstance(property_.kind, Identifier | ToolName | Version):
                carriers.setdefault(name, []).append(facts[event.name].counts.name)
    columns = "instance, lasting, moment, n"
    return {
        name: " UNION ALL ".join(f"SELECT {property_key(name)}, {columns} FROM {table}" for table in tables)  # noqa: S608 - our own words
        for name, tables in carriers.items()
    }

"""Roll-ups that the catalogues give: of every event, what a question can be about.

`facts_<event>` counts an event by day, instance and all its properties that are no numbers; `numbers_<event>__<name>`
counts the values of one of its numbers by day and the same properties, without the instance, which would make nearly a
row of each event. Where built-in charts have roll-ups of a number, those stand for it.
`samples_<event>__<name>` has the values with the instance: a relation over raw events that no store keeps. A property's
column is `p_<name>`, so that no name of a property is another column's.

Events that several products have share their tables, with the properties of all of them.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from footfall.catalogue import Amount, Catalogue, Flag, Property, catalogue_for

from .tables import FIRST_AT, LAST_AT, ROLLUPS_BY_NAME, RollupTable

COMMON_PROPERTIES = ("product_version", "ai_provider", "is_internal")
"""The properties of every event, by their columns in raw events."""
CALLS_EVENT, STATE_EVENT = "tool_executed", "server_started"
"""The event of a tool call, and the one whose properties are an instance's state until the next such event."""
LIFETIME_FACTS = "lifetime_"
"""How the names of the facts' relations without the range begin."""
_BUILT_IN_NUMBERS = {
    ("tool_executed", "duration_ms"): ("tool_durations", "numbers_durations_by_client"),
    ("server_stopped", "uptime_seconds"): ("uptimes",),
}
"""Numbers that roll-ups of the built-in charts have; another one, by all properties, would be the largest of all."""
_TEXT = "VARCHAR"
FACTS_PATTERN = r"(?:(?:lifetime_)?facts|numbers|samples)_\w+"
"""The regular expression of the relations' names."""
_PLAIN_NAME = re.compile(r"(?!.*__)[a-z][a-z0-9_]{0,39}", re.ASCII)
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def lifetime_facts(counts: str) -> str:
    """The relation of a table of counts without the range: what happened at any time."""
    return f"{LIFETIME_FACTS}{counts}"


def property_key(name: str) -> str:
    """The column of a property in the fact tables."""
    return f"p_{name}"


@dataclass(frozen=True)
class FactTables:
    """The tables and relations of one event.

    Attributes:
        counts: the event by instance and properties.
        numbers: number property to its values by properties, without the instance.
        built_in: number property to the roll-ups of the built-in charts that have its values by some properties.
        samples: number property to its values by instance and properties; not kept by a store.
    """

    counts: RollupTable
    numbers: Mapping[str, RollupTable]
    built_in: Mapping[str, tuple[RollupTable, ...]]
    samples: Mapping[str, RollupTable]

    @property
    def stored(self) -> tuple[RollupTable, ...]:
        """The tables that a store keeps."""
        return (self.counts, *self.numbers.values())

    @property
    def relations(self) -> tuple[RollupTable, ...]:
        """Everything that a question can read."""
        return (*self.stored, *self.samples.values())


def known_events(catalogues: Iterable[Catalogue]) -> dict[str, dict[str, Property]]:
    """Event to its own properties in any of the catalogues. The five built-in events are always there."""
    events: dict[str, dict[str, Property]] = {}
    for catalogue in (catalogue_for("footfall"), *catalogues):
        for event in catalogue.events.values():
            events.setdefault(event.name, {}).update(event.properties)
    return events


def fact_tables(catalogues: Iterable[Catalogue]) -> dict[str, FactTables]:
    """Event to its tables."""
    return {event: _tables_of(event, properties) for event, properties in known_events(catalogues).items()}


def _tables_of(event: str, properties: Mapping[str, Property]) -> FactTables:
    words = [name for name, property_ in properties.items() if not isinstance(property_.kind, Amount)]
    flags = {property_key(name) for name in words if isinstance(properties[name].kind, Flag)}
    flags.add(property_key("is_internal"))
    columns = {property_key(name): name for name in (*COMMON_PROPERTIES, *words)}
    moments = {FIRST_AT: "min(ts)", LAST_AT: "max(ts)"} if event == STATE_EVENT else {}
    counts = RollupTable(
        f"facts_{_table_name(event)}",
        event,
        dict.fromkeys(columns, _TEXT),
        {"n": "count(*)", **moments},
        common=("product", "internal"),
        raw=columns,
        flags=frozenset(flags),
        by_instance=True,
    )
    samples = {name: _with_value(counts, name) for name in properties if name not in words}
    numbers = {
        name: replace(table, name=f"numbers_{table.name.removeprefix('samples_')}", by_instance=False)
        for name, table in samples.items()
        if (event, name) not in _BUILT_IN_NUMBERS
    }
    built_in = {
        name: tuple(ROLLUPS_BY_NAME[rollup] for rollup in _BUILT_IN_NUMBERS[event, name])
        for name in samples.keys() - numbers.keys()
    }
    return FactTables(counts, numbers, built_in, samples)


def _with_value(counts: RollupTable, name: str) -> RollupTable:
    """The table of an event's counts by the values of a number too."""
    return replace(
        counts,
        name=f"samples_{counts.name.removeprefix('facts_')}__{_table_name(name)}",
        dimensions={**counts.dimensions, "value": "DOUBLE"},
        measures={"n": "count(*)"},
        raw={**counts.raw, "value": name},
    )


def _table_name(name: str) -> str:
    """The part of a table's name for an event or a property, whose own names can be any text."""
    if _PLAIN_NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{_NOT_PLAIN.sub('_', name.lower())[:24].strip('_')}__{digest}"

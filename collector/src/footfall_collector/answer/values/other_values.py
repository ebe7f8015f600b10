"""How many values of a property are `other` in the store, by version and since which day.

They are counted from what is stored, so that a restart loses none of it and nothing else is kept: neither the value
nor anything that follows from it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from footfall.catalogue import OTHER, Amount, Catalogue, Flag

from ...store import EventSelection, fact_tables, property_key
from ..value_caps import FOREVER

PROPERTIES = (
    ("tool_executed", "tool", "tool_calls", "calls"),
    ("tool_executed", "mcp_client", "tool_calls", "calls"),
    ("tool_error", "tool", "tool_errors", "n"),
    ("tool_error", "error_type", "tool_errors", "n"),
    ("client_connected", "mcp_client", "connections", "n"),
    ("client_connected", "mcp_client_version", "connections", "n"),
    ("client_connected", "transport", "connections", "n"),
    ("server_started", "k8s_version", "starts", "n"),
    ("server_started", "deployment_method", "starts", "n"),
    ("", "ai_provider", "event_counts", "n"),
    ("", "product_version", "event_counts", "n"),
)
"""Event (empty for every event), property, and the relation with its counts and their column.

A product's own properties are counted in the fact tables, which have more rows.
"""
_BUILT_IN = {(event, name) for event, name, _, _ in PROPERTIES}
_COUNTED = (
    "SELECT {version}, min(moment), sum({count}) FROM {relation} WHERE {column} = '{other}' "
    "GROUP BY {version} ORDER BY min(moment), {version}"
)

Rows = Callable[[str, EventSelection], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class OtherCount:
    """The values of one property that one version sent and that are `other`.

    Attributes:
        event: its wire name; empty for a property of every event.
        version: of the product; empty where it was not given.
        since: the first UTC day in the store with such a value, epoch seconds.
    """

    event: str
    property: str
    version: str
    since: int
    values: int


def other_counts(rows: Rows, catalogue: Catalogue, start: int = 0) -> Iterator[OtherCount]:
    """The counts of a product, those of a property one after the other.

    `rows` runs a query; values before `start`, epoch seconds, are left out.
    """
    selection = EventSelection(catalogue.product, start, FOREVER)
    for event, name, sql in _queries(catalogue):
        for version, since, values in rows(sql, selection):
            yield OtherCount(event, name, str(version or ""), int(since), int(values))


def _queries(catalogue: Catalogue) -> Iterator[tuple[str, str, str]]:
    """Event, property and SQL of each property that can be `other`."""
    for event, name, relation, count in PROPERTIES:
        names = {"version": "product_version", "column": name, "relation": relation, "count": count}
        yield event, name, _COUNTED.format(**names, other=OTHER)
    tables = fact_tables([catalogue])
    for event_type in catalogue.events.values():
        for name, property_ in event_type.properties.items():
            if (event_type.name, name) not in _BUILT_IN and not isinstance(property_.kind, Flag | Amount):
                relation = tables[event_type.name].counts.name
                version = property_key("product_version")
                names = {"version": version, "column": property_key(name), "relation": relation, "count": "n"}
                yield event_type.name, name, _COUNTED.format(**names, other=OTHER)

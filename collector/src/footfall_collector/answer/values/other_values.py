"""How many values of a property are `other` in the store, by version and since which day.

They are counted from what is stored, so that a restart loses none of it and nothing else is kept: neither the value
nor anything that follows from it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from footfall.catalogue import OTHER

from ...store import EventSelection

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
"""Event (empty for every event), property, and the relation with its counts and their column."""
_FOREVER = 1 << 40
_COUNTED = (
    "SELECT product_version, min(moment), sum({count}) FROM {relation} WHERE {column} = '{other}' "
    "GROUP BY product_version ORDER BY min(moment), product_version"
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


def other_counts(rows: Rows, product: str) -> Iterator[OtherCount]:
    """The counts of a product, those of a property one after the other. `rows` runs a query."""
    for event, column, relation, count in PROPERTIES:
        selection = EventSelection(product, 0, _FOREVER)
        sql = _COUNTED.format(count=count, relation=relation, column=column, other=OTHER)
        for version, since, values in rows(sql, selection):
            yield OtherCount(event, column, str(version or ""), int(since), int(values))

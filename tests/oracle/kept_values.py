"""Which values of a property charts show, where it has too many: an event's other values are `other`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.oracle.fleet import FleetEvent
from tests.oracle.world import DAY

_RANKED_BY = {
    "product_version": None,
    "tool": "tool_executed",
    "error_type": "tool_error",
    "mcp_client": "client_connected",
    "mcp_client_version": "client_connected",
    "k8s_version": "server_started",
}
"""Property to the event whose instances rank its values; None for every event."""


def all_kept_values(events: Sequence[FleetEvent], limit: int) -> dict[str, set[str]]:
    """Property to the values that charts show, for the properties that have more."""
    found = {name: kept_values(events, name, limit) for name in _RANKED_BY}
    return {name: kept for name, kept in found.items() if kept is not None}


def kept_values(events: Sequence[FleetEvent], name: str, limit: int, carriers: Sequence[str] = ()) -> set[str] | None:
    """The values of most instances, then most days of an instance, then the first by name; None where all are.

    `carriers` are the events that carry a property which is not in `_RANKED_BY`.
    """
    days: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    ranked_by = carriers or (_RANKED_BY[name],)
    for event in events:
        if (event.event in ranked_by or None in ranked_by) and not event.instance.startswith("ephemeral_"):
            days[event.properties.get(name) or ""].add((event.instance, event.at // DAY))
    if len(days) <= limit:
        return None
    ranked = sorted(days, key=lambda value: (-len({one for one, _ in days[value]}), -len(days[value]), value))
    return set(ranked[:limit])


def fold_values(event: FleetEvent, kept: Mapping[str, set[str]]) -> FleetEvent:
    """The event as charts show it: with `other` in place of values that are not kept."""
    hidden = {name: "other" for name in kept if (value := event.properties.get(name)) and value not in kept[name]}
    return replace(event, properties={**event.properties, **hidden}) if hidden else event

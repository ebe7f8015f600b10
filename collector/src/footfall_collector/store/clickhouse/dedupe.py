"""Which events the store has already, under which load; and what is done where two collectors load the same one."""

from collections.abc import Mapping, Sequence

from ..dedupe_window import WINDOW, ranges
from .connection import Connection, Row
from .event_columns import Event
from .layout import EVENTS, Layout
from .rollup_batches import active, covered, published


def leave_out_known(connection: Connection, layout: Layout, events: Sequence[Event]) -> list[Event]:
    """The events that the store doesn't have, by product and UUID within `WINDOW` of `sent`."""
    found = _found(connection, layout, events)
    return [event for event in events if not _among(event, found)]


def _among(event: Event, found: Mapping[str, Sequence[Row]]) -> bool:
    rows = found.get(event.uuid, ())
    return any(product == event.product and abs(sent - event.sent) <= WINDOW for product, sent, _ in rows)


def _found(connection: Connection, layout: Layout, events: Sequence[Event]) -> dict[str, list[tuple[str, int, int]]]:
    """UUID to (product, sent, load) of stored events with the UUIDs of some, near their times."""
    if not events:
        return {}
    minutes = sorted({event.sent // 60 for event in events})
    times = " OR ".join(f"sent BETWEEN {first} AND {last}" for first, last in ranges(minutes))
    rows = connection.execute(
        f"SELECT toString(uuid), product, sent, load FROM {layout.table(EVENTS)} "  # noqa: S608 - our own words
        f"WHERE ({times}) AND uuid GLOBAL IN (SELECT uuid FROM asked)",
        asked=[event.uuid for event in events],
    )
    found: dict[str, list[tuple[str, int, int]]] = {}
    for uuid, product, sent, load in rows:
        found.setdefault(uuid, []).append((product, sent, load))
    return found


def settle_races(connection: Connection, layout: Layout, events: Sequence[Event], load: int) -> int:
    """Of events that another collector loaded at the same moment as this load, let one row count; how many they are.

    Both collectors look after their inserts, so at least one sees both rows. A row that is in a published batch
    stays; else that of the lower load does. Whoever sees it writes down the row that doesn't count.
    """
    found = _found(connection, layout, events)
    doubles = [(event, other) for event in events if (other := _other(event, found, load)) is not None]
    if not doubles:
        return 0
    held = covered(active(published(connection, layout)))
    table = layout.table("repeated")
    marked = set(connection.execute(f"SELECT load, toString(uuid) FROM {table}"))  # noqa: S608 - our own words
    losers: list[tuple[int, str]] = []
    for event, other in doubles:
        if (other, event.uuid) not in marked:
            other_counts = other < load or any(first <= other <= last for first, last in held)
            losers.append((load if other_counts else other, event.uuid))
    if losers:
        loads, uuids = zip(*losers, strict=True)
        connection.insert(table, {"load": list(loads), "uuid": list(uuids)})
    return sum(loser == load for loser, _ in losers)


def _other(event: Event, found: Mapping[str, Sequence[tuple[str, int, int]]], own: int) -> int | None:
    """The load of another row of an event that this load has a row of."""
    loads = {
        load for product, sent, load in found.get(event.uuid, ())
        if product == event.product and abs(sent - event.sent) <= WINDOW
    }  # fmt: skip
    return min(loads - {own}, default=None) if own in loads else None

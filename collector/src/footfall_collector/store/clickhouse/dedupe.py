"""Finds events that the store already has, and settles which row counts if two collectors load the same event.

The dedupe window is that of `store/dedupe_window.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..dedupe_window import WINDOW_SECONDS, search_ranges
from .connection import Connection, ResultRow
from .event_columns import EventLine
from .layout import EVENTS, TableLayout
from .rollup_batches import active_batches, covered_loads, published_batches


def remove_stored(connection: Connection, layout: TableLayout, events: Sequence[EventLine]) -> list[EventLine]:
    """The events that the store doesn't have, by product and UUID within `WINDOW_SECONDS` of `sent`."""
    stored = _stored_rows(connection, layout, events)
    return [event for event in events if not _is_stored(event, stored)]


def _is_stored(event: EventLine, stored: Mapping[str, Sequence[ResultRow]]) -> bool:
    rows = stored.get(event.uuid, ())
    return any(product == event.product and abs(sent - event.sent) <= WINDOW_SECONDS for product, sent, _ in rows)


def _stored_rows(
    connection: Connection, layout: TableLayout, events: Sequence[EventLine]
) -> dict[str, list[tuple[str, int, int]]]:
    """UUID to (product, sent, load) of the stored rows with the events' UUIDs, near their times."""
    if not events:
        return {}
    minutes = sorted({event.sent // 60 for event in events})
    times = " OR ".join(f"sent BETWEEN {first} AND {last}" for first, last in search_ranges(minutes))
    rows = connection.execute(
        f"SELECT toString(uuid), product, sent, load FROM {layout.table(EVENTS)} "  # noqa: S608 - our own words
        f"WHERE ({times}) AND uuid GLOBAL IN (SELECT uuid FROM searched)",
        uuids=[event.uuid for event in events],
    )
    stored: dict[str, list[tuple[str, int, int]]] = {}
    for uuid, product, sent, load in rows:
        stored.setdefault(uuid, []).append((product, sent, load))
    return stored


def resolve_concurrent_loads(
    connection: Connection, layout: TableLayout, events: Sequence[EventLine], load: int
) -> int:
    """Let one row count of each event that another collector loaded at the same moment as this load.

    Both collectors look after their inserts, so at least one of them sees both rows. A row in a published batch counts;
    otherwise the row of the lower load does. The other row is marked in the table `repeated`. Returns the number of
    this load's rows that don't count.
    """
    stored = _stored_rows(connection, layout, events)
    doubles = [(event, other) for event in events if (other := _other_load(event, stored, load)) is not None]
    if not doubles:
        return 0
    rolled_up = covered_loads(active_batches(published_batches(connection, layout)))
    table = layout.table("repeated")
    marked = set(connection.execute(f"SELECT load, toString(uuid) FROM {table}"))  # noqa: S608 - our own words
    repeated_rows: list[tuple[int, str]] = []
    for event, other in doubles:
        if (other, event.uuid) not in marked:
            other_counts = other < load or any(first <= other <= last for first, last in rolled_up)
            repeated_rows.append((load if other_counts else other, event.uuid))
    if repeated_rows:
        loads, uuids = zip(*repeated_rows, strict=True)
        connection.insert(table, {"load": list(loads), "uuid": list(uuids)})
    return sum(number == load for number, _ in repeated_rows)


def _other_load(event: EventLine, stored: Mapping[str, Sequence[tuple[str, int, int]]], own: int) -> int | None:
    """The lowest other load that has a row of the event, if the load `own` has one too."""
    loads = {
        load for product, sent, load in stored.get(event.uuid, ())
        if product == event.product and abs(sent - event.sent) <= WINDOW_SECONDS
    }  # fmt: skip
    return min(loads - {own}, default=None) if own in loads else None


def layout_of_query(connection: Connection, layout: TableLayout) -> TableLayout:
    """The layout for a query, which says whether any event is noted as repeated at the moment."""
    noted = connection.execute(f"SELECT 1 FROM {layout.table('repeated')} LIMIT 1")  # noqa: S608 - our own words
    return replace(layout, has_repeated=bool(noted))

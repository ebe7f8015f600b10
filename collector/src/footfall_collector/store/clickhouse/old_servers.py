"""Lets old servers change what was inserted last.

ClickHouse before 21 neither merges nor mutates the newest part of a partition that was inserted with a quorum, until
another one follows: a deletion would wait for the next events of that month. So one more part follows: rows of no
product and of no load or batch, which nothing ever reads. They collapse into one per shard and partition.
"""

import time
from typing import Any

from ..rollups import BY_NAME
from .connection import Connection
from .layout import EVENTS, Layout

_SEARCHED = 10_000
"""Days among which one is looked for that a counter's sharding key sends to a shard; a hash finds it at once."""


def release(connection: Connection, layout: Layout, name: str) -> None:
    """Put another part after the newest one of each partition of a table, on every shard. Raises EngineError."""
    if layout.modern or not layout.cluster:
        return
    [[slots]] = connection.execute(
        "SELECT sum(weight) FROM (SELECT any(shard_weight) AS weight FROM system.clusters "  # noqa: S608 - a checked name
        f"WHERE cluster = '{layout.cluster}' GROUP BY shard_num)"
    )
    rows = _rows(connection, layout, name, int(slots))
    if rows:
        columns: dict[str, list[Any]] = {key: [row[key] for row in rows] for key in rows[0]}
        connection.insert(layout.table(name), columns)


def _rows(connection: Connection, layout: Layout, name: str, slots: int) -> list[dict[str, Any]]:
    """One row for each partition and each value of the sharding key that leads to another shard."""
    # Equal blocks would be taken once only. What differs is not in the sorting key.
    now = time.time_ns() // 1000
    if name == EVENTS:
        by_month = f"SELECT min(day) FROM {layout.table(name)} GROUP BY toYYYYMM(toDate(day))"  # noqa: S608 - our own words
        days = [day for (day,) in connection.execute(by_month)]
        return [{"instance": slot, "day": day, "ts": now} for day in days for slot in range(slots)]
    rollup = BY_NAME[name]
    shelves = [shelf for (shelf,) in connection.execute(f"SELECT DISTINCT shelf FROM {layout.table(name)}")]  # noqa: S608 - our own words
    value = rollup.values[0]
    if rollup.presence:
        return [{"instance": slot, "shelf": shelf, value: now} for shelf in shelves for slot in range(slots)]
    by_slot = connection.execute(
        f"SELECT min(number) FROM (SELECT number FROM system.numbers LIMIT {_SEARCHED}) "  # noqa: S608 - numbers
        f"GROUP BY cityHash64('', toUInt16(number)) % {slots}"
    )
    return [{"day": day, "shelf": shelf, value: now} for shelf in shelves for (day,) in by_slot]

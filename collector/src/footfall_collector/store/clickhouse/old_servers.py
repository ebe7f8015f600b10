"""Makes servers before ClickHouse 21 mutate the newest part of a partition.

They neither merge nor mutate a part that was inserted with a quorum until another part follows it: a deletion would
wait for the next events of that month. So a filler part is appended: rows without product, load or batch, which no
query reads. They collapse into one row for each shard and partition.
"""

import time
from typing import Any

from ..rollups import ROLLUPS_BY_NAME
from .connection import Connection
from .layout import EVENTS, TableLayout

_SEARCHED_DAYS = 10_000
"""Days to search for one that a counter's sharding key sends to a given shard; the hash finds one early."""


def append_filler_parts(connection: Connection, layout: TableLayout, name: str) -> None:
    """Append a part after the newest one of each partition of a table, on every shard. Raises EngineError."""
    if layout.modern or not layout.cluster:
        return
    [[shard_slots]] = connection.execute(
        "SELECT sum(weight) FROM (SELECT any(shard_weight) AS weight FROM system.clusters "  # noqa: S608 - a checked name
        f"WHERE cluster = '{layout.cluster}' GROUP BY shard_num)"
    )
    rows = _rows(connection, layout, name, int(shard_slots))
    if rows:
        columns: dict[str, list[Any]] = {key: [row[key] for row in rows] for key in rows[0]}
        connection.insert(layout.table(name), columns)


def _rows(connection: Connection, layout: TableLayout, name: str, shard_slots: int) -> list[dict[str, Any]]:
    """A row for each partition and shard slot (a value of the sharding key for each shard's weight)."""
    # A block equal to an earlier one would be ignored; the time makes it differ and is not in the sorting key.
    now = time.time_ns() // 1000
    if name == EVENTS:
        by_month = f"SELECT min(day) FROM {layout.table(name)} GROUP BY toYYYYMM(toDate(day))"  # noqa: S608 - our own words
        days = [day for (day,) in connection.execute(by_month)]
        return [{"instance": shard_slot, "day": day, "ts": now} for day in days for shard_slot in range(shard_slots)]
    rollup = ROLLUPS_BY_NAME[name]
    by_partition = f"SELECT DISTINCT shelf FROM {layout.table(name)}"  # noqa: S608 - our own words
    partitions = [partition for (partition,) in connection.execute(by_partition)]
    value = rollup.values[0]
    if rollup.is_presence:
        return [
            {"instance": shard_slot, "shelf": partition, value: now}
            for partition in partitions
            for shard_slot in range(shard_slots)
        ]
    by_slot = connection.execute(
        f"SELECT min(number) FROM (SELECT number FROM system.numbers LIMIT {_SEARCHED_DAYS}) "  # noqa: S608 - numbers
        f"GROUP BY cityHash64('', toUInt16(number)) % {shard_slots}"
    )
    return [{"day": day, "shelf": partition, value: now} for partition in partitions for (day,) in by_slot]

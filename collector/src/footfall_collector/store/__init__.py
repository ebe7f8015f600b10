"""The store: raw events and roll-ups, each event counted once.

The `loader` moves closed journal segments into the store that `opening` opens: `duckdb` (the default) or `clickhouse`.
Both implement `interface.Store` and share `columns` (raw events), `rollups` (counts kept ready), `dedupe_window`,
`tombstones` and `chart_query` (from a chart's SQL to a query). `migration` copies a DuckDB store to ClickHouse.

Promises: a load that is cut short and repeated counts nothing twice; a deletion leaves no bytes; only the loader's
thread writes. `answer`, `operate` and `app` import from this package; `store` imports `journal`, `admit` and `runtime`.
"""

from .interface import (
    EventSelection,
    EventsUnreadableError,
    Interruption,
    QueryStoppedError,
    Store,
    StoreError,
    TrashedMonth,
)
from .loader import Loader, run_recovering
from .opening import open_store, require_clickhouse_driver
from .periods import (
    BLOCK_DAYS,
    DAY_SECONDS,
    FULL_BLOCK_MASK,
    MONDAY_OFFSET,
    day_number,
    day_text,
    edge_masks,
    month_bounds,
    month_name,
    months_between,
)
from .rollups import (
    CALLS_EVENT,
    FIRST_AT,
    HISTORY,
    LAST_AT,
    LIFETIME,
    RECENT_CALLS,
    RECENT_TEXTS,
    ROLLUPS_BY_NAME,
    STANDING,
    STANDING_TABLE,
    STATE_EVENT,
    FactTables,
    RollupTable,
    fact_tables,
    lifetime_facts,
    property_key,
)
from .tombstones import merge_tombstone_files

__all__ = [
    "BLOCK_DAYS",
    "CALLS_EVENT",
    "DAY_SECONDS",
    "FIRST_AT",
    "FULL_BLOCK_MASK",
    "HISTORY",
    "LAST_AT",
    "LIFETIME",
    "MONDAY_OFFSET",
    "RECENT_CALLS",
    "RECENT_TEXTS",
    "ROLLUPS_BY_NAME",
    "STANDING",
    "STANDING_TABLE",
    "STATE_EVENT",
    "EventSelection",
    "EventsUnreadableError",
    "FactTables",
    "Interruption",
    "Loader",
    "QueryStoppedError",
    "RollupTable",
    "Store",
    "StoreError",
    "TrashedMonth",
    "day_number",
    "day_text",
    "edge_masks",
    "fact_tables",
    "lifetime_facts",
    "merge_tombstone_files",
    "month_bounds",
    "month_name",
    "months_between",
    "open_store",
    "property_key",
    "require_clickhouse_driver",
    "run_recovering",
]

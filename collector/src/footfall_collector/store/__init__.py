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
from .periods import DAY_SECONDS, day_text, month_bounds, month_name, months_between
from .tombstones import merge_tombstone_files

__all__ = [
    "DAY_SECONDS",
    "EventSelection",
    "EventsUnreadableError",
    "Interruption",
    "Loader",
    "QueryStoppedError",
    "Store",
    "StoreError",
    "TrashedMonth",
    "day_text",
    "merge_tombstone_files",
    "month_bounds",
    "month_name",
    "months_between",
    "open_store",
    "require_clickhouse_driver",
    "run_recovering",
]

"""Where admitted events are kept and counted: `interface` is the seam between the loader, which writes, and answers.

The `loader` moves closed journal segments into the store that `opening` opens: `duckdb` or `clickhouse`. Both share the
`columns`, the `rollups`, the `dedupe_window` and how a chart's question is made (`chart_query`). `migration` copies one
into the other.
"""

from .interface import Scope, Store, StoreError
from .loader import CLOSED, Loader
from .opening import open_store, require_clickhouse_driver
from .periods import DAY, day_text, month_bounds, months_between
from .tombstones import merged

__all__ = [
    "CLOSED",
    "DAY",
    "Loader",
    "Scope",
    "Store",
    "StoreError",
    "day_text",
    "merged",
    "month_bounds",
    "months_between",
    "open_store",
    "require_clickhouse_driver",
]

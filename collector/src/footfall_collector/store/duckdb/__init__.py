"""The default store: DuckDB files under DATA/store, one per UTC month for raw events and one for roll-ups.

`load_batch` loads, `rollup_tables` counts, `relations` are what charts read. `month_files` attaches the files,
`file_exchange` replaces several at once, and `deletion` rewrites what held a forgotten instance.
"""

from .month_files import Files
from .store import TOMBSTONES, DuckStore

__all__ = ["TOMBSTONES", "DuckStore", "Files"]

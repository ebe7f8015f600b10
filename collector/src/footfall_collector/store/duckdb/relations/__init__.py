"""What charts and questions read: the relations behind their SQL, and the rows that several questions share.

`rollup_sql` has the SQL by which roll-ups follow from raw events, and `derived_sql` that by which the new rows of one
follow from another's. `chart_query` puts the relations that a query names before it. `kept_rows` keeps the rows of
shared relations in memory while the store doesn't change. The other files of `store/duckdb` import from here.
"""

from .chart_query import QuerySource
from .derived_sql import derived_query, finer_rollups
from .kept_rows import KeptRows
from .rollup_sql import ROLLUP_FILE, merge_statement, rollup_query

__all__ = [
    "ROLLUP_FILE",
    "KeptRows",
    "QuerySource",
    "derived_query",
    "finer_rollups",
    "merge_statement",
    "rollup_query",
]

"""The store on ClickHouse: one server, or a cluster that several collectors feed.

`address` and `connection` reach the servers, `tables` and `layout` create the tables. A load passes `event_columns`
(from journal lines to columns), `dedupe` (against what is stored, and against other collectors) and, later,
`rollup_batches`; `load_state` remembers on disk how far a collector is. Charts read `relations`. `deletion` forgets
instances and drops old months. `store` puts these together and describes how each event is counted once. Only
`connection` knows the driver; `store/opening`, `store/migration` and `operate` import from here.
"""

from .address import parse_address
from .connection import EngineError
from .event_columns import ABSENT_VALUES
from .relations import not_repeated_condition
from .store import ClickHouseStore
from .tables import create_missing

__all__ = [
    "ABSENT_VALUES",
    "ClickHouseStore",
    "EngineError",
    "create_missing",
    "not_repeated_condition",
    "parse_address",
]

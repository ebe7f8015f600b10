"""The store on ClickHouse: one server, or a cluster that several collectors feed.

`tables` and `layout` make the tables, `event_columns` loads, `rollup_batches` counts, `dedupe` leaves out what another
collector loaded, `relations` are what charts read. `connection` is the only file that knows the driver.
"""

from .address import parse
from .connection import EngineError
from .event_columns import NOT_SAID
from .relations import not_repeated
from .store import ClickHouseStore

__all__ = ["NOT_SAID", "ClickHouseStore", "EngineError", "not_repeated", "parse"]

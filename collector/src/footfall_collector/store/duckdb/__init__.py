"""The default store: DuckDB files under DATA/store, one for the raw events of each UTC month and one for the roll-ups.

A load passes `load_batch` (from journal lines to the month files) and later `rollup_tables`; charts read `relations`.
`month_files` opens the files, which `schema_migrations` brings to the present schema. `deletion` rewrites the files of
forgotten instances, `file_exchange` swaps them in, all or none, and `quarantine` sets damaged files aside. `store` puts
these together and describes how each event is counted once. `store/opening`, `store/migration` and `operate` import
from here.
"""

from .consistency_checks import damage_sentences, gone_events, unmerged_counts
from .month_files import DatabaseFiles
from .quarantine import FOLDER as DAMAGED
from .rollup_tables import stored_columns
from .schema_migrations import SCHEMA, column_types
from .store import TOMBSTONES, DuckStore
from .stored_months import TRASH

__all__ = [
    "DAMAGED",
    "SCHEMA",
    "TOMBSTONES",
    "TRASH",
    "DatabaseFiles",
    "DuckStore",
    "column_types",
    "damage_sentences",
    "gone_events",
    "stored_columns",
    "unmerged_counts",
]

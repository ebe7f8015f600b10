"""The whole copy: tombstones, events, roll-ups."""

from collections.abc import Callable

from ..clickhouse import ClickHouseStore
from ..duckdb import DuckStore
from .copying import CopyMismatch, StoreCopy
from .source import DuckSource
from .target import ClickHouseTarget


def migrate(source: DuckStore, store: ClickHouseStore, report: Callable[[str], None]) -> list[CopyMismatch]:
    """Copy tombstones and events and bring the roll-ups up to date. Returns the differences that remain.

    Args:
        source: its whole journal is loaded, and nothing writes to it during the copy.
        store: opened with the same pepper and the same catalogues.
        report: called with a line for each step.

    Raises:
        StoreError: one of the stores can't be used; the next run continues the copy.
    """
    events = DuckSource(source.files)
    target = ClickHouseTarget(store, events.types)
    target.await_quiet()
    target.add_columns()
    # Tombstones first: a collector that starts during the copy must not load late retries of forgotten instances.
    target.add_tombstones(source.tombstones.marks)
    copy = StoreCopy(events, target, report)
    mismatches = copy.run()
    report(f"{copy.copied} events copied; counting them")
    target.update_rollups()
    return mismatches

"""Copies a DuckDB store into a ClickHouse one, so that it can be broken off and begun again, and proves the copy."""

from collections.abc import Callable

from ..clickhouse import ClickHouseStore
from ..duckdb import DuckStore
from .copying import Copy, Mismatch
from .source import Source
from .target import ClickHouseTarget


def migrate(source: DuckStore, store: ClickHouseStore, say: Callable[[str], None]) -> list[Mismatch]:
    """Copy everything: forgotten instances, events, counts. Returns what is not the same at the end.

    Args:
        source: all of its journal is loaded; nothing is written to it meanwhile.
        store: opened with the same pepper and the same catalogues.
        say: gets a line for each step.

    Raises:
        StoreError: one of them can't be used; the next run goes on from there.
    """
    events = Source(source.files)
    target = ClickHouseTarget(store, source.files.columns)
    target.await_quiet()
    # First the list: a collector that is started in between must not take the forgotten ones' late retries.
    target.forgotten(source.tombstones.marks)
    for month, names in events.left_behind().items():
        say(f"{month}: {', '.join(names)} belong to no product's catalogue any more and stay behind")
    copy = Copy(events, target, say)
    mismatches = copy.run()
    say(f"{copy.copied} events copied; counting them")
    target.count()
    return mismatches

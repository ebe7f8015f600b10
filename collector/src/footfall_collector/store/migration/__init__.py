"""Copies a DuckDB store into a ClickHouse store and proves the copy (`footfall-collector migrate`).

`copy_store` runs everything: tombstones, then events month by month (`copying`, from `source` to `target`), then the
roll-ups. `digests` are the sums that both engines must agree on; `faults` says, event by event, what differs. The copy
can be interrupted at any time; the same command continues it. Only `operate` imports from here.
"""

from .copy_store import migrate
from .copying import CopyMismatch

__all__ = ["CopyMismatch", "migrate"]

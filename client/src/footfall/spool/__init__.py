"""Events on disk: what `record()` accepted survives the process, and is read until the server has it.

A process appends to a `segment` of its own; `segments` keeps the process's segments within the spool's bounds, and
`adoption` takes over those whose process is gone. `reader` reads what is not yet acknowledged. Where the disk can't be
used, lines wait in `memory_queue`. `deletion` is what opting out and `footfall forget` call.
"""

from .deletion import delete_all, delete_unsent
from .reader import READ_BYTES, Batch
from .segment import FORMAT, HEADER, SUFFIX, Header, lock
from .spool import Spool

__all__ = [
    "FORMAT",
    "HEADER",
    "READ_BYTES",
    "SUFFIX",
    "Batch",
    "Header",
    "Spool",
    "delete_all",
    "delete_unsent",
    "lock",
]

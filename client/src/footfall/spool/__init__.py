"""Events on disk: a recorded line survives the process, and is kept until the server acknowledges it.

`spool` is the entrance. A process appends to a `segment`; `segments` keeps the process's segments within the bound of
the spool, and `adoption` takes over those whose process has ended. `reader` reads the lines that are not acknowledged
yet. Lines that the disk can't take wait in `memory_queue`. `deletion` serves opting out and `footfall forget`.
Imported by `send`, `pipeline`, `telemetry` and `cli`.
"""

from .deletion import delete_all, delete_unsent
from .reader import READ_BYTES, Batch
from .segment import FORMAT_VERSION, HEADER_BYTES, SEGMENT_SUFFIX, Header, try_lock
from .spool import Spool

__all__ = [
    "FORMAT_VERSION",
    "HEADER_BYTES",
    "READ_BYTES",
    "SEGMENT_SUFFIX",
    "Batch",
    "Header",
    "Spool",
    "delete_all",
    "delete_unsent",
    "try_lock",
]

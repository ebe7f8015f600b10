"""Events on disk: a recorded line survives the process, and is kept until the server acknowledges it.

`spool` is the entrance. A process appends to a `segment`, which begins with a `header`; `segments` keeps the process's
segments within the bound of the spool, and `adoption` takes over those whose process has ended. `reader` reads the
lines that are not acknowledged yet. Lines that the disk can't take wait in `memory_queue`. `deletion` serves opting out
and `footfall forget`. Imported by `send`, `pipeline`, `telemetry` and `cli`.
"""

from .deletion import delete_all, delete_unsent
from .header import FORMAT_VERSION, HEADER_BYTES, Header
from .reader import READ_BYTES, Batch, SpooledLines, read_segment
from .segment import SEGMENT_SUFFIX, try_lock
from .spool import Spool

__all__ = [
    "FORMAT_VERSION",
    "HEADER_BYTES",
    "READ_BYTES",
    "SEGMENT_SUFFIX",
    "Batch",
    "Header",
    "Spool",
    "SpooledLines",
    "delete_all",
    "delete_unsent",
    "read_segment",
    "try_lock",
]

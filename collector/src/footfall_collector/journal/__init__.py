"""The write-ahead log: admitted events are on disk before the 200.

`writer` is the group commit: it appends the lines of many requests to the live segment of `segments`, calls `fdatasync`
once, and notifies them. It starts with `recovery`. `line_checksum` ends every line, `segment_checksums` are of whole
segments. A line that was acknowledged is on disk; a line is complete or absent. `segment_counts` has the number of
lines that each segment must have, and `losses` what is gone; `month_counts` has what the store must have of deleted
segments. `receive` appends, `store` loads closed segments, `operate` copies and verifies them.
"""

from .damaged_lines import intact_segments, without_damaged_lines
from .line_checksum import has_valid_checksum, with_checksum
from .losses import JournalLosses, StoredEvents
from .month_counts import MONTHS_FILE, StoredCounts
from .recovery import Recovered
from .segment_checksums import SegmentChecksums
from .segment_counts import SUFFIX as COUNTS_SUFFIX
from .segments import CLOSED, FOLDER, LIVE
from .writer import Journal, JournalUnavailableError, PendingAppend

__all__ = [
    "CLOSED",
    "COUNTS_SUFFIX",
    "FOLDER",
    "LIVE",
    "MONTHS_FILE",
    "Journal",
    "JournalLosses",
    "JournalUnavailableError",
    "PendingAppend",
    "Recovered",
    "SegmentChecksums",
    "StoredCounts",
    "StoredEvents",
    "has_valid_checksum",
    "intact_segments",
    "with_checksum",
    "without_damaged_lines",
]

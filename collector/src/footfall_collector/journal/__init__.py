"""The write-ahead log: admitted events on disk, group commit with `fdatasync`, then the 200."""

from .line_checksum import has_valid_checksum, with_checksum
from .recovery import Recovered
from .segment_checksums import SegmentChecksums
from .segments import CLOSED, FOLDER, LIVE
from .writer import Journal, JournalUnavailableError

__all__ = [
    "CLOSED",
    "FOLDER",
    "LIVE",
    "Journal",
    "JournalUnavailableError",
    "Recovered",
    "SegmentChecksums",
    "has_valid_checksum",
    "with_checksum",
]

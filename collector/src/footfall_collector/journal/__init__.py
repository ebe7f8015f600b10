"""The write-ahead log: admitted events on disk, group commit with `fdatasync`, then the 200."""

from .checksum import intact, sealed
from .writer import Journal, JournalUnavailableError

__all__ = ["Journal", "JournalUnavailableError", "intact", "sealed"]

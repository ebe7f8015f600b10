"""The write-ahead log: admitted events on disk, group commit with `fdatasync`, then the 200."""

from .checksum import intact, sealed
from .recovery import Recovered
from .sums import Sums
from .writer import Journal, JournalUnavailableError

FOLDER = "journal"
"""Its place in the data directory."""

__all__ = ["FOLDER", "Journal", "JournalUnavailableError", "Recovered", "Sums", "intact", "sealed"]

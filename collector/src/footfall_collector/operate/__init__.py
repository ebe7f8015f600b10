"""What an operator does to a data directory: verify, back up, restore, forget, migrate.

`dispatch` carries a command out through the running collector, or here while none runs; `operations` is what both do.
"""

from .dispatch import operate
from .live_report import report_command
from .operations import Operations, housekeeping
from .report_source import ReportError, asked, read

__all__ = ["Operations", "ReportError", "asked", "housekeeping", "operate", "read", "report_command"]

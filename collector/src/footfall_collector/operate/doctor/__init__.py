"""The doctor: checks a collector's settings, disk, clock, senders, store and files, and says what to do about each.

`examination` puts the checks together: those of a running collector come from itself (`live`: `arrivals` of senders,
its alarms and its store), those of a stopped one from its directory (`stopped`). `settings_check`, `data_files` and
`clocks` serve both. Nothing here changes a data directory. `live` is not exported, for it loads the store's engine,
which a command that asks a running collector need not do. Only `operate` imports this package.
"""

from .check import Check
from .examination import Examination, examine

__all__ = ["Check", "Examination", "examine"]

"""What every part of the collector needs: settings, logs, counters, durable files, a directory's lock and socket.

The lowest layer: it knows nothing about events. `settings` is the one table of settings; `status` holds the counters
that `/metrics` and the data-health page show.
"""

from .control_socket import Argument, Command, Control, ControlError, NotRunningError, ask
from .durable_files import make_directory, replace_file, sync_directory
from .instance_lock import RESTORING, DataUnusableError, lock_data
from .logs import FIELDS
from .plurals import count
from .setting_forms import WILDCARDS, meant, no_such_product, problem_of
from .settings import LOOPBACK_NAMES, PREFIX, TABLE, ProductSettings, Settings, SettingsError, read_settings
from .shared_file import SharedFile
from .status import Status
from .version import __version__

__all__ = [
    "FIELDS",
    "LOOPBACK_NAMES",
    "PREFIX",
    "RESTORING",
    "TABLE",
    "WILDCARDS",
    "Argument",
    "Command",
    "Control",
    "ControlError",
    "DataUnusableError",
    "NotRunningError",
    "ProductSettings",
    "Settings",
    "SettingsError",
    "SharedFile",
    "Status",
    "__version__",
    "ask",
    "count",
    "lock_data",
    "make_directory",
    "meant",
    "no_such_product",
    "problem_of",
    "read_settings",
    "replace_file",
    "sync_directory",
]

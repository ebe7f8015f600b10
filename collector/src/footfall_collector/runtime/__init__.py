"""What every part of the collector needs: settings, logs, counters, durable files, a directory's lock and its socket.

`settings` is the one table of settings, `setting_forms` what their texts look like, `setting_sources` reads them.
`status` holds the counters that `/metrics` and the data-health page show; `metrics` explains them,
`alarms` are the gauges on which an operator acts. The lowest layer:
nothing here knows an event, and every package may import it.
"""

from .alarms import ALARMS, Alarm, AlertEntry
from .control_socket import (
    Caller,
    Command,
    CommandArgument,
    ControlError,
    ControlSocket,
    NotRunningError,
    send_command,
    with_caller,
)
from .durable_files import (
    COPIES,
    checked_content,
    copy_path,
    has_checksum_of_content,
    make_directory,
    read_copy,
    read_regular_file,
    replace_file,
    replace_with_copy,
    sync_directory,
    with_checksum,
    write_copy,
)
from .instance_lock import RESTORE_PARTIAL, RESTORED, RESTORING, DataUnusableError, complete_restore, lock_data
from .logs import EXTRA_KEYS, printable
from .setting_forms import ALERT_RULES, OWN_PATHS, WILDCARD_HOSTS, Setting, sign_in_secret_problem
from .setting_sources import (
    VARIABLE_PREFIX,
    SettingsError,
    canonical_host,
    did_you_mean,
    read_settings,
    settings_file,
    unknown_product,
)
from .settings import COLLECTOR_SETTINGS, LOOPBACK_NAMES, ProductSettings, Settings
from .shared_file import SharedFile
from .status import Status
from .texts import choice, plain_day, quantity, utc_stamp, with_unit
from .version import __version__

__all__ = [
    "ALARMS",
    "ALERT_RULES",
    "COLLECTOR_SETTINGS",
    "COPIES",
    "EXTRA_KEYS",
    "LOOPBACK_NAMES",
    "OWN_PATHS",
    "RESTORED",
    "RESTORE_PARTIAL",
    "RESTORING",
    "VARIABLE_PREFIX",
    "WILDCARD_HOSTS",
    "Alarm",
    "AlertEntry",
    "Caller",
    "Command",
    "CommandArgument",
    "ControlError",
    "ControlSocket",
    "DataUnusableError",
    "NotRunningError",
    "ProductSettings",
    "Setting",
    "Settings",
    "SettingsError",
    "SharedFile",
    "Status",
    "__version__",
    "canonical_host",
    "checked_content",
    "choice",
    "complete_restore",
    "copy_path",
    "did_you_mean",
    "has_checksum_of_content",
    "lock_data",
    "make_directory",
    "plain_day",
    "printable",
    "quantity",
    "read_copy",
    "read_regular_file",
    "read_settings",
    "replace_file",
    "replace_with_copy",
    "send_command",
    "settings_file",
    "sign_in_secret_problem",
    "sync_directory",
    "unknown_product",
    "utc_stamp",
    "with_caller",
    "with_checksum",
    "with_unit",
    "write_copy",
]

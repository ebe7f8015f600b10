"""What an operator does to a data directory: verify, back up, restore, export, forget, migrate, report, examine.

`dispatch` runs a command in the running collector, or on the directory while none runs; `operations` are the commands
that both run. `backups` and `migrate` work next to them, `retention` removes what is too old. `live_report` and
`report_source` give the data of `report`, `doctor` examines, `posthog` provisions dashboards. Only `app` and `cli`
import this package; each name is loaded when first used, because a command that only talks to the running collector
should not pay for the stores.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backups import RestoreOptions, atomic_directory, back_up, restore_backup
    from .dispatch import run_command
    from .doctor import Check, examine
    from .doctor.live import ExaminedCollector, examine_command
    from .live_report import report_command
    from .migrate import migrate_store
    from .operations import StoreOperations, hourly_cleanup
    from .report_source import ReportError, fetch_report, report_from_files
    from .retention import Retention, TrustedTime

__all__ = [
    "Check",
    "ExaminedCollector",
    "ReportError",
    "RestoreOptions",
    "Retention",
    "StoreOperations",
    "TrustedTime",
    "atomic_directory",
    "back_up",
    "examine",
    "examine_command",
    "fetch_report",
    "hourly_cleanup",
    "migrate_store",
    "report_command",
    "report_from_files",
    "restore_backup",
    "run_command",
]

# A function has not the name of a module: once loaded, the module is what the package gives.
_MODULES = {
    "Check": "doctor",
    "ExaminedCollector": "doctor.live",
    "ReportError": "report_source",
    "RestoreOptions": "backups",
    "Retention": "retention",
    "StoreOperations": "operations",
    "TrustedTime": "retention",
    "atomic_directory": "backups",
    "back_up": "backups",
    "examine": "doctor",
    "examine_command": "doctor.live",
    "fetch_report": "report_source",
    "hourly_cleanup": "operations",
    "migrate_store": "migrate",
    "report_command": "live_report",
    "report_from_files": "report_source",
    "restore_backup": "backups",
    "run_command": "dispatch",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)

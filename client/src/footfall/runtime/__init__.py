"""The process around telemetry: its clock, counters, private directory, log lines, forks and exit.

The lowest layer: every package may use it, and it knows nothing about events.

`clock` tells a time that no clock jump disturbs, `counters` counts what is sent and dropped. `state_directory` makes
the private directory and writes small files whole, `private_files` opens only what no other user can have written,
`descriptor` and `own_socket` use a remembered number only while it is still ours. `wakeup` wakes the background
thread, `fork_safe_log` keeps its log lines whole across a fork, and `exit_hooks` calls back when the process ends,
after which the host's own handlers run.
"""

from .clock import Clock, SystemClock, clock_shift
from .counters import DROP_REASONS, NOTES, Counters
from .descriptor import AppendFile, Descriptor
from .exit_hooks import EXIT_HOOKS, EXIT_SECONDS
from .fork_safe_log import FORK_SAFE_LOG
from .private_files import (
    TEMPORARY_PREFIX,
    NotPrivateError,
    check_private_directory,
    make_private_directory,
    open_private_file,
    read_private_file,
    unlink_quietly,
    write_temporary_file,
)
from .state_directory import StateDirectory, open_state_directory, read_json, write_json, write_problem
from .wakeup import Wakeup

__all__ = [
    "DROP_REASONS",
    "EXIT_HOOKS",
    "EXIT_SECONDS",
    "FORK_SAFE_LOG",
    "NOTES",
    "TEMPORARY_PREFIX",
    "AppendFile",
    "Clock",
    "Counters",
    "Descriptor",
    "NotPrivateError",
    "StateDirectory",
    "SystemClock",
    "Wakeup",
    "check_private_directory",
    "clock_shift",
    "make_private_directory",
    "open_private_file",
    "open_state_directory",
    "read_json",
    "read_private_file",
    "unlink_quietly",
    "write_json",
    "write_problem",
    "write_temporary_file",
]

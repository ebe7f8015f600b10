"""The process around telemetry: its clock, counters, private directory, log lines, forks and exit.

The lowest layer: every package may use it, and it knows nothing about events.

`clock` tells a time that no clock jump disturbs, `counters` counts what is sent and dropped, `state_directory` makes
the private directory and writes small files whole. `wakeup` wakes the background thread, `fork_safe_log` keeps its log
lines whole across a fork, and `exit_hooks` calls back when the process ends, after which the host's own handlers run.
"""

from .clock import Clock, SystemClock, clock_shift
from .counters import DROP_REASONS, NOTES, Counters
from .exit_hooks import EXIT_HOOKS, EXIT_SECONDS
from .fork_safe_log import FORK_SAFE_LOG
from .state_directory import (
    StateDirectory,
    make_private_directory,
    open_state_directory,
    read_json,
    unlink_quietly,
    write_json,
    write_problem,
)
from .wakeup import Wakeup

__all__ = [
    "DROP_REASONS",
    "EXIT_HOOKS",
    "EXIT_SECONDS",
    "FORK_SAFE_LOG",
    "NOTES",
    "Clock",
    "Counters",
    "StateDirectory",
    "SystemClock",
    "Wakeup",
    "clock_shift",
    "make_private_directory",
    "open_state_directory",
    "read_json",
    "unlink_quietly",
    "write_json",
    "write_problem",
]

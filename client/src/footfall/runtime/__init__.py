"""What this process offers to telemetry: a clock, counters, a private directory, a thread's wake-up, and its end.

The lowest layer: it knows nothing about events. `exit_hooks` chains the host's signal handlers, `fork_safe_log` keeps
a fork from happening in the middle of a log line.
"""

from .clock import Clock, Timer, shift
from .counters import DROP_REASONS, Counters
from .exit_hooks import Lifecycle
from .fork_safe_log import VOICE
from .state_directory import StateDirectory, make_private, obstacle, open_state_directory, read_json, write_json
from .wakeup import Wakeup

__all__ = [
    "DROP_REASONS",
    "VOICE",
    "Clock",
    "Counters",
    "Lifecycle",
    "StateDirectory",
    "Timer",
    "Wakeup",
    "make_private",
    "obstacle",
    "open_state_directory",
    "read_json",
    "shift",
    "write_json",
]

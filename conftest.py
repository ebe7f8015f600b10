"""Shared by all tests: longer time limits on a busy machine, and a terminal's signals."""

import signal

from hypothesis import HealthCheck, settings

# On a busy machine an example may take long without anything being wrong.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")

# Programs inherit which signals are ignored, and `nohup` and a shell's background jobs ignore those of a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

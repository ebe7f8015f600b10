"""Runs inside a Python process under test: on SIGUSR1 it reports the threads and loaded modules.

Python imports a module of this name at its start where PYTHONPATH leads to it. See tests/support/observed.py.
"""

import json
import os
import signal
import sys
import threading


def _say(*_: object) -> None:
    threads = sorted({thread.name.rstrip("-0123456789") for thread in threading.enumerate()})
    said = {"threads": threads, "known": threading.active_count(), "modules": sorted(sys.modules)}
    path = os.environ["SAID_INSIDE"]
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(said, file)
    os.replace(f"{path}.new", path)


signal.signal(signal.SIGUSR1, _say)

"""Telemetry objects that are closed, used again, dropped or many: `python lifetimes.py KIND`.

again: records, closes, records, and says whether a flush after that succeeds.
successor: closes one while the server is down; at a line, another one of the same state directory records.
serving: at each line, records one event; says `recorded`.
dropped: 300 that serve and record are dropped without a `close`.
closed: the same with a `close`.
crowd: 1,200 serve, and stay.
"""

import gc
import os
import signal
import sys
import threading
import weakref
from typing import Any, cast

from recording_host import ready, telemetry

from footfall import Telemetry
from footfall.catalogue import ToolExecuted


def record(host: Telemetry, tool: int) -> None:
    host.record(ToolExecuted(tool=f"t{tool}", success=True, duration_ms=1.0))


def again() -> None:
    host = telemetry()
    host.server_started()
    for tool in range(3):
        record(host, tool)
        host.close()
    print("flushed", host.flush(20), flush=True)
    record(host, 3)
    sys.stdin.read()


def successor() -> None:
    first = telemetry()
    record(first, 0)
    first.close()
    ready()
    sys.stdin.readline()
    second = telemetry()
    record(second, 1)
    print("flushed", second.flush(20), flush=True)
    record(first, 2)
    sys.stdin.read()


def serving() -> None:
    host = telemetry()
    host.server_started()
    ready()
    for number, _ in enumerate(sys.stdin):
        record(host, number)
        print("recorded", flush=True)


def many(close: bool) -> None:
    gone = []
    for number in range(300):
        host = telemetry()
        host.server_started()
        record(host, number)
        if close:
            host.close()
        gone.append(weakref.ref(host._pipeline))
        del host
    while True:
        gc.collect()
        left = sum(reference() is not None for reference in gone)
        state = sum("spool" in file or "socket" in file for file in map(_open_file, os.listdir("/proc/self/fd")))
        print(f"left {left} {threading.active_count() - 1} {state} {handlers()}", flush=True)
        sys.stdin.readline()


def _open_file(number: str) -> str:
    """What the descriptor refers to; empty where another thread closed it since the listing."""
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except FileNotFoundError:
        return ""


def handlers() -> int:
    """The number of handlers that SIGTERM passes through until one has no predecessor."""
    count, current = 0, cast(Any, signal.getsignal(signal.SIGTERM))
    while hasattr(current, "previous"):
        count, current = count + 1, current.previous
    return count


def crowd() -> None:
    hosts = [telemetry() for _ in range(1200)]
    for host in hosts:
        host.rearm_signals()
    hosts[0].server_started()
    ready()
    threading.Event().wait()


{
    "again": again,
    "successor": successor,
    "serving": serving,
    "dropped": lambda: many(close=False),
    "closed": lambda: many(close=True),
    "crowd": crowd,
}[sys.argv[1]]()

"""Records in several processes, started in some way: `python processes.py KIND`.

children: a forked child that exits normally and one that calls os._exit, while parent and children record.
nested: a fork of a fork.
orphan: at a line, a child that outlives its parent until its input ends, and has recorded nothing.
midway: at a line, a child that records and exits normally, as its parent does after it.
storm: forty forks in the first moments, while the parent's thread imports, opens and sends; each child records.
fork, spawn, forkserver: four workers of multiprocessing.
"""

import multiprocessing
import os
import sys
import threading

from recording_host import TOOLS, telemetry

from footfall.catalogue import ToolExecuted

EACH = 100
host = telemetry()


def record(tool: int) -> None:
    """Record EACH events of one tool."""
    for _ in range(EACH):
        host.record(ToolExecuted(tool=TOOLS[tool], success=True, duration_ms=1.0))


def children() -> None:
    record(0)
    for tool, end in ((1, sys.exit), (2, os._exit)):
        if os.fork() == 0:
            record(tool)
            end(0)
        record(0)
    for _ in range(2):
        os.wait()
    record(0)


def nested() -> None:
    record(0)
    if os.fork() == 0:
        record(1)
        if os.fork() == 0:
            record(2)
            os._exit(0)
        os.wait()
        os._exit(0)
    os.wait()
    record(3)


def orphan() -> None:
    record(0)
    sys.stdin.readline()
    if os.fork() == 0:
        print("forked", flush=True)
        sys.stdin.read()
        os._exit(0)
    os.wait()


def midway() -> None:
    record(0)
    sys.stdin.readline()
    if os.fork() == 0:
        record(1)
        sys.exit(0)
    os.wait()
    record(0)


def storm() -> None:
    pause = threading.Event()
    host.record(ToolExecuted(tool=TOOLS[0], success=True, duration_ms=1.0))
    children = []
    for number in range(40):
        pause.wait(0.001 * (number % 3))
        pid = os.fork()
        if pid == 0:
            host.record(ToolExecuted(tool=TOOLS[1], success=True, duration_ms=1.0))
            sys.exit(0 if host.flush(10) else 3)
        children.append(pid)
    codes = {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children}
    print(f"codes {codes}", flush=True)


def work(tool: int) -> int:
    record(tool)
    return tool


def workers(kind: str) -> None:
    record(0)
    with multiprocessing.get_context(kind).Pool(4) as pool:
        pool.map(work, range(1, 9), chunksize=1)
        # Leaving the block ends the workers with SIGTERM.
    record(9)


if __name__ == "__main__":
    {"children": children, "nested": nested, "orphan": orphan, "midway": midway, "storm": storm}.get(
        sys.argv[1], lambda: workers(sys.argv[1])
    )()

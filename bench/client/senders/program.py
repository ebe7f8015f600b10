"""The behaviour that all Python sender programs share, independent of their library.

python PROGRAM URL KEY latency COUNT        microseconds of a capture: bursts of 100 every 20 ms
python PROGRAM URL KEY deliver COUNT        CPU seconds and events a second until COUNT events are delivered
python PROGRAM URL KEY start                milliseconds and MiB from the import to the first delivered event
python PROGRAM URL KEY record RATE COUNT    a dot for each event given to the library; then `shutdown` at a line's order
python PROGRAM URL KEY nothing              the next start: nothing but the library's own leavings
"""

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

BURST = 100


class Library(Protocol):
    """A telemetry library, as an application uses it."""

    def capture(self) -> object:
        """Record one tool call."""

    def flush(self) -> object:
        """Send what waits, and wait until it is delivered."""

    def shutdown(self) -> object:
        """The end of the application."""


def main(make: Callable[[str, str], Library]) -> None:
    """Do what the command line says; `make(url, key)` imports the library and makes it ready."""
    url, key, mode, *rest = sys.argv[1:]
    if mode == "start":
        print(json.dumps(start(lambda: make(url, key))))
        return
    library = make(url, key)
    if mode == "latency":
        print(json.dumps(latency(library, int(rest[0]))))
    elif mode == "deliver":
        print(json.dumps(deliver(library, int(rest[0]))))
    elif mode == "record":
        record(library, float(rest[0]), int(rest[1]))
    elif mode == "fork":
        fork(library, int(rest[0]))
    else:
        library.flush()
        library.shutdown()


def resident() -> float:
    """MiB of memory in use."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def cpu() -> float:
    """Seconds of CPU so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def start(make: Callable[[], Library]) -> dict[str, float]:
    """What a process pays that has its MCP SDK already, until its first event is delivered."""
    import mcp.server.mcpserver

    assert mcp.server.mcpserver
    before, began, modules = resident(), time.perf_counter(), len(sys.modules)
    library = make()
    library.capture()
    library.flush()
    took = (time.perf_counter() - began) * 1000
    return {"milliseconds": took, "mebibytes": resident() - before, "modules": len(sys.modules) - modules}


def latency(library: Library, count: int) -> dict[str, float]:
    """Microseconds of a capture while earlier ones are being sent."""
    library.capture()
    pause, taken = threading.Event(), []
    for _ in range(count // BURST):
        for _ in range(BURST):
            began = time.perf_counter()
            library.capture()
            taken.append(time.perf_counter() - began)
        pause.wait(0.02)
    library.flush()
    taken.sort()
    return {"p50": taken[len(taken) // 2] * 1e6, "p99": taken[len(taken) * 99 // 100] * 1e6}


def deliver(library: Library, count: int) -> dict[str, float]:
    """What delivering costs, from the first capture until all of it is acknowledged."""
    library.capture()
    library.flush()
    used, began = cpu(), time.perf_counter()
    for _ in range(count):
        library.capture()
    library.flush()
    return {"cpu": (cpu() - used) / count * 1e6, "rate": count / (time.perf_counter() - began)}


def record(library: Library, rate: float, count: int) -> None:
    """Record at a rate, a dot for each event; then wait for the order to shut down, and say how long that took."""
    pause, began, done = threading.Event(), time.perf_counter(), 0
    while done < count:
        due = min(count, int((time.perf_counter() - began) * rate) + 1)
        for _ in range(due - done):
            library.capture()
            os.write(1, b".")
        done = due
        pause.wait(min(0.01, 1 / rate))
    os.write(1, b"\n")
    sys.stdin.readline()
    began = time.perf_counter()
    library.shutdown()
    os.write(1, json.dumps({"seconds": time.perf_counter() - began}).encode() + b"\n")


def fork(library: Library, count: int) -> None:
    """Record one event, then `count` in a forked child that ends with os._exit, as workers of prefork servers do."""
    library.capture()
    if os.fork() == 0:
        for _ in range(count):
            library.capture()
        os._exit(0)
    os.wait()
    os.write(1, b"." * (count + 1) + b"\n")
    library.shutdown()

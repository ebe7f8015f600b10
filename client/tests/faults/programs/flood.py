"""Records COUNT events as fast as it can, waits for a line, then sends the rest: `python flood.py COUNT`.

It says `recorded`, `seconds S` of all, `memory MIB` that came on top of what it had after a thousand events, and
`microseconds P50 P999` of a record().
"""

import resource
import sys
import threading
import time

from recording_host import TOOLS, ledger, telemetry

from footfall.catalogue import ToolExecuted

WARM = 1000


def memory() -> float:
    """The maximum resident memory so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


host, book = telemetry(), ledger()
count = int(sys.argv[1])
book.record(host, min(WARM, count))
before, began = memory(), time.perf_counter()
book.record(host, count - WARM)
seconds = time.perf_counter() - began
grown = memory() - before
print(f"recorded\nseconds {seconds:.3f}\nmemory {grown:.1f}", flush=True)
sys.stdin.readline()
taken = []
for number in range(WARM):
    event = ToolExecuted(tool=TOOLS[number], success=True, duration_ms=12.5, mcp_client="codex")
    began = time.perf_counter()
    host.record(event)
    taken.append(time.perf_counter() - began)
    book.numbers[0] += 1
    book.numbers[1] += 1
taken.sort()
print(f"microseconds {taken[WARM // 2] * 1e6:.1f} {taken[-2] * 1e6:.1f}", flush=True)
pause = threading.Event()
while not host.flush(1):  # returns at once until the next attempt is due
    pause.wait(0.1)
print("flushed", flush=True)
sys.stdin.read()

"""Records COUNT events as fast as it can, waits for a line, then sends what is left: `python flood.py COUNT`."""

import sys
import threading
import time

from common import ledger, telemetry

host, book = telemetry(), ledger()
began = time.perf_counter()
book.record(host, int(sys.argv[1]))
print(f"recorded\nseconds {time.perf_counter() - began:.3f}", flush=True)
sys.stdin.readline()
pause = threading.Event()
while not host.flush(1):  # which returns at once as long as the next try is not due
    pause.wait(0.1)
print("flushed", flush=True)
sys.stdin.read()

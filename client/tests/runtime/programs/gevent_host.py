"""A host whose threads are greenlets, with 200 calls of ten greenlets.

python gevent_host.py END [late]

END: flush, close, exit, os._exit; or serve, until a signal ends it. With `late` telemetry runs before gevent's patch.
"""

import sys

from gevent import monkey

if "late" not in sys.argv:
    monkey.patch_all()

import os
import time

import gevent

from footfall import Product, Telemetry
from footfall.catalogue import ToolExecuted

PAUSE = 0.01


def call(telemetry: Telemetry, number: int) -> None:
    for _ in range(20):
        telemetry.record(ToolExecuted(tool=f"t{number}", success=True, duration_ms=1.0))
        gevent.sleep(0.001)


def tick(pauses: list[float]) -> None:
    """Note how long each pause really took, which is longer where something blocks all greenlets."""
    while True:
        began = time.monotonic()
        gevent.sleep(PAUSE)
        pauses.append(time.monotonic() - began - PAUSE)


def main() -> None:
    end = sys.argv[1]
    telemetry = Telemetry(Product("test-host", version="1.2.3", write_key="phc_test"))
    telemetry.register_tools(*(f"t{number}" for number in range(10)))
    telemetry.server_started()
    if "late" in sys.argv:
        telemetry.record(ToolExecuted(tool="t0", success=True, duration_ms=1.0))
        monkey.patch_all()
    pauses: list[float] = []
    gevent.spawn(tick, pauses)
    gevent.joinall([gevent.spawn(call, telemetry, number) for number in range(10)])
    print("recorded", flush=True)
    while end == "serve":
        gevent.sleep(60)
    began = time.monotonic()
    if end == "flush":
        print("flushed", telemetry.flush(1.0), flush=True)
    elif end == "close":
        telemetry.close()
    print("took", time.monotonic() - began, flush=True)
    print("blocked", max(pauses), flush=True)
    if end in ("flush", "os._exit"):
        os._exit(0)


main()

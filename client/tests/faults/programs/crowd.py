"""Records from many places at once, in one process: `python crowd.py KIND`.

threads: eight threads. tasks: a thousand async tasks. signals: a handler that interrupts recording a thousand times a
second. many_names: the same, while each new segment takes several milliseconds. finalisers: `__del__` of garbage, of
what is left at the interpreter's end, and an exit hook.
"""

import asyncio
import atexit
import gc
import signal
import sys
import threading
import time
from types import FrameType

from recording_host import TOOLS, telemetry

from footfall.catalogue import ToolExecuted

host = telemetry()


def record(tool: int) -> None:
    """Record one event."""
    host.record(ToolExecuted(tool=TOOLS[tool], success=True, duration_ms=1.0))


def threads() -> None:
    def record_often(tool: int) -> None:
        for _ in range(1000):
            record(tool)

    crowd = [threading.Thread(target=record_often, args=(n,)) for n in range(8)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()


def tasks() -> None:
    async def one(number: int) -> None:
        for _ in range(5):
            record(number)
            await asyncio.sleep(0)

    async def all_of_them() -> None:
        await asyncio.gather(*(one(number) for number in range(1000)))

    asyncio.run(all_of_them())


def signals() -> None:
    fired = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal fired
        fired += 1
        record(1)

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    end, recorded = time.monotonic() + 2, 0
    while time.monotonic() < end and recorded < 30_000:
        record(0)
        recorded += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(f"counts {recorded} {fired}", flush=True)


def many_names() -> None:
    # Each segment begins with all names, and these fill half of one: signals interrupt the creation of each.
    host.register_tools(*(f"tool{number}" for number in range(10_000)))
    signals()


class Dying:
    """Records when it is collected."""

    def __init__(self, tool: int) -> None:
        self.tool = tool
        self.itself = self

    def __del__(self) -> None:
        record(self.tool)


def finalisers() -> None:
    for _ in range(2000):
        Dying(0)
        record(1)
    gc.collect()
    atexit.register(record, 2)
    globals()["left"] = Dying(3)  # alive until the interpreter clears this module


kinds = {"threads": threads, "tasks": tasks, "signals": signals, "many_names": many_names, "finalisers": finalisers}
kinds[sys.argv[1]]()

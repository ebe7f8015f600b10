"""What the child programs share: the host's telemetry, and a ledger of accepted events that outlives a SIGKILL."""

import logging
import mmap
import os
import sys
import time

from footfall import Product, Telemetry
from footfall.catalogue import ToolExecuted

TOOLS = [f"t{number}" for number in range(1000)]


def telemetry() -> Telemetry:
    """The host's telemetry as the environment says, its log on stderr."""
    logging.basicConfig(level=logging.INFO, format="LOG %(name)s %(message)s", stream=sys.stderr)
    made = Telemetry(Product("test-host", version="1.2.3", write_key="phc_test"))
    made.register_tools(*TOOLS)
    return made


class Ledger:
    """Three numbers in a mapped file: events begun, events accepted, nanoseconds of the slowest record()."""

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 24)
        self.numbers = memoryview(self._memory).cast("Q")

    def record(self, telemetry: Telemetry, count: int = 1) -> None:
        """Record events that are numbered through by their tools' names."""
        numbers, clock = self.numbers, time.perf_counter_ns
        for number in range(numbers[0], numbers[0] + count):
            event = ToolExecuted(tool=TOOLS[number % 1000], success=True, duration_ms=12.5, mcp_client="claude-code")
            numbers[0] = number + 1
            began = clock()
            telemetry.record(event)
            took = clock() - began
            numbers[1] = number + 1
            numbers[2] = max(numbers[2], took)


def ledger() -> Ledger:
    """The ledger that the test made for this process."""
    return Ledger(os.environ["LEDGER"])


def ready() -> None:
    """Tell the test that the program runs."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()

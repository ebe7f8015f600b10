"""Shared by the child programs: the host's telemetry, and a ledger of accepted events that survives a SIGKILL."""

import errno
import logging
import mmap
import os
import sys
import threading
import time
from typing import Any

from footfall import Product, Telemetry
from footfall.catalogue import ToolExecuted
from footfall.runtime import descriptor, private_files, state_directory
from footfall.send import sent_log
from footfall.spool import segment

TOOLS = [f"t{number}" for number in range(1000)]


def telemetry() -> Telemetry:
    """The host's telemetry, configured by the environment, with its log on stderr."""
    logging.basicConfig(level=logging.INFO, format="LOG %(name)s %(message)s", stream=sys.stderr)
    inject()
    configured = Telemetry(Product("test-host", version="1.2.3", write_key="phc_test"))
    configured.register_tools(*TOOLS)
    return configured


class Ledger:
    """Three numbers in a mapped file: events begun, events accepted, nanoseconds of the slowest record()."""

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 24)
        self.numbers = memoryview(self._memory).cast("Q")

    def record(self, telemetry: Telemetry, count: int = 1) -> None:
        """Record events that are numbered by their tools' names."""
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
    """The ledger that the test created for this process."""
    return Ledger(os.environ["LEDGER"])


def ready() -> None:
    """Tell the test that the program runs."""
    os.write(1, b"ready\n")  # re-entrant, unlike print


class FaultyFiles:
    """Replaces `os` in the client's modules: an injected file layer, for faults that the kernel can't produce.

    While the file FAULT exists: writing fails with the error that INJECT names, or takes 20 ms where it is SLOW.
    """

    def __init__(self, kind: str, switch: str) -> None:
        self._kind = kind
        self._switch = switch
        self._pause = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _fault(self) -> None:
        if not os.path.exists(self._switch):
            return
        if self._kind == "SLOW":
            self._pause.wait(0.02)
            return
        number = getattr(errno, self._kind)
        raise OSError(number, os.strerror(number))

    def write(self, descriptor: int, data: bytes) -> int:
        self._fault()
        return os.write(descriptor, data)

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        self._fault()
        return os.pwrite(descriptor, data, offset)

    def open(self, path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            self._fault()
        return os.open(path, flags, mode)


class NoLocks:
    """Replaces `fcntl`, as on a file system without locks."""

    LOCK_EX = LOCK_NB = 0

    def flock(self, descriptor: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")


def inject() -> None:
    """Install the injected file layer, if the test requests one."""
    kind = os.environ.get("INJECT", "")
    if kind == "NOLOCKS":
        segment.fcntl = NoLocks()  # type: ignore[assignment, attr-defined] # what the client uses of it
    elif kind == "NETWORK":
        state_directory.file_system_type = lambda *_: "nfs4"
    elif kind:
        files = FaultyFiles(kind, os.environ["FAULT"])
        for module in (descriptor, private_files, segment, sent_log, state_directory):
            module.os = files  # type: ignore[attr-defined] # the point of it

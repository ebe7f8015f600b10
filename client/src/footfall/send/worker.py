"""The one background thread: runs a shipper's steps, sleeps in between, comes to rest within a bound.

Every wait here is on a bare lock. `Event` and `Condition` take locks of their own, which a signal handler that
records or closes could find taken by the very thread it interrupted.
"""

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Protocol, TypeVar

from ..runtime import Wakeup

BATCH_EVENTS = 100
SCAN_SECONDS = 60.0
LOOK_SECONDS = 10.0
"""How often the disk is looked after while sending has to wait."""
ERROR_SECONDS = 600.0
T = TypeVar("T")


class _Shipper(Protocol):
    def step(self) -> float: ...
    def drain(self) -> None: ...


class Worker:
    """Runs `shipper.step()` on one daemon thread, started when first needed.

    Args:
        shipper: its `step()` returns the seconds until the next step is worth while, inf when nothing waits; its
            `drain()` moves what waits in memory to the disk.
        flush_seconds: how long an event waits for company before it is sent.
    """

    def __init__(self, shipper: _Shipper, flush_seconds: float) -> None:
        self._shipper = shipper
        self._flush_seconds = flush_seconds
        self._wakeup = Wakeup()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._waiters: deque[threading.Lock] = deque()
        self._closing = False
        self._urgent = False
        self._resting = False
        self._backing_off = False
        self._due = False
        self._relief = False
        self._seen = 0
        self._batch = 0
        self.nothing_waits = False

    @property
    def running(self) -> bool:
        """Whether the thread exists and has not ended."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def notify(self) -> None:
        """An event was appended. Costs a tenth of a microsecond; starts the thread at the first one."""
        self._seen += 1
        self._batch += 1
        if self._resting or (self._batch >= BATCH_EVENTS and not self._backing_off):
            self._batch = 0
            self._due = True
            self._wakeup.set()
        elif self._thread is None:
            self.start()

    def relieve(self) -> None:
        """A line had to stay in memory: move it to the disk soon, whatever sending waits for."""
        self._relief = True
        self._wakeup.set()

    def start(self) -> None:
        """Start the thread unless it runs; where the interpreter is ending it can't, and the spool keeps all."""
        if self._closing or not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="footfall", daemon=True)
                self._thread.start()
        except RuntimeError:
            self._thread = None
        finally:
            self._starting.release()

    def _run(self) -> None:
        while True:
            seen, waiters = self._seen, len(self._waiters)
            self._urgent = False
            wait = self._step()
            if wait <= 0:
                continue
            self.nothing_waits = wait == float("inf")
            for _ in range(waiters):
                self._waiters.popleft().release()
            if self._closing:
                return
            if not self._urgent and not self._waiters:
                self._sleep(wait, seen)

    def _sleep(self, wait: float, seen: int) -> None:
        if wait != float("inf"):
            # Woken now and then all the same: what a sick disk left in memory moves to the disk in a step, and files
            # that somebody deleted are made again.
            self._backing_off = True
            self._pause(min(wait, LOOK_SECONDS))
            self._backing_off = False
            return
        self._resting = True
        # An event between the last look and this line did not wake anybody.
        woken = self._seen != seen or self._pause(SCAN_SECONDS)
        self._resting = False
        if woken and not self._urgent and not self._closing:
            self._pause(self._flush_seconds)

    def _pause(self, seconds: float) -> bool:
        """Wait for so long, relieving the memory meanwhile; whether a step is due before that."""
        end = monotonic() + seconds
        while self._wakeup.wait(end - monotonic()):
            if self._relief:
                self._relief = False
                self._guarded(self._shipper.drain)
            if self._due or self._urgent or self._closing:
                self._due = False
                return True
        return False

    def _step(self) -> float:
        wait = self._guarded(self._shipper.step)
        return ERROR_SECONDS if wait is None else wait

    def _guarded(self, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except Exception:  # noqa: BLE001 - an error of telemetry's own must neither end the thread nor reach the host
            return None

    def flush(self, timeout: float) -> bool:
        """Send what waits, for at most so many seconds; whether nothing waits any more."""
        self.start()
        if not self.running:
            return False
        arrived = threading.Lock()
        arrived.acquire()
        self._waiters.append(arrived)
        self._urgent = True
        self._wakeup.set()
        return arrived.acquire(timeout=max(0.0, timeout)) and self.nothing_waits

    def close(self, timeout: float) -> bool:
        """Try to send what waits, for at most so many seconds, then let the thread end; whether it ended."""
        self._closing = self._urgent = True
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        self._wakeup.set()
        try:
            thread.join(max(0.0, timeout))
        except RuntimeError:
            return False  # a signal handler interrupted its start
        return not thread.is_alive()

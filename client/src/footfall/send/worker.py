"""The one background thread: calls the shipper, sleeps in between, and ends within a bound.

Every wait here is on a bare lock. `Event` and `Condition` take locks internally, which a signal handler that records
or closes could find taken by the very thread it interrupted.
"""

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from ..runtime import Wakeup
from .shipper import BATCH_EVENTS, SCAN_SECONDS, Shipper

DISK_CHECK_SECONDS = 10.0
"""How often the disk is looked after while sending has to wait."""
ERROR_SECONDS = 600.0
T = TypeVar("T")


class Worker:
    """Calls `shipper.ship_once()` on one daemon thread, started by the first event.

    Args:
        shipper: delivers one batch per call.
        flush_seconds: how long an event waits for others before it is sent.
    """

    def __init__(self, shipper: Shipper, flush_seconds: float) -> None:
        self._shipper = shipper
        self._flush_seconds = flush_seconds
        self._wakeup = Wakeup()
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._waiters: deque[threading.Lock] = deque()
        self._closing = False
        self._flushing = False
        self._idle = False
        self._backing_off = False
        self._batch_due = False
        self._drain_due = False
        self._events = 0
        self._events_since_wakeup = 0
        self._nothing_waits = False

    @property
    def running(self) -> bool:
        """Whether the thread exists and has not ended."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def notify(self) -> None:
        """An event was appended. Takes a tenth of a microsecond; starts the thread at the first event."""
        self._events += 1
        self._events_since_wakeup += 1
        if self._idle or (self._events_since_wakeup >= BATCH_EVENTS and not self._backing_off):
            self._events_since_wakeup = 0
            self._batch_due = True
            self._wakeup.set()
        elif self._thread is None:
            self.start()

    def drain_soon(self) -> None:
        """A line had to stay in memory: move it to the disk soon, even while sending waits."""
        self._drain_due = True
        self._wakeup.set()

    def start(self) -> None:
        """Start the thread unless it runs. While the interpreter exits it can't start; the spool keeps the events."""
        if self._closing or not self._start_lock.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="footfall", daemon=True)
                self._thread.start()
        except RuntimeError:
            self._thread = None
        except Exception:  # noqa: BLE001, S110 - gevent's hub can't wait for the thread, which runs nevertheless
            pass
        finally:
            self._start_lock.release()

    def _run(self) -> None:
        while True:
            events, waiters = self._events, len(self._waiters)
            self._flushing = False
            wait = self._ship()
            if wait <= 0:
                continue
            self._nothing_waits = wait == float("inf")
            for _ in range(waiters):
                self._waiters.popleft().release()
            if self._closing:
                return
            if not self._flushing and not self._waiters:
                self._sleep(wait, events)

    def _ship(self) -> float:
        wait = self._without_raising(self._shipper.ship_once)
        return ERROR_SECONDS if wait is None else wait

    def _sleep(self, wait: float, events: int) -> None:
        """Wait for the next batch. `events` is the count of events before the last call of the shipper."""
        if wait != float("inf"):
            # Woken every few seconds nonetheless: the shipper then moves lines that a failing disk left in memory to
            # the disk, and restores deleted files.
            self._backing_off = True
            self._pause(min(wait, DISK_CHECK_SECONDS))
            self._backing_off = False
            return
        self._idle = True
        # An event between the shipper's last look and the line above has not woken this thread.
        woken = self._events != events or self._pause(SCAN_SECONDS)
        self._idle = False
        if woken and not self._flushing and not self._closing:
            self._pause(self._flush_seconds)

    def _pause(self, seconds: float) -> bool:
        """Wait for `seconds`, draining memory when asked to; whether a batch is due before they are over."""
        end = monotonic() + seconds
        while self._wakeup.wait(end - monotonic()):
            if self._drain_due:
                self._drain_due = False
                self._without_raising(self._shipper.drain)
            if self._batch_due or self._flushing or self._closing:
                self._batch_due = False
                return True
        return False

    def _without_raising(self, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except Exception:  # noqa: BLE001 - an error in telemetry must neither end the thread nor reach the host
            return None

    def flush(self, timeout: float) -> bool:
        """Send all waiting events within `timeout` seconds; False if some still wait."""
        self.start()
        if not self.running:
            return False
        done = threading.Lock()
        done.acquire()
        self._waiters.append(done)
        self._flushing = True
        self._wakeup.set()
        try:
            return done.acquire(timeout=max(0.0, timeout)) and self._nothing_waits
        except Exception:  # noqa: BLE001 - as in `close`
            return False

    def close(self, timeout: float) -> bool:
        """Send waiting events for at most `timeout` seconds, then let the thread end; whether it ended."""
        self._closing = self._flushing = True
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        self._wakeup.set()
        try:
            thread.join(max(0.0, timeout))
        except Exception:  # noqa: BLE001 - the caller must not fail, and the spool keeps the events
            # A signal handler interrupted the start, or it runs where gevent refuses to wait: in its hub.
            return False
        return not thread.is_alive()

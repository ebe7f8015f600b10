"""The one background thread: calls the shipper, sleeps in between, and ends within a bound.

Every wait here is on a bare lock. `Event` and `Condition` take locks internally, which a signal handler that records
or closes could find taken by the very thread it interrupted.
"""

import contextlib
import sys
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Protocol, TypeVar

from ..runtime import Wakeup
from .shipper import BATCH_EVENTS, DUE_EVENTS, SAVE_SECONDS, SCAN_SECONDS, Shipper

DISK_CHECK_SECONDS = 10.0
"""How often the disk is looked after while sending has to wait."""
ERROR_SECONDS = 600.0
QUIET_SECONDS, MAX_BURST_SECONDS = 0.002, 0.1
"""Without an event for so long, a burst is over; and the longest that sending waits for that."""
TURN_SECONDS, TURN_CHECK_SECONDS = 2.0, 0.01
"""For so long other processes of the state directory go first where somebody waits; and how often that is checked."""
T = TypeVar("T")


class WorkerOwner(Protocol):
    """What the worker tells the pipeline."""

    def thread_starts(self) -> None:
        """A thread is about to start, on the thread that records or flushes."""

    def thread_ends(self) -> bool:
        """The thread would end now: release what only it uses. False where it has to go on."""

    def thread_failed(self, error: Exception) -> None:
        """An unexpected error on the thread, which goes on."""


class Worker:
    """Calls `shipper.ship_once()` on one daemon thread, started by the first event.

    `close` ends the thread, and a later event starts another one.

    Args:
        shipper: delivers one batch per call.
        flush_seconds: how long an event waits for others before it is sent.
        owner: is told when the thread starts, ends or fails.
    """

    def __init__(self, shipper: Shipper, flush_seconds: float, owner: WorkerOwner) -> None:
        self._shipper = shipper
        self._flush_seconds = flush_seconds
        self._owner = owner
        self._wakeup = Wakeup()
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._waiters: deque[threading.Lock] = deque()
        self._close_requests = self._close_requests_done = 0
        self._lingering = self._ended = False
        self._flushing = False
        self._idle = False
        self._backing_off = False
        self._batch_due = False
        self._drain_due = False
        self._events = 0
        self._events_since_wakeup = 0
        self._nothing_waits = False

    @property
    def _closing(self) -> bool:
        return self._close_requests != self._close_requests_done

    def notify(self) -> None:
        """An event was appended. Takes a tenth of a microsecond; starts the thread at the first event."""
        self._events += 1
        self._events_since_wakeup += 1
        if self._idle or (self._events_since_wakeup >= DUE_EVENTS and not self._backing_off):
            # Where nothing waited, this is the first event of a batch; and the thread is woken once.
            self._events_since_wakeup = int(self._idle)
            self._idle = False
            self._batch_due = True
            self._wakeup.set()
        if self._thread is None:
            self.start()

    def drain_soon(self) -> None:
        """A line had to stay in memory: move it to the disk soon, even while sending waits."""
        self._drain_due = True
        self._wakeup.set()

    def start(self) -> None:
        """Start the thread unless it runs. While the interpreter exits it doesn't start; the spool keeps the events."""
        # Before Python 3.12, starting a thread while the interpreter is torn down waits forever.
        if self._ended or sys.is_finalizing() or not self._start_lock.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                self._owner.thread_starts()
                self._thread = threading.Thread(target=self._run, name="footfall", daemon=True)
                self._thread.start()
        except RuntimeError:
            self._thread = None
        except Exception:  # noqa: BLE001, S110 - gevent's hub can't wait for the thread, which runs nevertheless
            pass
        finally:
            self._start_lock.release()

    def _run(self) -> None:
        events = self._events
        try:
            # Where Python ends no other thread can start: whoever came during the last pass waits for this one.
            while not self._pass() or (self._ended and (self._waiters or self._closing)):
                events = self._events
        finally:
            self._idle = self._backing_off = self._lingering = False
            # From here on an event starts another thread; one that was recorded during the last pass has not.
            self._thread = None
            if self._events != events or self._waiters or self._closing:
                self.start()
            if self._ended:
                self._release(len(self._waiters))

    def _pass(self) -> bool:
        """Ship once and sleep; whether the thread ends."""
        # The requests are read first: whoever waits for one became a waiter before.
        requests, waiters, events = self._close_requests, len(self._waiters), self._events
        self._flushing = False
        self._let_burst_end()
        wait = self._ship_in_turn() if waiters or requests != self._close_requests_done else self._ship()
        if wait <= 0:
            self._wait_for_more()
            return False
        self._nothing_waits = wait == float("inf")
        if requests != self._close_requests_done:
            self._close_requests_done = requests
            self._lingering = True
        ends = self._lingering and self._without_raising(self._owner.thread_ends) is not False
        self._release(waiters)
        if not ends and not self._flushing and not self._waiters and not self._closing:
            self._sleep(wait, events)
        return ends

    def _let_burst_end(self) -> None:
        """Leave the interpreter to a host that records one event after another, unless a whole batch waits.

        While this thread packs a batch, every call that records would wait for the interpreter.
        """
        began, before, end = self._events, -1, monotonic() + MAX_BURST_SECONDS
        while before != self._events < began + BATCH_EVENTS and monotonic() < end:
            if self._flushing or self._waiters or self._closing:
                return
            before = self._events
            self._pause(QUIET_SECONDS)

    def _ship(self) -> float:
        wait = self._without_raising(self._shipper.ship_once)
        return ERROR_SECONDS if wait is None else wait

    def _ship_in_turn(self) -> float:
        """Ship once; while another process sends, wait for that: the processes of a server end together."""
        end = monotonic() + TURN_SECONDS
        wait = self._ship()
        while self._shipper.others_send and monotonic() < end:
            self._wakeup.wait(TURN_CHECK_SECONDS)
            wait = self._ship()
        return wait

    def _wait_for_more(self) -> None:
        """After a batch: let the few events that were recorded meanwhile wait for others, as the first ones did."""
        end, seconds = monotonic() + self._flush_seconds, SAVE_SECONDS
        while self._few_wait():
            if self._pause(min(seconds, end - monotonic())):
                continue  # perhaps they are enough now
            if monotonic() >= end:
                return
            self._without_raising(self._shipper.save_counts)
            seconds = self._flush_seconds

    def _few_wait(self) -> bool:
        if self._flushing or self._waiters or self._closing or self._lingering:
            return False
        # Before they are counted: an event that makes a batch due from here on wakes this thread.
        self._batch_due = False
        return bool(self._without_raising(self._shipper.let_few_wait))

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
        is_due = self._events - events >= DUE_EVENTS
        if woken and not is_due and not self._flushing and not self._closing:
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
        except Exception as error:  # noqa: BLE001 - an error in telemetry must neither end the thread nor reach the host
            try:
                self._owner.thread_failed(error)
            except Exception:  # noqa: BLE001 - nor may the report of one, such as a log handler that raises
                return None
            return None

    def flush(self, timeout: float) -> bool:
        """Send all waiting events within `timeout` seconds; False if some still wait."""
        return self._wait_for_pass(self._add_waiter(), timeout) and self._nothing_waits

    def close(self, timeout: float, *, last: bool = False) -> bool:
        """Send waiting events for at most `timeout` seconds, then let the thread end; whether that was long enough.

        A later event starts a thread again, unless this is the last time, at the end of the process.
        """
        self._ended = last
        # The waiter comes first: the pass that ends the thread also releases it.
        done = self._add_waiter()
        if self.retire():
            return self._wait_for_pass(done, timeout)
        with contextlib.suppress(ValueError, IndexError):  # another thread's flush began a pass, which releases it
            self._waiters.remove(done)
        return True

    def retire(self) -> bool:
        """Let the thread end as soon as it has sent what it can, without waiting for it; whether there is one."""
        self._close_requests += 1
        if self._thread is None and self._start_lock.acquire(blocking=False):
            try:
                if self._thread is None:
                    self._close_requests_done = self._close_requests
                    self._without_raising(self._owner.thread_ends)
                    return False
            finally:
                self._start_lock.release()
        self._wakeup.set()
        return True

    def _add_waiter(self) -> threading.Lock:
        waiter = threading.Lock()
        waiter.acquire()
        self._waiters.append(waiter)
        return waiter

    def _release(self, waiters: int) -> None:
        with contextlib.suppress(IndexError):  # a `close` without a thread has taken its own back
            for _ in range(waiters):
                self._waiters.popleft().release()

    def _wait_for_pass(self, done: threading.Lock, timeout: float) -> bool:
        """Wait until the shipper has been called until it has nothing to do; whether `timeout` seconds were enough."""
        self._flushing = True
        if self._thread is None:
            self.start()
        if self._thread is None or threading.current_thread() is self._thread:
            return False  # Python ends, or a log handler of the host's calls this on the thread itself
        self._wakeup.set()
        try:
            return done.acquire(timeout=max(0.0, timeout))
        except Exception:  # noqa: BLE001 - gevent refuses to wait in its hub; the spool keeps the events
            return False

"""The life of a pipeline in its process: the start and the stop of the server, the end of the thread, and its errors.

The end of a session is not the end of the process, and neither is `close`: a later event starts everything again.
"""

import logging
import threading
from time import monotonic
from typing import Any

from ..catalogue import ServerStopped
from ..record import Recorder
from ..runtime import EXIT_HOOKS, EXIT_SECONDS, FORK_SAFE_LOG, Counters, SystemClock
from ..settings import Product
from ..spool import Spool
from .shipper import Shipper
from .wire import BatchSender
from .worker import Worker

REPEATED_SECONDS = 0.1
"""The time for sending at the end of the process where an attempt has just used up its own."""
RECENT_SECONDS = 10.0
_MAX_ERROR_KINDS = 20
log = logging.getLogger("footfall")


class Lifetime:
    """The part of a pipeline that begins and ends. The attributes are the pipeline's stages."""

    product: Product
    clock: SystemClock
    counters: Counters
    recorder: Recorder
    spool: Spool
    sender: BatchSender
    shipper: Shipper
    worker: Worker

    def begin_life(self) -> None:
        """The state of one process, which a child after a fork does not inherit."""
        self._started_at: float | None = None
        self._stopped = self._serves = self._closed = False
        self._ran_out_at = float("-inf")
        self._error_kinds: set[str] = set()
        self._life_lock = threading.RLock()
        EXIT_HOOKS.add(self)

    def captured_by(self) -> Any:
        """The capture of a test that takes the events now, if there is one: then it is its server that starts."""
        return self.recorder.capture() if self.recorder.capture is not None else None

    def watch_signals(self) -> None:
        """Put the handlers of the signals that end a server in front of all others."""
        self._serves = True
        EXIT_HOOKS.serve(self)

    def record_stopped(self) -> None:
        """Record `server_stopped` once, if the server has started."""
        if (capture := self.captured_by()) is not None:
            capture.server_stopping()
            return
        with self._life_lock:
            if self._started_at is None or self._stopped:
                return
            self._stopped = True
        self.recorder.record(ServerStopped(uptime_seconds=self.clock.elapsed() - self._started_at))

    def flush(self, timeout: float) -> bool:
        """Send all waiting events within `timeout` seconds; False if some still wait."""
        began = monotonic()
        done = self.worker.flush(timeout)
        if not done and monotonic() - began >= timeout:
            self._ran_out_at = monotonic()
        return done

    def close(self, budget_seconds: float = EXIT_SECONDS, *, last: bool = False) -> None:
        """Record that the server stops, send for at most `budget_seconds`, and let go of thread, files and handlers.

        What is left on disk waits for the next start. A later event starts all of it again, unless the process ends:
        then (`last`) what only memory has is counted as lost.
        """
        self.record_stopped()
        self._closed = True
        EXIT_HOOKS.remove(self)
        if monotonic() - self._ran_out_at < RECENT_SECONDS:
            budget_seconds = min(budget_seconds, REPEATED_SECONDS)
        self.shipper.end_grace()
        in_time = self.worker.close(budget_seconds, last=last)
        if not in_time:
            self._ran_out_at = monotonic()
            self.spool.drain()
        if self.spool.only_in_memory:
            if last:
                self._count_lost(self.spool.only_in_memory, in_time)
            else:
                EXIT_HOOKS.add(self)

    def _count_lost(self, events: int, thread_is_idle: bool) -> None:
        self.counters.drop("memory", events)
        message = "%s telemetry: %d events end with the process: they were in memory only"
        log.info(message, self.product.name, events)
        if thread_is_idle:
            self.shipper.save_counts()

    def release(self) -> None:
        """Nobody can reach the telemetry any more: as `close`, without waiting. Safe in a finaliser."""
        self.record_stopped()
        self.worker.retire()

    def thread_starts(self) -> None:
        """The worker starts. After a `close`, the end of the process has to be watched again."""
        if self._closed:
            self._closed = False
            self.shipper.end_grace(False)
            EXIT_HOOKS.serve(self) if self._serves else EXIT_HOOKS.add(self)

    def thread_ends(self) -> bool:
        """Let go of files and connection, which only the worker's thread uses; False while lines are in memory only."""
        self.spool.drain()
        if self.spool.only_in_memory:
            return False
        self.spool.close()
        self.sender.close()
        self.shipper.adopt_soon()
        return True

    def thread_failed(self, error: Exception) -> None:
        """Show an unexpected error in `footfall status`, and log it once. Its message could hold anything."""
        kind = type(error).__name__[:60]
        reason = f"an error of Footfall's own: {kind}"
        self.shipper.note_own_error(reason)
        if kind not in self._error_kinds and len(self._error_kinds) < _MAX_ERROR_KINDS:
            self._error_kinds.add(kind)
            self.log_from_worker(f"{reason}; events are kept, and it tries again later", logging.WARNING)

    def log_from_worker(self, sentence: str, level: int = logging.INFO) -> None:
        """Write a line to the log, on the worker's thread."""
        FORK_SAFE_LOG.write(lambda: log.log(level, "%s telemetry: %s", self.product.name, sentence))

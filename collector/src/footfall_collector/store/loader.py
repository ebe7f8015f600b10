"""The one thread that moves closed journal segments into the store."""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from ..journal import CLOSED, JournalLosses
from ..runtime import Status
from .interface import Store, StoreError

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

GROUP_BYTES = 64 << 20
"""Size limit of the segments in one load, so that catching up takes few transactions and little memory."""
CHECKPOINT_SECONDS = 30.0
CHECKPOINT_BYTES = 64 << 20
BEHIND_CHECKPOINT_BYTES = 128 << 20
"""The same while more segments wait: half of the work of a roll-up and a checkpoint does not depend on their size."""
HOUSEKEEPING_SECONDS = 3600.0
_MAX_PAUSE_SECONDS = 30.0


def run_recovering(store: Store, work: Callable[[], _T], recover: Callable[[], object] | None = None) -> _T:
    """Run `work`, and once more if it met a damaged file, which is then set aside. Raises StoreError or OSError."""
    try:
        return work()
    except StoreError:
        if not store.needs_recovery:
            raise
    (recover or store.recover)()
    return work()


class Loader:
    """Loads closed segments every `interval` seconds; rolls up and checkpoints every half minute or 64 MiB.

    While it is behind, that is after 128 MiB; charts read the raw events of what is not rolled up yet.

    A failure is logged once and sets the alarm `loader_failing`. The loader reopens the store and tries again, with
    growing pauses; until it succeeds, events stay in the journal. `housekeeping` is called at the start and every hour.
    All other writes to the store go through `run_between_loads`, so that one thread does them all.
    """

    def __init__(
        self,
        store: Store,
        journal_dir: Path,
        status: Status,
        interval: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
        housekeeping: Callable[[], object] = lambda: None,
        losses: JournalLosses | None = None,
    ) -> None:
        self._store, self._journal, self._status = store, journal_dir, status
        self._interval, self._clock = interval, clock
        self._loaded: dict[str, int] = {}
        self._checkpoint_at = clock()
        self.losses, self._losses_at = losses or JournalLosses(journal_dir, status), float("-inf")
        self._housekeeping, self._housekeeping_at = housekeeping, float("-inf")
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="footfall-loader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Load the closed segments, checkpoint, and end the thread. Safe to call twice."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def run_between_loads(self, work: Callable[[], _T]) -> _T:
        """Run `work` on the loader's thread between two loads; returns its result or raises its StoreError or OSError.

        If the loader was never started, `work` runs on the caller's thread.
        """
        if self._thread.ident is None:
            return self.run_recovering(work)
        future: Future[_T] = Future()

        def job() -> None:
            try:
                future.set_result(self.run_recovering(work))
            except (StoreError, OSError) as error:
                # The alarm makes the loader reopen the store before its next load.
                self._status.set_gauge("loader_failing", 1)
                future.set_exception(error)

        self._jobs.put(job)
        self._wake.set()
        while True:
            try:
                return future.result(timeout=1.0)
            except TimeoutError:
                if not future.done() and not self._thread.is_alive():
                    raise StoreError("the collector is stopping; try again once it runs") from None
                if future.done():
                    raise

    def run_recovering(self, work: Callable[[], _T]) -> _T:
        """Run `work`, and once more if it met a damaged file, which is then set aside. Raises StoreError or OSError."""
        return run_recovering(self._store, work, self._recover)

    def _recover(self) -> None:
        self._store.recover()
        # A write-ahead log may have been lost: the store skips the segments that it still has.
        self._loaded = {}

    def run_once(self) -> int:
        """Load every closed segment; returns the number of new events. Raises StoreError or OSError."""
        events = 0
        scanned_at = time.time()
        group = self._next_group()
        while group:
            loaded = self._store.load([self._journal / name for name in group])
            self.losses.note_loaded(self._store.loaded_with)
            self._loaded |= group
            events += loaded.new_events
            for product, n in loaded.new.items():
                self._status.increment("events_stored", product, n=n)
            for product, n in loaded.repeated.items():
                self._status.increment("events_known", product, n=n)
            scanned_at = time.time()
            group = self._next_group()
            if sum(self._loaded.values()) >= (BEHIND_CHECKPOINT_BYTES if group else CHECKPOINT_BYTES):
                self.checkpoint()
        self._status.set_gauge("loader_current_timestamp_seconds", scanned_at)
        if self._clock() - self._losses_at >= CHECKPOINT_SECONDS:
            self.note_missing()
        if self._loaded and self._clock() - self._checkpoint_at >= CHECKPOINT_SECONDS:
            self.checkpoint()
        self._status.set_gauge("journal_waiting_bytes", 0)
        return events

    def note_missing(self) -> None:
        """Note segments that are gone before they were loaded. Raises StoreError."""
        self.losses.note_missing(self._loaded, self._store.loaded_with)
        self._losses_at = self._clock()

    def checkpoint(self) -> None:
        """Roll up, checkpoint the store, and delete the segments that it has loaded."""
        self._store.roll_up()
        self._store.checkpoint()
        self._checkpoint_at = self._clock()
        self.losses.finish(self._loaded)
        for name in self._loaded:
            (self._journal / name).unlink(missing_ok=True)
        self._store.forget_segments(tuple(self._loaded))
        self._loaded = {}

    def _next_group(self) -> dict[str, int]:
        """Name to size of the oldest closed segments that are not loaded yet, up to `GROUP_BYTES` in total."""
        if not self._journal.exists():
            return {}  # the journal's next segment makes it again
        with os.scandir(self._journal) as entries:
            waiting = {
                entry.name: entry.stat().st_size
                for entry in entries
                if entry.name.endswith(CLOSED) and entry.name not in self._loaded and entry.is_file()
            }
        self._status.set_gauge("journal_waiting_bytes", sum(waiting.values()))
        group: dict[str, int] = {}
        for name in sorted(waiting):
            if group and sum(group.values()) + waiting[name] > GROUP_BYTES:
                break
            group[name] = waiting[name]
        return group

    def _run(self) -> None:
        try:
            self._work()
        finally:
            # An unexpected error ends the thread. Without this, a dead loader would look like an idle one.
            if not self._stopping:
                self._status.set_gauge("loader_failing", 1)

    def _work(self) -> None:
        # If the roll-ups were lost or the last process ended before them, charts read raw events until this is done.
        self._try(self._store.roll_up)
        pause = self._interval
        while not self._stopping:
            pause = self._interval if self._try(self.run_once) else min(max(pause * 2, 1.0), _MAX_PAUSE_SECONDS)
            if self._clock() - self._housekeeping_at >= HOUSEKEEPING_SECONDS:
                self._housekeeping_at = self._clock()
                self._try(self._housekeeping)
            self._wake.wait(pause)
            self._wake.clear()
            self._do_jobs()
        if self._try(self.run_once):
            self._try(self.checkpoint)
        self._do_jobs()

    def _do_jobs(self) -> None:
        while True:
            try:
                self._jobs.get_nowait()()
            except queue.Empty:
                return

    def _try(self, work: Callable[[], object]) -> bool:
        try:
            if self._status.gauge("loader_failing") or self._store.needs_recovery:
                self._recover()
            work()
        except (StoreError, OSError) as error:
            # By class only: an engine's message may quote stored values.
            if not self._status.gauge("loader_failing"):
                _log.error("loader: %s; events wait in the journal", type(error.__cause__ or error).__name__)
            self._status.set_gauge("loader_failing", 1)
            self._status.increment("loader_failures")
            return False
        self._status.set_gauge("loader_failing", 0)
        return True

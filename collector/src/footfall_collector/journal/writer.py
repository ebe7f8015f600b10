"""Group commit: many requests wait, one thread appends their lines and syncs once, then all of them go on."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ..runtime import Status, make_directory
from .recovery import Recovered, recover
from .segment_checksums import SegmentChecksums
from .segments import CLOSED, LiveSegment, probe, segment_path

_log = logging.getLogger(__name__)

_PROBE_LEAST, _PROBE_MOST = 64 << 10, 4 << 20
_RETRY_SECONDS = 1.0


class JournalUnavailableError(Exception):
    """The lines are not on disk and won't be; the sender has to try again later."""


Done = Callable[[JournalUnavailableError | None], None]
"""What is called, on the loop, once lines are on disk (None) or are not and won't be."""

_Waiting = tuple[asyncio.AbstractEventLoop, Done, bytes]


class Journal:
    """The write-ahead log of admitted events.

    `append` returns once the lines are synced. A segment is closed for the loader when it is `segment_seconds` old or
    has `segment_bytes`. When the disk can't be written every waiting `append` raises, the alarm `journal_failing` is
    set, and the next `append` tries again: nothing has to be restarted. Where none comes, because a load balancer
    heeds the alarm, a probe of the refused size is tried every second, and ends the alarm once it can be written.

    Attributes:
        recovered: what `start` found, None before it.
        checksums: checksums of the segments that it has closed.
    """

    def __init__(
        self, directory: Path, status: Status, *, segment_bytes: int = 32 << 20, segment_seconds: float = 1.0
    ) -> None:
        self._directory = directory
        self._status = status
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._condition = threading.Condition()
        # Only the loop's thread touches what has gathered.
        self._gathered: list[_Waiting] = []
        self._waiting: list[_Waiting] = []
        self._closing = False
        self._sequence = 0
        self._segment: LiveSegment | None = None
        self._finished: list[LiveSegment] = []
        self._due: float | None = None
        self._refused_bytes = 0
        self._retry: float | None = None
        self.recovered: Recovered | None = None
        self.checksums = SegmentChecksums()
        self._thread = threading.Thread(target=self._run, name="footfall-journal", daemon=True)

    def start(self) -> None:
        """Recover what an earlier process left, then begin. Raises OSError when the directory can't be used."""
        make_directory(self._directory)
        recovered = self.recovered = recover(self._directory)
        if recovered.cut_bytes:
            _log.warning("journal: cut %d bytes of torn lines, kept %d lines", recovered.cut_bytes, recovered.lines)
        self._sequence = recovered.next_sequence
        self._segment = LiveSegment(self._directory, self._sequence)
        self._status.set_gauge("journal_failing", 0)
        self._thread.start()

    async def append(self, lines: bytes) -> None:
        """Wait until these whole lines are on disk. Raises JournalUnavailableError when they are not."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(error: JournalUnavailableError | None) -> None:
            if future.done():
                return  # whoever waited was given up meanwhile
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self.begin(lines, done)
        await future

    def begin(self, lines: bytes, done: Done) -> None:
        """The same for who is told: to be called on the loop, as `done` will be, once and later."""
        loop = asyncio.get_running_loop()
        if not self._gathered:
            # What the loop has read by now is handled before this is called: one group, and the thread is woken once.
            loop.call_soon(self._hand_over)
        self._gathered.append((loop, done, lines))

    def _hand_over(self) -> None:
        """Give the thread what has gathered on the loop."""
        group, self._gathered = self._gathered, []
        with self._condition:
            closing = self._closing
            if not closing:
                self._waiting += group
                self._condition.notify()
        if closing:
            _tell(group, JournalUnavailableError("the collector is stopping"))

    def close(self) -> None:
        """Write what waits, close the live segment, end the thread. Safe to call twice."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join()
        if self._segment is not None:
            self._segment.release()
            self._segment = None

    def _run(self) -> None:
        try:
            self._work()
        finally:
            # An error that nobody foresaw ends the thread: whoever waits must not take that for a slow disk.
            if not self._closing:
                self._status.set_gauge("journal_failing", 1)
                self._refuse_all()

    def _work(self) -> None:
        while True:
            with self._condition:
                if not self._waiting and not self._closing:
                    self._condition.wait(self._seconds_to_wait())
                group, self._waiting = self._waiting, []
                closing = self._closing
            if group:
                self._commit(group)
            if closing or (self._due is not None and time.monotonic() >= self._due):
                self._rotate()
            if closing and not group:
                break
            if self._retry is not None and time.monotonic() >= self._retry:
                self._try_again()

    def _seconds_to_wait(self) -> float | None:
        """Until the next thing that has to be done without a request; None where there is none."""
        moments = [moment for moment in (self._due, self._retry) if moment is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _commit(self, group: list[_Waiting]) -> None:
        error: JournalUnavailableError | None = None
        try:
            self._write(b"".join([lines for _, _, lines in group]))
            self._works()
        except (OSError, MemoryError) as problem:
            error = JournalUnavailableError("the journal can't be written")
            self._refused_bytes = max(self._refused_bytes, *(len(lines) for _, _, lines in group))
            self._failed(problem)
        except BaseException:
            # The thread ends of it, and `_run` refuses whoever waits: these too.
            with self._condition:
                self._waiting[:0] = group
            raise
        loop = group[0][0]
        # The loop is gone where requests outlived the time to drain: nobody waits any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell, group, error)

    def _write(self, lines: bytes) -> None:
        if self._segment is None or self._segment.broken:
            self._next_segment()
        segment = self._segment
        assert segment is not None
        segment.append(lines)
        if self._due is None:
            self._due = time.monotonic() + self._segment_seconds
        if segment.size >= self._segment_bytes:
            self._due = 0.0
        self._status.set_gauge("journal_live_bytes", segment.size)

    def _rotate(self) -> None:
        """Close the live segment if it holds anything. What goes wrong is tried again a little later."""
        try:
            if self._segment is not None and self._segment.size:
                self._next_segment()
            self._close_finished()
            self._due = None
        except OSError as problem:
            self._failed(problem)
            self._due = time.monotonic() + _RETRY_SECONDS

    def _next_segment(self) -> None:
        """Create the next segment before the one before it is closed: the highest number is always on disk."""
        fresh = LiveSegment(self._directory, self._sequence + 1)
        self._sequence += 1
        if self._segment is not None:
            self._finished.append(self._segment)
        self._segment = fresh

    def _close_finished(self) -> None:
        while self._finished:
            segment = self._finished[0]
            # Before it can be loaded.
            self.checksums.add(
                segment_path(self._directory, segment.sequence, CLOSED).name, segment.size, segment.checksum
            )
            segment.close()
            del self._finished[0]
            self._status.increment("journal_segments")

    def _try_again(self) -> None:
        """See whether what was refused would be written now."""
        self._retry = time.monotonic() + _RETRY_SECONDS
        try:
            if self._segment is None or self._segment.broken:
                self._next_segment()
            probe(self._directory, min(max(self._refused_bytes, _PROBE_LEAST), _PROBE_MOST))
        except OSError:
            return
        self._works()

    def _works(self) -> None:
        if self._retry is not None:
            _log.warning("journal: can be written again")
        self._retry, self._refused_bytes = None, 0
        self._status.set_gauge("journal_failing", 0)

    def _refuse_all(self) -> None:
        with self._condition:
            self._closing = True
            group, self._waiting = self._waiting, []
        if group:
            error = JournalUnavailableError("the journal ended; restart the collector")
            with contextlib.suppress(RuntimeError):
                group[0][0].call_soon_threadsafe(_tell, group, error)

    def _failed(self, problem: OSError | MemoryError) -> None:
        if not self._status.gauge("journal_failing"):
            reason = problem.strerror if isinstance(problem, OSError) else "out of memory"
            _log.error("journal: can't write (%s); requests get 503 until it can", reason)
        self._status.set_gauge("journal_failing", 1)
        self._status.increment("journal_failures")
        if self._retry is None:
            self._retry = time.monotonic() + _RETRY_SECONDS


def _tell(group: list[_Waiting], error: JournalUnavailableError | None) -> None:
    for _, done, _ in group:
        try:
            done(error)
        except Exception as problem:  # noqa: BLE001 -- one that can't be told must not keep it from the others
            _log.error("journal: a request was not told that it is done (%s)", type(problem).__name__)

"""Group commit: one thread appends the lines of many waiting requests, syncs once, then notifies all of them."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from ..runtime import Status, make_directory
from .losses import JournalLosses
from .recovery import Recovered, recover
from .segment_checksums import SegmentChecksums
from .segment_counts import SegmentCount, SegmentCounts
from .segments import CLOSED, LiveSegment, probe, segment_path

_log = logging.getLogger(__name__)

_MIN_PROBE_BYTES, _MAX_PROBE_BYTES = 64 << 10, 4 << 20
_RETRY_SECONDS = 1.0
_GROUP_SECONDS = 0.004
"""Between two groups at least. Where many requests come, one group of all that comes meanwhile takes a sixth less of
the processor than several small ones; where few come, none waits."""


class JournalUnavailableError(Exception):
    """The lines are not on disk and won't be; the sender must try again later."""


def _ignore(error: JournalUnavailableError | None) -> None:
    del error


class PendingAppend(msgspec.Struct, gc=False):
    """Lines of one request, `count` of them, that wait for a group commit on `loop`.

    `on_commit` is called once, on the event loop and after `begin_append` has returned: with None when the lines are on
    disk, with an error when they are not and won't be.
    """

    loop: asyncio.AbstractEventLoop
    lines: bytes
    count: int
    on_commit: Callable[[JournalUnavailableError | None], None] = _ignore


class Journal:
    """The write-ahead log of admitted events.

    `append` returns once the lines are synced. A segment is closed for the loader when it is `segment_seconds` old or
    has `segment_bytes`. When the disk can't be written every waiting `append` raises, the alarm `journal_failing` is
    set, and the next `append` tries again: no restart is needed. A load balancer that follows the alarm sends no
    requests; therefore a probe of the refused size is written every second, and ends the alarm when it succeeds.

    Attributes:
        recovered: the result of `start`, None before it.
        checksums: of the segments that were closed.
        losses: what the journal lost; the loader keeps it up to date.
    """

    def __init__(
        self, directory: Path, status: Status, *, segment_bytes: int = 32 << 20, segment_seconds: float = 1.0
    ) -> None:
        self._directory = directory
        self._status = status
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._condition = threading.Condition()
        # Appended to by the loop's thread only, and moved to `_waiting` for the journal's thread.
        self._gathered: list[PendingAppend] = []
        self._waiting: list[PendingAppend] = []
        self._closing = False
        self._next_group_at = 0.0
        self._sequence = 0
        self._segment: LiveSegment | None = None
        self._finished: list[LiveSegment] = []
        self._lines = 0
        self._rotation_due: float | None = None
        self._refused_bytes = 0
        self._probe_due: float | None = None
        self.recovered: Recovered | None = None
        self.checksums = SegmentChecksums()
        self._counts = SegmentCounts(directory)
        self.losses = JournalLosses(directory, status, self._counts, self.checksums)
        self._thread = threading.Thread(target=self._run, name="footfall-journal", daemon=True)

    def start(self) -> None:
        """Recover the segments of an earlier process, then start. Raises OSError when the directory can't be used."""
        make_directory(self._directory)
        recovered = self.recovered = recover(self._directory, self._counts)
        if recovered.cut_bytes:
            _log.warning("journal: cut %d bytes of torn lines, kept %d lines", recovered.cut_bytes, recovered.lines)
        self._sequence = recovered.next_sequence
        self._segment = LiveSegment(self._directory, self._sequence)
        self._counts.begin(self._sequence)
        self.losses.report()
        self._status.set_gauge("journal_failing", 0)
        self._thread.start()

    async def append(self, lines: bytes) -> None:
        """Wait until these whole lines are on disk. Raises JournalUnavailableError when they are not."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def committed(error: JournalUnavailableError | None) -> None:
            if future.done():
                return  # cancelled during the commit
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self.begin_append(lines, lines.count(b"\n")).on_commit = committed
        await future

    def begin_append(self, lines: bytes, count: int) -> PendingAppend:
        """The same without a coroutine, for `count` lines: the caller sets `on_commit` of the result.

        Call it on the event loop.
        """
        gathered = self._gathered
        # Once a group: Python asks the kernel for the process each time.
        loop = gathered[0].loop if gathered else asyncio.get_running_loop()
        if not gathered:
            # The loop calls this after it has handled all data read so far: one group, and one wake-up of the thread.
            wait = min(self._next_group_at - loop.time(), _GROUP_SECONDS)
            loop.call_later(max(0.0, wait), self._hand_over)
        pending = PendingAppend(loop, lines, count)
        gathered.append(pending)
        return pending

    def _hand_over(self) -> None:
        """Give the gathered lines to the journal's thread."""
        group, self._gathered = self._gathered, []
        self._next_group_at = group[0].loop.time() + _GROUP_SECONDS
        with self._condition:
            closing = self._closing
            if not closing:
                self._waiting += group
                self._condition.notify()
        if closing:
            _notify(group, JournalUnavailableError("the collector is stopping"))

    def close(self) -> None:
        """Write the waiting lines, close the live segment, end the thread. Safe to call twice."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join()
        if self._segment is not None:
            self._segment.release()
            self._segment = None
        self._counts.close()

    def _run(self) -> None:
        try:
            self._loop()
        finally:
            # An unexpected error ends the thread: waiting requests must get an answer.
            if not self._closing:
                self._status.set_gauge("journal_failing", 1)
                self._refuse_all()

    def _loop(self) -> None:
        while True:
            with self._condition:
                if not self._waiting and not self._closing:
                    self._condition.wait(self._seconds_to_wait())
                group, self._waiting = self._waiting, []
                closing = self._closing
            if group:
                self._commit(group)
            if closing or (self._rotation_due is not None and time.monotonic() >= self._rotation_due):
                self._rotate()
            if closing and not group:
                break
            if self._probe_due is not None and time.monotonic() >= self._probe_due:
                self._probe()

    def _seconds_to_wait(self) -> float | None:
        """Until the next rotation or probe; None where none is due."""
        deadlines = [deadline for deadline in (self._rotation_due, self._probe_due) if deadline is not None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _commit(self, group: list[PendingAppend]) -> None:
        error: JournalUnavailableError | None = None
        try:
            self._write(b"".join([pending.lines for pending in group]), sum([pending.count for pending in group]))
            self._set_working()
        except (OSError, MemoryError) as problem:
            error = JournalUnavailableError("the journal can't be written")
            self._refused_bytes = max(self._refused_bytes, *(len(pending.lines) for pending in group))
            self._set_failing(problem)
        except BaseException:
            # The error ends the thread, and `_run` refuses all waiting requests: these too.
            with self._condition:
                self._waiting[:0] = group
            raise
        loop = group[0].loop
        # The loop is closed where the drain time ended before the requests: nothing waits for the result.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_notify, group, error)

    def _write(self, lines: bytes, count: int) -> None:
        if self._segment is None or self._segment.broken:
            self._next_segment()
        segment = self._segment
        assert segment is not None
        segment.append(lines)
        self._lines += count
        self._counts.write_live(self._sequence, self._lines)
        if self._rotation_due is None:
            self._rotation_due = time.monotonic() + self._segment_seconds
        if segment.size >= self._segment_bytes:
            self._rotation_due = 0.0
        self._status.set_gauge("journal_live_bytes", segment.size)

    def _rotate(self) -> None:
        """Close the live segment if it is not empty. After an error it is tried again a second later."""
        try:
            if self._segment is not None and self._segment.size:
                self._next_segment()
            self._close_finished()
            self._rotation_due = None
        except OSError as problem:
            self._set_failing(problem)
            self._rotation_due = time.monotonic() + _RETRY_SECONDS

    def _next_segment(self) -> None:
        """Create the next segment before the one before it is closed: the highest number is always on disk."""
        segment = LiveSegment(self._directory, self._sequence + 1)
        if (ended := self._segment) is not None:
            if ended.size and ended.restore_name():
                _log.error("journal: segment %d was removed by something else, and is written again", ended.sequence)
            if self._lines:
                # Before the loader can see it.
                self._counts.add(SegmentCount(ended.sequence, self._lines))
            self._finished.append(ended)
        self._sequence += 1
        self._segment, self._lines = segment, 0
        self._counts.begin(self._sequence)

    def _close_finished(self) -> None:
        while self._finished:
            segment = self._finished[0]
            # Before the loader can see it.
            self.checksums.add(
                segment_path(self._directory, segment.sequence, CLOSED).name, segment.size, segment.checksum
            )
            segment.close()
            del self._finished[0]
            self._status.increment("journal_segments")

    def _probe(self) -> None:
        """Test whether lines of the refused size can be written now."""
        self._probe_due = time.monotonic() + _RETRY_SECONDS
        try:
            if self._segment is None or self._segment.broken:
                self._next_segment()
            probe(self._directory, min(max(self._refused_bytes, _MIN_PROBE_BYTES), _MAX_PROBE_BYTES))
        except OSError:
            return
        self._set_working()

    def _set_working(self) -> None:
        if self._probe_due is not None:
            _log.warning("journal: can be written again")
        self._probe_due, self._refused_bytes = None, 0
        self._status.set_gauge("journal_failing", 0)

    def _refuse_all(self) -> None:
        with self._condition:
            self._closing = True
            group, self._waiting = self._waiting, []
        if group:
            error = JournalUnavailableError("the journal ended; restart the collector")
            with contextlib.suppress(RuntimeError):
                group[0].loop.call_soon_threadsafe(_notify, group, error)

    def _set_failing(self, problem: OSError | MemoryError) -> None:
        if not self._status.gauge("journal_failing"):
            reason = problem.strerror if isinstance(problem, OSError) else "out of memory"
            _log.error("journal: can't write (%s); requests get 503 until it can", reason)
        self._status.set_gauge("journal_failing", 1)
        self._status.increment("journal_failures")
        if self._probe_due is None:
            self._probe_due = time.monotonic() + _RETRY_SECONDS


def _notify(group: list[PendingAppend], error: JournalUnavailableError | None) -> None:
    for pending in group:
        try:
            pending.on_commit(error)
        except Exception as problem:  # noqa: BLE001 -- the other requests of the group must be notified
            _log.error("journal: a request could not be answered after its commit (%s)", type(problem).__name__)

"""Crash-safe event store on disk: an appended line survives SIGKILL, and the next process adopts it.

Callers append to this process's live segment; the shipper's thread reads, acknowledges, adopts and cleans up. Where
the disk is slow, full or absent, lines wait in bounded memory and reach the disk from the shipper's thread.
"""

import threading
from collections.abc import Set as AbstractSet
from time import perf_counter
from typing import Any

import msgspec

from ..runtime import Clock, Counters
from .header import Header
from .memory_queue import MemoryQueue
from .reader import Batch, read_batch
from .segment import Segment
from .segments import Segments

LOCK_SECONDS = 0.1
SLOW_SECONDS = 0.010
STALL_SECONDS = 1.0
SLOW_IN_A_ROW = 3
"""One append over 10 ms is mostly the scheduler's fault; three in a row, or one of a second, are the disk's."""
SLOW_RETRY_SECONDS = 60.0
DRAIN_LINES = 256


class Spool:
    """The spool of one process.

    Args:
        directory: of the segments; None keeps all lines in memory.
        facts: properties that all events of this process share, kept in each segment's header. Changed by
            `set_facts` only.
        names: the registered names that events may have, kept in each segment; more may be added at any time.
        network: the directory is on a network file system: always pass through memory.

    Attributes:
        note: a sentence for `footfall status` while durability is weaker than usual, else empty.
    """

    def __init__(
        self,
        directory: str | None,
        facts: dict[str, Any],
        counters: Counters,
        clock: Clock,
        *,
        names: AbstractSet[str] = frozenset(),
        network: bool = False,
    ) -> None:
        self.note = ""
        self._facts = facts
        self._names = names
        self._directory = directory
        self._counters = counters
        self._clock = clock
        self._network = network
        self._direct = directory is not None and not network
        self._failing = self._discarding = False
        self._slow_appends = 0
        self._slow_since = 0.0
        # Re-entrant: a signal handler or a finaliser that records may interrupt an append on the same thread.
        self._lock = threading.RLock()
        self._memory = MemoryQueue()
        self._segments = Segments(directory, facts, names, counters, clock, self._lock)

    # On the caller's thread ----------------------------------------------------------------------------------

    def append(self, line: bytes) -> bool:
        """Store one line, newline included; whether it is on disk. Never raises; waits for a slow disk at most once."""
        if self._direct and (self._lock.acquire(False) or self._lock.acquire(timeout=LOCK_SECONDS)):
            try:
                start = perf_counter()
                live = self._segments.live
                if live is None or not live.append_line(line, len(self._names)):
                    self._segments.append(line, 1)
                seconds = perf_counter() - start
                if seconds > SLOW_SECONDS:
                    self._count_slow_append(seconds)
                elif self._slow_appends:
                    self._slow_appends = 0
                return True
            except OSError as error:
                # A handler that interrupts the opening of the first segment says nothing about the disk.
                if not self._segments.is_busy:
                    reason = f"the disk refused an append ({error.strerror or type(error).__name__})"
                    self._append_through_memory(reason)
                    self._failing = True
            finally:
                self._lock.release()
        if not self._discarding:
            dropped = self._memory.push(line)
            if dropped:
                self._counters.drop("overflow" if self._directory is None else "unwritable", dropped)
        return self._discarding

    def has_few(self, limit: int) -> bool:
        """Whether some lines wait, but fewer than `limit`, and this process has recorded all of them lately."""
        return 0 < self._segments.live_lines + self._memory.waiting < limit and not self._segments.sealed_lines

    @property
    def can_drain(self) -> bool:
        """Whether lines in memory would probably reach the disk now."""
        return self._directory is not None and not self._failing

    @property
    def only_in_memory(self) -> int:
        """The number of lines that are not on disk: they end with the process, or with this object."""
        return self._memory.waiting

    def _count_slow_append(self, seconds: float) -> None:
        self._slow_appends += 1
        if seconds > STALL_SECONDS or self._slow_appends >= SLOW_IN_A_ROW:
            self._append_through_memory("appends take over 10 ms")

    def _append_through_memory(self, reason: str) -> None:
        self._direct = False
        self._slow_since = self._clock.elapsed()
        self.note = f"weaker durability: {reason}; events pass through memory first"

    # On the shipper's thread ---------------------------------------------------------------------------------

    def drain(self, *, restore: bool = True) -> None:
        """Move lines from memory to disk, and append directly again once the disk has recovered.

        Files that were deleted or closed are restored unless `restore` says that this was done a moment ago.
        """
        if self._directory is None or self._discarding:
            return
        with self._lock:
            if restore:
                self._segments.restore_lost()
            self._memory.requeue()
            # Only the lines that wait now, however fast more come in: this thread must also send.
            for _ in range(0, len(self._memory), DRAIN_LINES):
                lines = self._memory.pop(DRAIN_LINES)
                start = perf_counter()
                try:
                    self._segments.append(b"".join(lines), len(lines))
                except OSError:
                    self._memory.push_front(lines)
                    self._failing = True
                    return
                if perf_counter() - start > SLOW_SECONDS:
                    self._slow_since = self._clock.elapsed()  # not recovered yet
            recovered = self._failing or self._clock.elapsed() - self._slow_since >= SLOW_RETRY_SECONDS
            self._failing = False
            if not self._direct and not self._network and recovered:
                self._direct = True
                self.note = ""

    def adopt(self) -> None:
        """Adopt the segments of processes that have ended, and drop the oldest beyond the bound."""
        self._segments.adopt()

    def peek(self, limit: int) -> Batch | None:
        """The oldest unacknowledged lines, at most `limit`; None where nothing waits."""
        while True:
            with self._lock:
                segment = self._segments.start_reading()
                if segment is None:
                    return self._peek_memory(limit)
                try:
                    self._handle_truncation(segment)
                except OSError:
                    continue  # other code closed the descriptor since
                # Determined before reading: a segment that is sealed by now has no writer, so its end is final.
                live = segment is self._segments.live
            try:
                batch = read_batch(segment, limit, self._counters, live=live)
            except OSError:
                if not segment.file.is_ours:
                    continue
                if not self._drop_unreadable(segment):
                    return self._peek_memory(limit)
                continue
            if batch is not None:
                # What this process registers since is as public as what was registered then.
                batch.tools = frozenset(self._names | segment.names)
                return batch
            if live:
                self._segments.remove_if_delivered(segment)
                return self._peek_memory(limit)
            self._segments.remove(segment)

    def _peek_memory(self, limit: int) -> Batch | None:
        """The oldest lines in memory, which are next when the disk holds none."""
        lines = [line.rstrip(b"\n") for line in self._memory.peek(limit)]
        header = Header(0, 0, self._facts, self._clock.boot_id, self._clock.boot_time)
        return Batch(None, lines, 0, header) if lines else None

    def _handle_truncation(self, segment: Segment) -> None:
        """Count the lines that another program cut out of a file, and write to that file no more."""
        lost = segment.lines_lost_by_truncation()
        if lost is not None:
            self._counters.drop("corrupt", lost)
            if segment is self._segments.live:
                self._segments.try_rotate(segment)

    def _drop_unreadable(self, segment: Segment) -> bool:
        """Drop a segment that can't be read any more; False where it is live and no other can be created."""
        with self._lock:
            if segment is self._segments.live and not self._segments.try_rotate(segment):
                return False
        self._counters.drop("corrupt", max(1, segment.lines))
        self._segments.remove(segment)
        return True

    def peek_after(self, batch: Batch, limit: int) -> Batch | None:
        """Lines that come after a batch of `peek`, without removing any; None where the batch is the last."""
        if batch.segment is None:
            window = self._peek_memory(limit)
            return msgspec.structs.replace(window, lines=window.lines[len(batch.lines) :]) if window else None
        with self._lock:
            window = self._read(batch.segment, limit)
            if window and len(window.lines) > len(batch.lines):
                return msgspec.structs.replace(window, lines=window.lines[len(batch.lines) :])
            later = (self._read(segment, limit) for segment in self._segments.after(batch.segment))
            return next((window for window in later if window), None) or self._peek_memory(limit)

    def _read(self, segment: Segment, limit: int) -> Batch | None:
        try:
            batch = read_batch(segment, limit, self._counters, live=True)
        except OSError:
            return None
        if batch is not None:
            batch.tools = frozenset(self._names | segment.names)
        return batch

    def acknowledge(self, batch: Batch) -> None:
        """The server has the batch: it is never read again."""
        if batch.segment is None:
            self._memory.acknowledge(len(batch.lines))
            return
        try:
            batch.segment.acknowledge(batch.end, len(batch.lines))
        except OSError:
            return  # sent again after a crash, under the same uuids

    def discard(self, discarding: bool) -> None:
        """While discarding, store no line; when it begins, delete all lines that wait."""
        if discarding == self._discarding:
            return
        with self._lock:
            self._discarding = discarding
            self._direct = self._directory is not None and not self._network and not discarding
            if discarding:
                self._segments.delete()
                self._memory = MemoryQueue()

    def set_facts(self, **facts: Any) -> None:
        """Add properties that all events of this process share, such as the instance, to the headers on disk."""
        with self._lock:
            self._facts.update(facts)
            for segment in self._segments.all():
                try:
                    segment.write_header()
                except OSError:
                    continue  # a process that adopts it uses its own instance ID then

    def close(self) -> None:
        """Leave unacknowledged lines on disk to the next process; without any, leave no file."""
        self.drain()
        with self._lock:
            self._segments.close()

    def abandon(self) -> None:
        """In a forked child: close the parent's files without unlocking or unlinking; this object is done."""
        for segment in self._segments.all():
            segment.close()

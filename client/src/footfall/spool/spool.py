"""Crash-safe event store on disk: what `append` took survives SIGKILL, and is adopted by the next process.

Callers append to this process's live segment; the shipper's thread reads, acknowledges, adopts and cleans up. Where
the disk is slow, full or absent, lines wait in bounded memory and reach the disk from the shipper's thread.
"""

import threading
from time import perf_counter
from typing import Any

import msgspec

from ..runtime import Counters, Timer
from .memory_queue import Backlog
from .reader import Batch, read_batch
from .segment import Header, Segment
from .segments import Shelf

LOCK_SECONDS = 0.1
SLOW_SECONDS = 0.010
STALL_SECONDS = 1.0
SLOW_IN_A_ROW = 3
"""One append over 10 ms is mostly the scheduler's doing; so many in a row, or one of a second, are the disk's."""
SLOW_RETRY_SECONDS = 60.0
DRAIN_LINES = 256


class Spool:
    """The spool of one process.

    Args:
        directory: where segments live; None keeps everything in memory.
        facts: what all events of this process share; kept in each segment's header. Changed by `set_facts` only.
        slow: pass through memory always (network file systems).

    Attributes:
        note: a sentence for `footfall status` while durability is weaker than usual, else empty.
    """

    def __init__(
        self, directory: str | None, facts: dict[str, Any], counters: Counters, clock: Timer, *, slow: bool = False
    ) -> None:
        self.note = ""
        self._facts = facts
        self._directory = directory
        self._counters = counters
        self._clock = clock
        self._network = slow
        self._direct = directory is not None and not slow
        self._failing = self._muted = False
        self._slow_row = 0
        self._slow_since = 0.0
        # Re-entrant: a signal handler or a finaliser that records may interrupt an append on the same thread.
        self._lock = threading.RLock()
        self._backlog = Backlog()
        self._shelf = Shelf(directory, facts, counters, clock, self._lock)

    # The caller's side ---------------------------------------------------------------------------------------

    def append(self, line: bytes) -> bool:
        """Keep one line, newline included; whether it is on disk. Never raises; waits for a slow disk once at most."""
        if self._direct and (self._lock.acquire(False) or self._lock.acquire(timeout=LOCK_SECONDS)):
            try:
                began = perf_counter()
                self._shelf.write(line, 1)
                took = perf_counter() - began
                if took > SLOW_SECONDS:
                    self._note_slow(took)
                elif self._slow_row:
                    self._slow_row = 0
                return True
            except OSError as error:
                self._turn_indirect(f"the disk refused an append ({error.strerror or type(error).__name__})")
                self._failing = True
            finally:
                self._lock.release()
        if not self._muted:
            dropped = self._backlog.push(line)
            if dropped:
                self._counters.drop("overflow" if self._directory is None else "unwritable", dropped)
        return self._muted

    @property
    def drainable(self) -> bool:
        """Whether lines in memory would probably reach the disk now."""
        return self._directory is not None and not self._failing

    def _note_slow(self, seconds: float) -> None:
        self._slow_row += 1
        if seconds > STALL_SECONDS or self._slow_row >= SLOW_IN_A_ROW:
            self._turn_indirect("appends take over 10 ms")

    def _turn_indirect(self, why: str) -> None:
        self._direct = False
        self._slow_since = self._clock.elapsed()
        self.note = f"weaker durability: {why}; events pass through memory first"

    # The shipper's side --------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Move lines from memory to disk, and go back to appending directly once the disk is well again."""
        if self._directory is None or self._muted:
            return
        with self._lock:
            self._shelf.restore_deleted()
            self._backlog.recall()
            # Not for ever, however fast lines come in: sending is this thread's work too.
            for _ in range(0, len(self._backlog), DRAIN_LINES):
                lines = self._backlog.take(DRAIN_LINES)
                began = perf_counter()
                try:
                    self._shelf.write(b"".join(lines), len(lines))
                except OSError:
                    self._backlog.put_back(lines)
                    self._failing = True
                    return
                if perf_counter() - began > SLOW_SECONDS:
                    self._slow_since = self._clock.elapsed()  # not well yet
            rested = self._failing or self._clock.elapsed() - self._slow_since >= SLOW_RETRY_SECONDS
            self._failing = False
            if not self._direct and not self._network and rested:
                self._direct = True
                self.note = ""

    def adopt(self) -> None:
        """Take over what other processes left when they ended, and drop the oldest of it beyond the limit."""
        self._shelf.adopt()

    def peek(self, most: int) -> Batch | None:
        """The oldest lines not yet acknowledged, at most so many; None where nothing waits."""
        while True:
            with self._lock:
                segment = self._shelf.begin()
                if segment is None:
                    return self._peek_memory(most)
                self._notice_cut(segment)
                # Asked before reading: a segment that is sealed by now has no writer, so its end is the end.
                live = segment is self._shelf.live
            try:
                batch = read_batch(segment, most, self._counters, live=live)
            except OSError:
                if not self._give_up(segment):
                    return self._peek_memory(most)
                continue
            if batch is not None:
                return batch
            if live:
                self._shelf.let_go(segment)
                return self._peek_memory(most)
            self._shelf.finish(segment)

    def _peek_memory(self, most: int) -> Batch | None:
        # Reached when the disk holds nothing: then what is in memory is next.
        lines = [line.rstrip(b"\n") for line in self._backlog.peek(most)]
        header = Header(0, 0, self._facts, self._clock.boot, self._clock.zero)
        return Batch(None, lines, 0, header) if lines else None

    def _notice_cut(self, segment: Segment) -> None:
        """Count what is gone from a file that another program cut short, and write to it no more."""
        lost = segment.was_cut()
        if lost is not None:
            self._counters.drop("corrupt", lost)
            if segment is self._shelf.live:
                self._shelf.leave(segment)

    def _give_up(self, segment: Segment) -> bool:
        """Let go of a segment that can't be read any more; False where it is the live one and has no successor."""
        with self._lock:
            if segment is self._shelf.live and not self._shelf.leave(segment):
                return False
        self._counters.drop("corrupt", max(1, segment.lines))
        self._shelf.finish(segment)
        return True

    def beyond(self, batch: Batch, most: int) -> Batch | None:
        """Lines that come after a batch of `peek`, and stay where they are; None where it is the last."""
        if batch.segment is None:
            window = self._peek_memory(most)
            return msgspec.structs.replace(window, lines=window.lines[len(batch.lines) :]) if window else None
        with self._lock:
            window = self._read(batch.segment, most)
            if window and len(window.lines) > len(batch.lines):
                return msgspec.structs.replace(window, lines=window.lines[len(batch.lines) :])
            later = (self._read(segment, most) for segment in self._shelf.after(batch.segment))
            return next((found for found in later if found), None) or self._peek_memory(most)

    def _read(self, segment: Segment, most: int) -> Batch | None:
        try:
            return read_batch(segment, most, self._counters, live=True)
        except OSError:
            return None

    def commit(self, batch: Batch) -> None:
        """Acknowledge a batch: it is never read again."""
        if batch.segment is None:
            self._backlog.confirm(len(batch.lines))
            return
        try:
            batch.segment.acknowledge(batch.end, len(batch.lines))
        except OSError:
            return  # sent again after a crash, under the same uuids

    def mute(self, muted: bool) -> None:
        """While muted, take nothing and hold nothing: what was there is deleted."""
        if muted == self._muted:
            return
        with self._lock:
            self._muted = muted
            self._direct = self._directory is not None and not self._network and not muted
            if muted:
                self._shelf.delete()
                self._backlog = Backlog()

    def set_facts(self, **facts: Any) -> None:
        """Learn what all events of this process share, such as the instance; kept in the headers on disk."""
        with self._lock:
            self._facts.update(facts)
            for segment in self._shelf.held():
                try:
                    segment.write_header()
                except OSError:
                    continue  # an adopter will use its own instance then

    def close(self) -> None:
        """Leave the disk to the next process: nothing where all was acknowledged, else the segments."""
        self.drain()
        with self._lock:
            self._shelf.close()

    def abandon(self) -> None:
        """In a forked child: let go of the parent's files without unlocking or unlinking; this object is done."""
        for segment in self._shelf.held():
            segment.close()

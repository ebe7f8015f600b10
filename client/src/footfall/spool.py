"""Crash-safe event store on disk: what `append` took survives SIGKILL, and is adopted by the next process.

Callers append to this process's live segment; the shipper's thread reads, acknowledges, adopts and cleans up. Where
the disk is slow, full or absent, lines wait in bounded memory and reach the disk from the shipper's thread.
"""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

from .backlog import Backlog
from .counters import Counters
from .segment import HEADER, SUFFIX, Segment

SPOOL_BYTES = 10 << 20
SEGMENT_BYTES = 1 << 20
READ_BYTES = 64 << 10
TRUNCATE_BYTES = 256 << 10
"""A live segment is emptied when so much of it was acknowledged."""
SLOW_APPEND_SECONDS = 0.010
SLOW_RETRY_SECONDS = 60.0
LEAST_IDLE_SECONDS = 86_400.0
"""Where locks don't work, a segment is adopted when nobody wrote it for so long."""


class _Clock(Protocol):
    def now(self) -> float: ...
    def elapsed(self) -> float: ...


@dataclass
class Batch:
    """Lines to send, in order, with the facts they share. `end` is where the segment goes on after the last line."""

    segment: Segment | None
    lines: list[bytes]
    end: int
    facts: dict[str, Any]

    def first(self, count: int) -> "Batch":
        """The batch of the first `count` lines only."""
        rest = sum(len(line) + 1 for line in self.lines[count:])
        return Batch(self.segment, self.lines[:count], self.end - rest, self.facts)


class Spool:
    """The spool of one process.

    Args:
        directory: where segments live; None keeps everything in memory.
        facts: what all events of this process share; kept in each segment's header. Changed by `set_facts` only.
        slow: start by passing through memory (network file systems).
    """

    def __init__(
        self,
        directory: str | None,
        facts: dict[str, Any],
        counters: Counters,
        clock: _Clock,
        *,
        slow: bool = False,
    ) -> None:
        self.facts = facts
        self._directory = directory
        self._counters = counters
        self._clock = clock
        self._network = slow
        self._direct = directory is not None and not slow
        self._slow_since = 0.0
        self.note = ""
        self._reset()

    def _reset(self) -> None:
        # Re-entrant: a signal handler or a finaliser that records may interrupt an append on the same thread.
        self._lock = threading.RLock()
        self._backlog = Backlog()
        self._in_flight: list[bytes] = []
        self._live: Segment | None = None
        self._sealed: list[Segment] = []
        self._adopted: list[Segment] = []
        self._reading: Segment | None = None
        self._others_bytes = 0
        self._torn = False
        self._rotate_at = SEGMENT_BYTES

    # The caller's side ---------------------------------------------------------------------------------------

    def append(self, line: bytes) -> None:
        """Keep one line, newline included. Returns without waiting for anything slower than 10 ms; never raises."""
        if self._direct and (self._lock.acquire(blocking=False) or self._lock.acquire(timeout=SLOW_APPEND_SECONDS)):
            try:
                self._write(line)
                return
            except OSError as error:
                self._turn_indirect(f"the disk refused an append: {error.strerror or type(error).__name__}")
            finally:
                self._lock.release()
        self._remember(line)

    def _write(self, line: bytes) -> None:
        live = self._live or self._open()
        began = perf_counter()
        text = b"\n" + line if self._torn else line
        written = os.write(live.descriptor, text)
        if written != len(text):
            # The disk took half a line: the next one starts with a newline, so that only this copy is unreadable.
            self._torn = True
            raise OSError(28, "disk full")
        self._torn = False
        live.size += written
        live.lines += 1
        if perf_counter() - began > SLOW_APPEND_SECONDS:
            self._turn_indirect("an append took over 10 ms")
        if live.size > self._rotate_at:
            self._rotate(live)

    def _open(self) -> Segment:
        if self._directory is None:
            raise OSError(2, "no directory")
        fresh = Segment.create(self._directory, self.facts, now=self._clock.now())
        if self._live is not None:  # a signal handler on this thread was faster
            fresh.remove()
            return self._live
        self._live = fresh
        return fresh

    def _rotate(self, old: Segment) -> None:
        try:
            fresh = Segment.create(self._directory or "", self.facts, now=self._clock.now())
        except OSError:
            self._rotate_at = old.size + SEGMENT_BYTES  # go on with the old one and try again later
            return
        if self._live is not old:
            fresh.remove()
            return
        # One assignment switches; whoever interrupts here finds either the old or the new one, both open.
        self._live = fresh
        self._rotate_at = SEGMENT_BYTES
        self._sealed.append(old)
        self._drop_over_limit()

    def _drop_over_limit(self) -> None:
        while self._bytes() > SPOOL_BYTES:
            oldest = next((s for s in self._sealed if s is not self._reading), None)
            if oldest is None:
                return
            self._sealed.remove(oldest)
            self._counters.drop("overflow", oldest.lines)
            oldest.remove()

    def _bytes(self) -> int:
        own = [*self._adopted, *self._sealed, *([self._live] if self._live else [])]
        return self._others_bytes + sum(segment.size - min(segment.offset, segment.size) for segment in own)

    def _remember(self, line: bytes) -> None:
        dropped = self._backlog.push(line)
        if dropped:
            self._counters.drop("overflow" if self._directory is None else "unwritable", dropped)

    def _turn_indirect(self, why: str) -> None:
        self._direct = False
        self._slow_since = self._clock.elapsed()
        self.note = f"weaker durability: {why}; events pass through memory first"

    # The shipper's side --------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Move lines from memory to disk, and go back to appending directly once the disk is well again."""
        if self._directory is None:
            return
        self._restore_deleted()
        slowest = 0.0
        while (line := self._backlog.pop()) is not None:
            began = perf_counter()
            try:
                with self._lock:
                    self._write(line)
            except OSError:
                self._backlog.put_back(line)
                return
            slowest = max(slowest, perf_counter() - began)
        rested = self._clock.elapsed() - self._slow_since >= SLOW_RETRY_SECONDS
        if not self._direct and not self._network and slowest <= SLOW_APPEND_SECONDS and rested:
            self._direct = True
            self.note = ""

    def _restore_deleted(self) -> None:
        """Begin a new file where somebody deleted the live one; what it held is still read through its descriptor."""
        live = self._live
        if live is None or live.on_disk:
            return
        try:
            os.makedirs(self._directory or "", mode=0o700, exist_ok=True)
        except OSError:
            return
        with self._lock:
            self._rotate(live)

    def adopt(self) -> None:
        """Take over what other processes left when they ended, and drop the oldest of it beyond the limit."""
        if self._directory is None:
            return
        own = {s.path for s in (*self._adopted, *self._sealed, self._live) if s is not None}
        others = 0
        for entry in self._files():
            if entry.path in own:
                continue
            try:
                stat = entry.stat()
            except OSError:
                continue  # gone in between
            idle = self._clock.now() - stat.st_mtime
            segment = Segment.adopt(entry.path, idle_seconds=idle, least_idle=LEAST_IDLE_SECONDS)
            if segment is None:
                others += stat.st_size
            else:
                self._adopted.append(segment)
        self._others_bytes = others
        self._drop_adopted_over_limit()

    def _files(self) -> Iterator["os.DirEntry[str]"]:
        try:
            with os.scandir(self._directory) as entries:
                found = [e for e in entries if e.name.endswith(SUFFIX) and not e.name.startswith(".")]
        except OSError:
            return iter(())
        return iter(sorted(found, key=lambda e: e.name))

    def _drop_adopted_over_limit(self) -> None:
        while len(self._adopted) > 1 and self._bytes() > SPOOL_BYTES:
            oldest = self._adopted.pop(0)
            try:
                self._counters.drop("overflow", oldest.read(SPOOL_BYTES).count(b"\n"))
            except OSError:
                self._counters.drop("corrupt")
            oldest.remove()

    def peek(self, most: int) -> Batch | None:
        """The oldest lines not yet acknowledged, at most so many; None where nothing waits."""
        while True:
            with self._lock:
                queue = [*self._adopted, *self._sealed, *([self._live] if self._live else [])]
                segment = self._reading = queue[0] if queue else None
                # Asked before reading: a segment that is sealed by now has no writer, so its end is the end.
                live = segment is self._live
            batch = self._read(segment, most, live=live) if segment else None
            if batch is not None:
                return batch
            if segment is None or live:
                return self._peek_memory(most)
            self._finish(segment)

    def _peek_memory(self, most: int) -> Batch | None:
        # Reached when the disk holds nothing: then what is in memory is next.
        while len(self._in_flight) < most and (line := self._backlog.pop()) is not None:
            self._in_flight.append(line)
        lines = [line.rstrip(b"\n") for line in self._in_flight[:most]]
        return Batch(None, lines, sum(len(line) + 1 for line in lines), self.facts) if lines else None

    def _read(self, segment: Segment, most: int, *, live: bool) -> Batch | None:
        while True:
            try:
                data = segment.read(READ_BYTES)
            except OSError:
                self._counters.drop("corrupt", max(1, segment.lines))
                return None
            end = data.rfind(b"\n") + 1
            if end:
                lines = data[: end - 1].split(b"\n")[:most]
                if segment.offset == 0 and lines[0].startswith(b'{"v":'):
                    segment.offset = len(lines[0]) + 1  # a header whose rewriting was cut short
                    continue
                return Batch(segment, lines, segment.offset + sum(map(len, lines)) + len(lines), segment.facts)
            if not data or (live and len(data) < READ_BYTES):
                return None
            # Half a line whose writer is gone, or garbage without end: nobody will complete it.
            self._counters.drop("corrupt")
            segment.offset += len(data)

    def _finish(self, segment: Segment) -> None:
        with self._lock:
            for owner in (self._adopted, self._sealed):
                if segment in owner:
                    owner.remove(segment)
            self._reading = None
        segment.remove()

    def commit(self, batch: Batch) -> None:
        """Acknowledge a batch: it is never read again."""
        segment = batch.segment
        if segment is None:
            del self._in_flight[: len(batch.lines)]
            return
        segment.offset = batch.end
        segment.lines = max(0, segment.lines - len(batch.lines))
        try:
            if segment is self._live and segment.offset > TRUNCATE_BYTES:
                self._empty(segment)
            segment.write_header()
        except OSError:
            return  # sent again after a crash, under the same uuids

    def _empty(self, segment: Segment) -> None:
        with self._lock:
            if os.fstat(segment.descriptor).st_size == segment.offset:
                os.ftruncate(segment.descriptor, HEADER)
                segment.offset = segment.size = HEADER

    def discard(self) -> None:
        """Acknowledge everything unsent, so that it is gone."""
        while (batch := self.peek(10 * READ_BYTES)) is not None:
            self.commit(batch)

    def set_facts(self, **facts: Any) -> None:
        """Learn what all events of this process share, such as the instance; kept in the headers on disk."""
        with self._lock:
            self.facts.update(facts)
            for segment in (*self._sealed, *([self._live] if self._live else [])):
                try:
                    segment.write_header()
                except OSError:
                    continue  # an adopter will use its own instance then

    def close(self) -> None:
        """Leave the disk to the next process: nothing where all was acknowledged, else the segments."""
        self.drain()
        with self._lock:
            for segment in (*self._adopted, *self._sealed, *([self._live] if self._live else [])):
                if segment.offset >= segment.size and segment.path is not None:
                    segment.remove()
                else:
                    segment.close()
            self._adopted, self._sealed, self._live = [], [], None

    def after_fork(self) -> None:
        """In a forked child: let go of the parent's files without unlocking or unlinking, and begin anew."""
        for segment in (*self._adopted, *self._sealed, *([self._live] if self._live else [])):
            segment.close()
        self._reset()

"""The segments of one process: the one that is written, and those that wait to be sent, its own and taken over."""

import errno
import os
import threading
from typing import Any

from ..runtime import Counters, Timer, make_private
from .adoption import bytes_of_others, take_over
from .segment import FORMAT, HEADER, Header, Segment

SPOOL_BYTES = 10 << 20
SEGMENT_BYTES = 256 << 10
LEFT_BYTES = 64 << 10
"""A live segment of which everything was delivered is removed when it is larger."""


class Shelf:
    """Segments, oldest first, within SPOOL_BYTES for all processes on the directory.

    Args:
        directory: where segments live; None keeps none.
        facts: for the headers of new segments.
        lock: guards everything here; re-entrant, since a signal handler may interrupt whoever holds it.

    Attributes:
        live: the segment that is written; None before the first line.
    """

    def __init__(
        self, directory: str | None, facts: dict[str, Any], counters: Counters, clock: Timer, lock: "threading.RLock"
    ) -> None:
        self.live: Segment | None = None
        self._directory = directory
        self._facts = facts
        self._counters = counters
        self._clock = clock
        self._lock = lock
        self._waiting: list[Segment] = []
        self._reading: Segment | None = None
        self._rotate_at = SEGMENT_BYTES

    def held(self) -> list[Segment]:
        """All segments in the order of sending."""
        live = self.live
        return list(self._waiting) if live is None else [*self._waiting, live]

    # Writing -------------------------------------------------------------------------------------------------

    def write(self, data: bytes, lines: int) -> None:
        """Add so many whole lines. Called under the lock. Raises OSError where the disk doesn't take them."""
        live = self.live or self._open()
        if live.size > self._rotate_at:
            live = self._rotate(live)
        try:
            live.append(data, lines)
        except OSError:
            # This one file may have reached a limit of its own, or be on a disk that was taken away.
            if live.size <= HEADER or not self.leave(live):
                raise
            (self.live or live).append(data, lines)

    def _open(self) -> Segment:
        fresh = self._create()
        if self.live is not None:  # a signal handler on this thread was faster
            fresh.remove()
            return self.live
        self.live = fresh
        self._rotate_at = SEGMENT_BYTES
        return fresh

    def _create(self) -> Segment:
        if self._directory is None:
            raise OSError(errno.ENOENT, "no directory")
        header = Header(FORMAT, HEADER, self._facts, self._clock.boot, self._clock.zero)
        try:
            return Segment.create(self._directory, header, now=self._clock.now())
        except FileNotFoundError:
            make_private(self._directory)
            return Segment.create(self._directory, header, now=self._clock.now())

    def _rotate(self, old: Segment) -> Segment:
        """Go on in a fresh segment; in the old one where none can be made. Raises OSError where that is full too."""
        try:
            fresh = self._create()
        except OSError:
            if old.size > SPOOL_BYTES:
                raise
            self._rotate_at = old.size + SEGMENT_BYTES  # not again at every append
            return old
        if self.live is not old:
            fresh.remove()
            return self.live or self._open()
        # One assignment switches; whoever interrupts here finds either the old or the new one, both open.
        self.live = fresh
        self._rotate_at = SEGMENT_BYTES
        self._waiting.append(old)
        self._drop_over_limit()
        return fresh

    def leave(self, live: Segment) -> bool:
        """Go on in a fresh segment; whether that was possible."""
        try:
            return self._rotate(live) is not live
        except OSError:
            return False

    def let_go(self, live: Segment) -> None:
        """Remove a live segment of which everything was delivered, if it is worth it: a full disk needs the room."""
        with self._lock:
            if live is self.live and not live.waiting and live.size > LEFT_BYTES:
                self.live = None
                live.remove()

    def restore_deleted(self) -> None:
        """Write files that somebody deleted anew: they are still there for us, but not for the next process."""
        for segment in self.held():
            if not segment.on_disk:
                try:
                    make_private(os.path.dirname(segment.path or ""))
                    segment.restore(now=self._clock.now())
                except OSError:
                    return  # tried again at the next step; what can be sent meanwhile is sent

    # Reading -------------------------------------------------------------------------------------------------

    def begin(self) -> Segment | None:
        """The segment to read from now: until the next call it is not dropped."""
        with self._lock:
            self._reading = next(iter(self.held()), None)
            return self._reading

    def after(self, segment: Segment) -> list[Segment]:
        """The segments that come after one."""
        held = self.held()
        return held[held.index(segment) + 1 :] if segment in held else held

    def finish(self, segment: Segment) -> None:
        """Remove a segment of which nothing waits any more, with its file."""
        with self._lock:
            if segment in self._waiting:
                self._waiting.remove(segment)
            self._reading = None
        segment.remove()

    def adopt(self) -> None:
        """Take over what other processes left when they ended."""
        if self._directory is None:
            return
        found = take_over(self._directory, self._paths(), self._clock.now(), self._counters)
        with self._lock:
            # Names begin with the time of making, so this is the order of recording.
            self._waiting = sorted([*found, *self._waiting], key=lambda s: os.path.basename(s.path or ""))
            self._drop_over_limit()

    def _drop_over_limit(self) -> None:
        """Make room for a whole segment: the oldest go first, never the one that is being read or written."""
        others = bytes_of_others(self._directory or "", self._paths())
        while others + sum(s.size for s in self.held()) + SEGMENT_BYTES > SPOOL_BYTES:
            oldest = next((s for s in self._waiting if s is not self._reading), None)
            if oldest is None:
                return
            # Not list.remove: a signal handler that records may have done the same in between.
            self._waiting = [s for s in self._waiting if s is not oldest]
            self._counters.drop("overflow", oldest.lines)
            oldest.remove()

    def _paths(self) -> set[str]:
        return {s.path for s in self.held() if s.path is not None}

    # The end -------------------------------------------------------------------------------------------------

    def delete(self) -> None:
        """Remove everything, sent or not."""
        for segment in self.held():
            segment.remove()
        self._waiting, self.live = [], None

    def close(self) -> None:
        """Leave to the next process what waits, and remove the rest."""
        for segment in self.held():
            segment.close() if segment.waiting else segment.remove()
        self._waiting, self.live = [], None

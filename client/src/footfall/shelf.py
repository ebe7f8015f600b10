"""The segments that are written no more and wait to be sent: this process's own and those it took over."""

import os
import threading

from .clock import Timer
from .counters import Counters
from .orphans import bytes_of_others, take_over
from .segment import Segment

SPOOL_BYTES = 10 << 20
SEGMENT_BYTES = 256 << 10


class Shelf:
    """Segments, oldest first, within SPOOL_BYTES for all processes on the directory.

    Args:
        directory: where segments live; None keeps none.
        lock: guards the list; re-entrant.
    """

    def __init__(self, directory: str | None, counters: Counters, lock: "threading.RLock") -> None:
        self._directory = directory
        self._counters = counters
        self._lock = lock
        self._segments: list[Segment] = []
        self._reading: Segment | None = None

    def held(self, live: Segment | None) -> list[Segment]:
        """All segments in the order of sending; `live` is the one that is still written."""
        return [*self._segments, live] if live is not None else list(self._segments)

    def begin(self, live: Segment | None) -> Segment | None:
        """The segment to read from now: until the next call it is not dropped."""
        with self._lock:
            self._reading = next(iter(self.held(live)), None)
            return self._reading

    def after(self, segment: Segment, live: Segment | None) -> list[Segment]:
        """The segments that come after one."""
        held = self.held(live)
        return held[held.index(segment) + 1 :] if segment in held else held

    def seal(self, old: Segment, live: Segment) -> None:
        """Add what was the live segment until now."""
        with self._lock:
            self._segments.append(old)
            self.drop_over_limit(live)

    def adopt(self, clock: Timer, live: Segment | None) -> None:
        """Take over what other processes left when they ended."""
        if self._directory is None:
            return
        found = take_over(self._directory, self._paths(live), clock.now(), self._counters)
        with self._lock:
            # Names begin with the time of making, so this is the order of recording.
            self._segments = sorted([*found, *self._segments], key=lambda s: os.path.basename(s.path or ""))
            self.drop_over_limit(live)

    def drop_over_limit(self, live: Segment | None) -> None:
        """Make room for a whole segment: the oldest go first, never the one that is being read or written."""
        others = bytes_of_others(self._directory or "", self._paths(live))
        while others + sum(s.size for s in self.held(live)) + SEGMENT_BYTES > SPOOL_BYTES:
            oldest = next((s for s in self._segments if s is not self._reading), None)
            if oldest is None:
                return
            # Not list.remove: a signal handler that records may have done the same in between.
            self._segments = [s for s in self._segments if s is not oldest]
            self._counters.drop("overflow", oldest.lines)
            oldest.remove()

    def _paths(self, live: Segment | None) -> set[str]:
        return {s.path for s in self.held(live) if s.path is not None}

    def finish(self, segment: Segment) -> None:
        """Remove a segment of which nothing waits any more, with its file."""
        with self._lock:
            if segment in self._segments:
                self._segments.remove(segment)
            self._reading = None
        segment.remove()

    def clear(self) -> None:
        """Forget all segments; their files stay as they are."""
        self._segments = []

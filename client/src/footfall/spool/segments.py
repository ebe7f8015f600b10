"""The segments of one process: the live one, and the sealed ones that wait to be sent, its own and adopted ones."""

import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from ..runtime import Clock, Counters, make_private_directory
from .adoption import adopt_abandoned, bytes_of_other_processes
from .header import FORMAT_VERSION, HEADER_BYTES, Header, encode_names
from .segment import SEGMENT_BYTES, Segment

SPOOL_BYTES = 10 << 20
DELIVERED_MAX_BYTES = 64 << 10
"""A live segment without unacknowledged lines is removed when it is larger."""


class Segments:
    """Segments, oldest first, within SPOOL_BYTES for all processes that share the directory.

    Args:
        directory: of the segments; None keeps none.
        facts: for the headers of new segments.
        names: the registered names, which each segment has lines of; more may be added at any time.
        lock: guards all state here; re-entrant, since a signal handler may interrupt the thread that holds it.

    Attributes:
        live: the segment that is written; None before the first line.
        is_busy: a file is being created or opened again, or names are added; only what interrupts that sees it.
    """

    def __init__(
        self,
        directory: str | None,
        facts: dict[str, Any],
        names: AbstractSet[str],
        counters: Counters,
        clock: Clock,
        lock: "threading.RLock",
    ) -> None:
        self.live: Segment | None = None
        self.is_busy = False
        self._directory = directory
        self._facts = facts
        self._names = names
        self._counters = counters
        self._clock = clock
        self._lock = lock
        self._sealed: list[Segment] = []
        self._reading: Segment | None = None
        self._rotate_at = SEGMENT_BYTES

    def all(self) -> list[Segment]:
        """All segments in the order of sending."""
        live = self.live
        return list(self._sealed) if live is None else [*self._sealed, live]

    @property
    def live_lines(self) -> int:
        """Unacknowledged events in the live segment."""
        live = self.live
        return 0 if live is None else live.lines

    @property
    def sealed_lines(self) -> int:
        """Unacknowledged events in all other segments."""
        return sum(segment.lines for segment in self._sealed)

    # Writing -------------------------------------------------------------------------------------------------

    def append(self, data: bytes, lines: int) -> None:
        """Add `data`, which is `lines` whole lines. Called under the lock. Raises OSError where the disk refuses."""
        if self.is_busy:
            # A signal handler interrupts this thread. If it began the same again, which takes a millisecond, the next
            # signal would do so too, and so on until the stack is full.
            if self.live is None:
                raise OSError(errno.EBUSY, "no segment yet")
            self.live.append(data, lines)
            return
        live = self.live or self._open()
        if live.size > self._rotate_at:
            live = self._rotate(live)
        try:
            if len(live.names) != len(self._names):
                self._append_names(live)
            live.append(data, lines)
        except OSError:
            if live.file.is_ours:
                # Perhaps only this file can't be written: it reached a limit, or its disk was removed.
                if live.size <= live.start or not self.try_rotate(live):
                    raise
                live = self.live or live
            elif not self._recover(live):
                live = self.live or self._open()
            live.append(data, lines)

    def _append_names(self, live: Segment) -> None:
        """Add the names that were registered since. Raises OSError."""
        with self._busy():
            names = set(self._names) - live.names
            text = encode_names(names)
            if text:
                live.append(text, 0)
            live.names |= names

    @contextlib.contextmanager
    def _busy(self) -> Iterator[None]:
        """Guards what takes long: code that interrupts it on this thread must not begin it again. Under the lock."""
        self.is_busy = True
        try:
            yield
        finally:
            self.is_busy = False

    def _recover(self, segment: Segment) -> bool:
        """Open a segment again whose descriptor other code closed; False where it is not this process's any more.

        Called under the lock. Raises OSError where it can't be opened now.
        """
        with self._busy():
            if segment.recover():
                return True
        # Another process adopted it and sends its events, unless they were deleted with their directory.
        if not os.path.isdir(os.path.dirname(segment.path or "")):
            self._counters.drop("corrupt", segment.lines)
        if segment is self.live:
            self.live = None
        self._sealed = [s for s in self._sealed if s is not segment]
        return False

    def _open(self) -> Segment:
        created = self._create()
        if self.live is not None:  # a signal handler on this thread was faster
            created.remove()
            return self.live
        self.live = created
        self._rotate_at = SEGMENT_BYTES
        return created

    def _create(self) -> Segment:
        if self._directory is None:
            raise OSError(errno.ENOENT, "no directory")
        header = Header(FORMAT_VERSION, HEADER_BYTES, self._facts, self._clock.boot_id, self._clock.boot_time)
        with self._busy():
            try:
                return Segment.create(self._directory, header, self._names, now=self._clock.now())
            except FileNotFoundError:
                make_private_directory(self._directory)
                return Segment.create(self._directory, header, self._names, now=self._clock.now())

    def _rotate(self, old: Segment) -> Segment:
        """Seal `old` and return a new live segment; `old` itself where none can be created.

        Raises OSError where no segment can be created and `old` has reached the bound of the spool.
        """
        try:
            created = self._create()
        except OSError:
            if old.size > SPOOL_BYTES:
                raise
            self._rotate_at = old.size + SEGMENT_BYTES  # not tried again at every append
            return old
        if self.live is not old:
            created.remove()
            return self.live or self._open()
        # One assignment switches: code that interrupts here sees either the old or the new one, and both are open.
        self.live = created
        self._rotate_at = SEGMENT_BYTES
        self._sealed.append(old)
        self._drop_over_limit()
        return created

    def try_rotate(self, live: Segment) -> bool:
        """Continue in a new segment; whether that was possible."""
        try:
            return self._rotate(live) is not live
        except OSError:
            return False

    def remove_if_delivered(self, live: Segment) -> None:
        """Remove a large live segment of which every line was delivered: a full disk needs the room."""
        with self._lock:
            if live is self.live and not live.unacknowledged_bytes and live.size > DELIVERED_MAX_BYTES:
                self.live = None
                live.remove()

    def restore_lost(self) -> None:
        """Open files again whose descriptors other code closed, and write deleted files again.

        This process still has those open, but the next one would not find them.
        """
        for segment in self.all():
            if self._is_open(segment) and not segment.on_disk:
                try:
                    make_private_directory(os.path.dirname(segment.path or ""))
                    segment.restore(now=self._clock.now())
                except OSError:
                    return  # tried again before the next batch; its lines can be sent until then

    def _is_open(self, segment: Segment) -> bool:
        try:
            return self._recover(segment)
        except OSError:
            return False  # tried again before the next batch

    # Reading -------------------------------------------------------------------------------------------------

    def start_reading(self) -> Segment | None:
        """The segment to read from; it is not dropped until the next call."""
        with self._lock:
            self._reading = next((segment for segment in self.all() if self._is_open(segment)), None)
            return self._reading

    def after(self, segment: Segment) -> list[Segment]:
        """The segments that come after one."""
        segments = self.all()
        return segments[segments.index(segment) + 1 :] if segment in segments else segments

    def remove(self, segment: Segment) -> None:
        """Remove a segment without waiting lines, and its file."""
        with self._lock:
            if segment in self._sealed:
                self._sealed.remove(segment)
            self._reading = None
        segment.remove()

    def adopt(self) -> None:
        """Adopt the segments of processes that have ended."""
        if self._directory is None:
            return
        adopted = adopt_abandoned(self._directory, self._paths(), self._clock.now(), self._counters)
        with self._lock:
            # Names begin with the time of creation, so this is the order of recording.
            self._sealed = sorted([*adopted, *self._sealed], key=lambda s: os.path.basename(s.path or ""))
            self._drop_over_limit()

    def _drop_over_limit(self) -> None:
        """Make room for a whole segment: the oldest are dropped first, never the one that is being read or written."""
        others = bytes_of_other_processes(self._directory or "", self._paths())
        while others + sum(s.size for s in self.all()) + SEGMENT_BYTES > SPOOL_BYTES:
            oldest = next((s for s in self._sealed if s is not self._reading), None)
            if oldest is None:
                return
            # Not list.remove: a signal handler that records may have removed it since.
            self._sealed = [s for s in self._sealed if s is not oldest]
            self._counters.drop("overflow", oldest.lines)
            oldest.remove()

    def _paths(self) -> set[str]:
        return {s.path for s in self.all() if s.path is not None}

    # The end -------------------------------------------------------------------------------------------------

    def delete(self) -> None:
        """Remove all segments, whether sent or not."""
        for segment in self.all():
            segment.remove()
        self._sealed, self.live = [], None

    def close(self) -> None:
        """Leave segments with unacknowledged lines to the next process, and remove the others."""
        for segment in self.all():
            segment.close() if segment.unacknowledged_bytes else segment.remove()
        self._sealed, self.live = [], None

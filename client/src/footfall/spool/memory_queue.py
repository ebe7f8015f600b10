"""Bounded queue in memory for lines that the disk can't take now. When it is full, the oldest are dropped.

Lines that are being sent (`peek`, `acknowledge`) don't count towards the bound and are not dropped.
"""

import threading
from collections import deque

MEMORY_BYTES = 8 << 20


class MemoryQueue:
    """Lines in order, newline included. Safe from any thread, signal handlers and finalisers included."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._in_flight: list[bytes] = []

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def waiting(self) -> int:
        """The number of lines that are not acknowledged, those that are being sent included."""
        return len(self._lines) + len(self._in_flight)

    def push(self, line: bytes) -> int:
        """Add a line at the end; how many of the oldest were dropped for it."""
        with self._lock:
            self._lines.append(line)
            self._bytes += len(line)
            dropped = 0
            while self._bytes > MEMORY_BYTES:
                self._bytes -= len(self._lines.popleft())
                dropped += 1
        return dropped

    def pop(self, limit: int) -> list[bytes]:
        """Remove and return at most `limit` of the oldest lines."""
        with self._lock:
            lines = [self._lines.popleft() for _ in range(max(0, min(limit, len(self._lines))))]
            self._bytes -= sum(map(len, lines))
            return lines

    def push_front(self, lines: list[bytes]) -> None:
        """Return lines that `pop` removed, in front of all others."""
        with self._lock:
            self._lines.extendleft(reversed(lines))
            self._bytes += sum(map(len, lines))

    def peek(self, limit: int) -> list[bytes]:
        """At most `limit` of the oldest lines, which stay until they are acknowledged."""
        with self._lock:
            self._in_flight += self.pop(limit - len(self._in_flight))
            return self._in_flight[:limit]

    def acknowledge(self, count: int) -> None:
        """Forget the first `count` lines that `peek` returned."""
        with self._lock:
            del self._in_flight[:count]

    def requeue(self) -> None:
        """Put the lines that `peek` returned and that are not acknowledged back into the queue."""
        with self._lock:
            lines, self._in_flight = self._in_flight, []
            self.push_front(lines)

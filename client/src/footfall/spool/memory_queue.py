"""Bounded queue in memory for lines that the disk can't take now. The oldest go first when it is full.

Lines on their way to the server (`peek`, `confirm`) don't count and are not dropped.
"""

import threading
from collections import deque

MEMORY_BYTES = 8 << 20


class Backlog:
    """Lines in order, newline included. Safe from any thread, signal handlers and finalisers included."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._in_flight: list[bytes] = []

    def __len__(self) -> int:
        return len(self._lines)

    def push(self, line: bytes) -> int:
        """Add a line at the end; how many of the oldest had to go."""
        with self._lock:
            self._lines.append(line)
            self._bytes += len(line)
            dropped = 0
            while self._bytes > MEMORY_BYTES:
                self._bytes -= len(self._lines.popleft())
                dropped += 1
        return dropped

    def take(self, count: int) -> list[bytes]:
        """Take at most so many of the oldest lines."""
        with self._lock:
            taken = [self._lines.popleft() for _ in range(max(0, min(count, len(self._lines))))]
            self._bytes -= sum(map(len, taken))
            return taken

    def put_back(self, lines: list[bytes]) -> None:
        """Return lines that `take` gave, before all others."""
        with self._lock:
            self._lines.extendleft(reversed(lines))
            self._bytes += sum(map(len, lines))

    def peek(self, most: int) -> list[bytes]:
        """The oldest lines, at most so many, which stay until confirmed."""
        with self._lock:
            self._in_flight += self.take(most - len(self._in_flight))
            return self._in_flight[:most]

    def confirm(self, count: int) -> None:
        """Forget so many of the lines that `peek` gave."""
        with self._lock:
            del self._in_flight[:count]

    def recall(self) -> None:
        """Put what was peeked at and not confirmed back into the queue."""
        with self._lock:
            flight, self._in_flight = self._in_flight, []
            self.put_back(flight)

"""Bounded queue in memory for lines that the disk can't take now. The oldest go first when it is full."""

import threading
from collections import deque

MEMORY_BYTES = 8 << 20


class Backlog:
    """Lines in order, newline included. Safe from any thread, signal handlers and finalisers included."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._lines: deque[bytes] = deque()
        self._bytes = 0

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

    def pop(self) -> bytes | None:
        """Take the oldest line; None where there is none."""
        with self._lock:
            if not self._lines:
                return None
            line = self._lines.popleft()
            self._bytes -= len(line)
            return line

    def put_back(self, line: bytes) -> None:
        """Return the line that `pop` gave."""
        with self._lock:
            self._lines.appendleft(line)
            self._bytes += len(line)

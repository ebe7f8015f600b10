"""The gauge `journal_lag_seconds`: the time that requests wait for the group commit."""

import time
from collections.abc import Callable


class CommitLag:
    """Times each wait for a commit. Only the event loop's thread begins and ends waits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._latest = 0.0
        # In the order in which they began.
        self._waits: dict[object, float] = {}

    def begin(self) -> object:
        """Begin a wait; returns the handle that `end` needs."""
        wait = object()
        self._waits[wait] = self._clock()
        return wait

    def end(self, wait: object) -> None:
        self._latest = self._clock() - self._waits.pop(wait)

    def seconds(self) -> float:
        """The latest finished wait, or the oldest unfinished one where that is longer. Safe on any thread."""
        oldest = list(self._waits.values())[:1]
        return max(self._latest, self._clock() - oldest[0]) if oldest else self._latest

"""How long requests wait for the disk."""

import time
from collections.abc import Callable


class CommitLag:
    """The latest wait, or the oldest that goes on. Only the event loop's thread begins and ends waits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._latest = 0.0
        # In the order in which they began.
        self._waits: dict[object, float] = {}

    def begin(self) -> object:
        """A wait begins; what is returned ends it."""
        wait = object()
        self._waits[wait] = self._clock()
        return wait

    def end(self, wait: object) -> None:
        """It is over."""
        self._latest = self._clock() - self._waits.pop(wait)

    def seconds(self) -> float:
        """Safe on any thread."""
        oldest = list(self._waits.values())[:1]
        return max(self._latest, self._clock() - oldest[0]) if oldest else self._latest

"""How much one request, and all unfinished requests together, may take."""

from dataclasses import dataclass

from ...runtime import Settings
from ..refusals import RefusedError, too_large

_FREE_BYTES = 1 << 20
"""So much may come out of the smallest body: a batch of events that are alike shrinks to almost nothing."""


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    body_bytes: int = 20 << 20
    decoded_bytes: int = 32 << 20
    batch_events: int = 10_000
    waiting_bytes: int = 64 << 20
    body_seconds: float = 30.0
    decoded_ratio: int = 200

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """The limits that the settings say."""
        return cls(
            body_bytes=settings.max_body_bytes,
            decoded_bytes=settings.max_decoded_bytes,
            batch_events=settings.max_batch_events,
            waiting_bytes=settings.max_waiting_bytes,
            body_seconds=settings.body_seconds,
            decoded_ratio=settings.max_decoded_ratio,
        )

    def check_body(self, size: int) -> None:
        """Raises RefusedError (413) for a body of that many bytes as sent."""
        if size > self.body_bytes:
            raise too_large(f"The body is larger than {self.body_bytes} bytes; send fewer events per request.")

    def decoded_most(self, size: int) -> int:
        """What a body of that many bytes as sent may become, through all its layers of encoding."""
        return min(self.decoded_bytes, max(_FREE_BYTES, size * self.decoded_ratio))

    def check_batch(self, events: int) -> None:
        """Raises RefusedError (413) for a batch of that many events."""
        if events > self.batch_events:
            raise too_large(f"The batch has more than {self.batch_events} events; send fewer.", "batch_too_large")


class Waiting:
    """Counts the bytes of bodies that are held in memory and not yet answered.

    A body that is not whole may take long. A quarter is kept for those that are: they are answered within
    milliseconds, so that a thousand slow senders don't keep the others out.
    """

    def __init__(self, most: int) -> None:
        self._most, self._most_of_parts = most, most - most // 4
        self.held = 0

    def take(self, size: int, *, whole: bool = True) -> None:
        """Raises RefusedError (503) where memory for so much more is not granted; the sender tries again."""
        if self.held + size > (self._most if whole else self._most_of_parts):
            raise RefusedError(503, "busy", "The collector is busy; try again in a moment.", retry_after=2)
        self.held += size

    def give_back(self, size: int) -> None:
        """What was taken is free again."""
        self.held -= size


class Held:
    """What one request holds of `Waiting`: at first a size that was taken."""

    __slots__ = ("_size", "_waiting")

    def __init__(self, waiting: Waiting, size: int) -> None:
        self._waiting, self._size = waiting, size

    def now(self, size: int) -> None:
        """Hold so much instead. Raises RefusedError (503) as `take` does; nothing is held then."""
        self.end()
        self._waiting.take(size)
        self._size = size

    def end(self) -> None:
        """Nothing is held any more. Safe to call twice."""
        self._waiting.give_back(self._size)
        self._size = 0

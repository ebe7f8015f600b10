"""How much one request, and all unfinished requests together, may take."""

from dataclasses import dataclass

from ..settings import Settings
from .refusals import RefusedError, too_large


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    body_bytes: int = 20 << 20
    decoded_bytes: int = 32 << 20
    batch_events: int = 10_000
    waiting_bytes: int = 64 << 20
    body_seconds: float = 30.0

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """The limits that the settings say."""
        return cls(
            body_bytes=settings.max_body_bytes,
            decoded_bytes=settings.max_decoded_bytes,
            batch_events=settings.max_batch_events,
            waiting_bytes=settings.max_waiting_bytes,
            body_seconds=settings.body_seconds,
        )

    def check_body(self, size: int) -> None:
        """Raises RefusedError (413) for a body of that many bytes as sent."""
        if size > self.body_bytes:
            raise too_large(f"The body is larger than {self.body_bytes} bytes; send fewer events per request.")

    def check_batch(self, events: int) -> None:
        """Raises RefusedError (413) for a batch of that many events."""
        if events > self.batch_events:
            raise too_large(f"The batch has more than {self.batch_events} events; send fewer.", "batch_too_large")


class Waiting:
    """Counts the bytes of bodies that are held in memory and not yet answered."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, size: int) -> None:
        """Raises RefusedError (503) where memory for so much more is not granted; the sender tries again."""
        if self.held + size > self._most:
            raise RefusedError(503, "busy", "The collector is busy; try again in a moment.", retry_after=2)
        self.held += size

    def give_back(self, size: int) -> None:
        """What was taken is free again."""
        self.held -= size

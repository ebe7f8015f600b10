"""Bounds on the size of one request, and on the memory of all unanswered ones."""

from dataclasses import dataclass

from ...runtime import Settings
from ..refusals import RefusedError, too_large

_MIN_DECODED_BYTES = 1 << 20
"""Every body may decode to this size: a batch of similar events compresses to almost nothing."""


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    body_bytes: int = 20 << 20
    decoded_bytes: int = 32 << 20
    batch_events: int = 10_000
    waiting_bytes: int = 64 << 20
    body_seconds: float = 30.0
    decoded_ratio: int = 200
    form_bytes: int = 1 << 20

    @classmethod
    def from_settings(cls, settings: Settings) -> "Limits":
        return cls(
            body_bytes=settings.max_body_bytes,
            decoded_bytes=settings.max_decoded_bytes,
            batch_events=settings.max_batch_events,
            waiting_bytes=settings.max_waiting_bytes,
            body_seconds=settings.body_seconds,
            decoded_ratio=settings.max_decoded_ratio,
        )

    def check_body(self, size: int) -> None:
        """Raises RefusedError (413) for a body of `size` bytes as sent."""
        if size > self.body_bytes:
            raise too_large(f"The body is larger than {self.body_bytes} bytes; send fewer events per request.")

    def check_form(self, size: int) -> None:
        """Raises RefusedError (413) for a form of `size` bytes; only old SDKs send forms, in small requests."""
        if size > self.form_bytes:
            raise too_large(f"The form is larger than {self.form_bytes} bytes; send JSON, or fewer events.")

    def max_decoded(self, size: int) -> int:
        """The bytes that a body of `size` bytes as sent may decode to, through all its layers of encoding."""
        return min(self.decoded_bytes, max(_MIN_DECODED_BYTES, size * self.decoded_ratio))


class BodyMemory:
    """Counts the bytes of all bodies in memory that are not answered yet.

    An incomplete body may take long. A quarter is reserved for complete ones, which are answered within milliseconds:
    a thousand slow senders don't keep the others out. Of the rest a peer gets more while it has no more than is free:
    one that holds bodies back leaves half of it to others, and k of them leave a (k+1)th.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._max_incomplete_bytes = max_bytes, max_bytes - max_bytes // 4
        self.reserved = 0
        self._by_peer: dict[str, int] = {}

    def reserve(self, size: int, peer: str = "", *, complete: bool = True) -> None:
        """Raises RefusedError (503) where there is no room for `size` bytes; the sender tries again.

        `peer`: whose bytes they are; empty where no limit applies, or where they come and go within one read.
        """
        free = (self._max_bytes if complete else self._max_incomplete_bytes) - self.reserved - size
        used = size + self._by_peer.get(peer, 0) if peer else 0
        if free < 0 or (not complete and used > free):
            raise RefusedError(503, "busy", "The collector is busy; try again in a moment.", retry_after=2)
        self.reserved += size
        if used:
            self._by_peer[peer] = used

    def release(self, size: int, peer: str = "") -> None:
        self.reserved -= size
        if peer and size:
            left = self._by_peer.pop(peer) - size
            if left:
                self._by_peer[peer] = left


class Reservation:
    """The bytes of `BodyMemory` that one request uses; `size` bytes are reserved already, for `peer`."""

    __slots__ = ("_memory", "_peer", "_size")

    def __init__(self, memory: BodyMemory, size: int = 0, peer: str = "") -> None:
        self._memory, self._size, self._peer = memory, size, peer

    def resize(self, size: int) -> None:
        """Raises RefusedError (503) as `BodyMemory.reserve` does; nothing is reserved then."""
        self.release()
        self._memory.reserve(size, self._peer)
        self._size = size

    def release(self) -> None:
        """Safe to call twice."""
        self._memory.release(self._size, self._peer)
        self._size = 0

"""The work that decoding one body may cause: bytes produced for each byte received, and processor time.

A compressed stream can be far more expensive than its size: a few bytes name a megabyte of zeros, and a dozen begin a
block whose tables take longer to build than a kilobyte takes to copy. Decoders take the stream in small pieces, and
report each of them here.
"""

import time
from collections.abc import Callable

from ..refusals import too_large

PIECE = 16 << 10
"""Compressed bytes per step."""
_MAX_EMPTY_BYTES = 64 << 10
FREE_BYTES = 1 << 20
"""Every body may decode to this size: a batch of similar events compresses to almost nothing."""
_FREE_SECONDS = 0.01
_SECONDS_PER_BYTE_READ = 20e-9
_SECONDS_PER_BYTE_MADE = 8e-9
"""Processor time, several times what any honest stream takes."""


class DecodingWork:
    """Bounds one decoder.

    Args:
        max_bytes: decoded bytes in all.
        ratio: decoded bytes per byte received, above `free_bytes`; 0 for no such bound.
        cpu_clock: processor time of this thread, seconds.

    Attributes:
        produced: decoded bytes so far.
    """

    def __init__(
        self,
        max_bytes: int,
        ratio: int = 0,
        free_bytes: int = FREE_BYTES,
        cpu_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self.max_bytes, self._ratio, self._free_bytes = max_bytes, ratio, free_bytes
        self._cpu_clock, self._began = cpu_clock, cpu_clock()
        self._received = self._idle = self._earned = 0
        self.produced = 0

    def receive(self, size: int) -> None:
        """Count compressed bytes, before they are decoded. Raises RefusedError (413) after too much work."""
        allowed = _FREE_SECONDS + self._received * _SECONDS_PER_BYTE_READ + self.produced * _SECONDS_PER_BYTE_MADE
        # No encoder makes a body much longer: what does so are empty blocks, members or frames.
        if self._received > self.produced + _MAX_EMPTY_BYTES or self._cpu_clock() - self._began > allowed:
            sentence = "The body takes too long to decode; send fewer events, or compress them differently."
            raise too_large(sentence, "decoding_too_slow")
        self._received += size
        self._idle += size

    def give_back(self, size: int) -> None:
        """Bytes that were received lie behind the end of a stream, and are received again."""
        self._received -= size
        self._idle = max(0, self._idle - size)

    def room(self) -> int:
        """The bytes that may be produced of what was received."""
        return self._bound(self._earned + self._idle) - self.produced

    def produce(self, size: int) -> None:
        """Count decoded bytes. Raises RefusedError (413) for more than are allowed."""
        self.produced += size
        # Padding produces nothing, and earns nothing.
        self._earned += min(self._idle, size)
        if size:
            self._idle = 0
        if self.produced > self._bound(self._earned):
            raise decoded_too_large(self._bound(self._earned))

    def _bound(self, earned: int) -> int:
        return min(self.max_bytes, max(self._free_bytes, self._ratio * earned)) if self._ratio else self.max_bytes


def decoded_too_large(max_bytes: int) -> Exception:
    """413: more bytes than the sender may have decoded."""
    return too_large(f"The body is larger than {max_bytes} bytes once decoded; send fewer events.", "decoded_too_large")

"""Reads the unacknowledged lines of a segment and skips everything else in the file."""

import msgspec

from ..runtime import Counters
from .segment import Header, Segment

READ_BYTES = 64 << 10
_HEADER_START = b'{"v":'
"""The beginning of every header line, and of no event."""


class Batch(msgspec.Struct):
    """Lines to send, in order.

    Attributes:
        segment: the segment that holds them; None for memory.
        lines: without their newlines.
        end: offset in the segment after the last line, in bytes.
        header: the segment's, with the facts of its process and its clock.
    """

    segment: Segment | None
    lines: list[bytes]
    end: int
    header: Header


def read_batch(segment: Segment, limit: int, counters: Counters, *, live: bool) -> Batch | None:
    """The next lines of a segment, at most `limit`; None where no whole line is left.

    A `live` segment may still be written, so half a line at its end is not finished yet. Raises OSError.
    """
    header = segment.header
    while True:
        data = segment.read(READ_BYTES)
        end = data.rfind(b"\n") + 1
        if end:
            lines = data[: end - 1].split(b"\n", limit)[:limit]
            if header.offset == 0 and lines[0].startswith(_HEADER_START):
                header.offset = len(lines[0]) + 1  # a damaged header, of which only a part is left
                continue
            return Batch(segment, lines, header.offset + sum(map(len, lines)) + len(lines), header)
        if not data or (live and len(data) < READ_BYTES):
            return None
        # Half a line whose writer has ended, or garbage without a newline: no process will complete it.
        counters.drop("corrupt")
        header.offset += len(data)

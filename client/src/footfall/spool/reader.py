"""Reads the lines of a segment that are not yet acknowledged, past whatever else is in the file."""

from typing import Any

import msgspec

from ..runtime import Counters
from .segment import Header, Segment

READ_BYTES = 64 << 10
_HEADED = b'{"v":'
"""How a header begins, and no event does."""


class Batch(msgspec.Struct):
    """Lines to send, in order, with what they share.

    Attributes:
        segment: where they are; None for memory.
        end: where the segment goes on after the last line, in bytes.
        header: the segment's, with facts and the writer's clock.
    """

    segment: Segment | None
    lines: list[bytes]
    end: int
    header: Header

    @property
    def facts(self) -> dict[str, Any]:
        """What all its events share."""
        return self.header.facts


def read_batch(segment: Segment, most: int, counters: Counters, *, live: bool) -> Batch | None:
    """The next lines of a segment, at most so many; None where nothing whole is left.

    `live`: somebody may still write, so half a line is one that is being written. Raises OSError.
    """
    header = segment.header
    while True:
        data = segment.read(READ_BYTES)
        end = data.rfind(b"\n") + 1
        if end:
            lines = data[: end - 1].split(b"\n", most)[:most]
            if header.offset == 0 and lines[0].startswith(_HEADED):
                header.offset = len(lines[0]) + 1  # a header of which only a part is as it was
                continue
            return Batch(segment, lines, header.offset + sum(map(len, lines)) + len(lines), header)
        if not data or (live and len(data) < READ_BYTES):
            return None
        # Half a line whose writer is gone, or garbage without end: nobody will complete it.
        counters.drop("corrupt")
        header.offset += len(data)

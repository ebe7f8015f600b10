"""Reads the unacknowledged lines of a segment and skips everything else in the file."""

import os

import msgspec

from ..runtime import Counters, open_private_file
from .header import FORMAT_VERSION, HEADER_BYTES, NAMES_START, Header, decode_names
from .segment import Segment

READ_BYTES = 128 << 10
"""What a batch is at most."""
_HEADER_START = b'{"v":'
"""The beginning of every header line, and of no event."""


class Batch(msgspec.Struct):
    """Lines to send, in order.

    Attributes:
        segment: the segment that holds them; None for memory.
        lines: without their newlines.
        end: offset in the segment after the last line, in bytes.
        header: the segment's, with the facts of its process and its clock.
        tools: the names that a tool may have; None for memory, whose lines were checked when they were recorded.
    """

    segment: Segment | None
    lines: list[bytes]
    end: int
    header: Header
    tools: frozenset[str] | None = None


def read_batch(segment: Segment, limit: int, counters: Counters, *, live: bool) -> Batch | None:
    """The next lines of a segment, at most `limit`; None where no whole line is left.

    A `live` segment may still be written, so half a line at its end is not finished yet. Raises OSError.
    """
    header = segment.header
    while True:
        data = segment.read(READ_BYTES)
        end = data.rfind(b"\n") + 1
        if end:
            *lines, rest = data[:end].split(b"\n", limit)
            if header.offset == 0 and lines[0].startswith(_HEADER_START):
                header.offset = len(lines[0]) + 1  # a damaged header, of which only a part is left
                continue
            batch_end = header.offset + end - len(rest)
            events = [line for line in lines if not line.startswith(NAMES_START)]
            if events:
                return Batch(segment, events, batch_end, header)
            header.offset = batch_end
            continue
        if not data or (live and len(data) < READ_BYTES):
            return None
        # Half a line whose writer has ended, or garbage without a newline: no process will complete it.
        counters.drop("corrupt")
        header.offset += len(data)


class SpooledLines(msgspec.Struct):
    """The unacknowledged lines of a segment, and the names that a tool may have in them; None where it has none."""

    header: Header
    lines: list[bytes]
    tools: frozenset[str] | None


def read_segment(path: str) -> SpooledLines | None:
    """The lines of a segment that another process may write; None for one that can't be read, or is newer."""
    try:
        file = open_private_file(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        header, data = Header.read(file.proven()), os.pread(file.proven(), file.status().st_size, 0)
    except OSError:
        return None
    finally:
        file.close()
    if header.version > FORMAT_VERSION:
        return None
    names = [name for line in data.split(b"\n") if line.startswith(NAMES_START) for name in decode_names(line)]
    data = data[header.offset : data.rfind(b"\n") + 1]
    lines = [line for line in data.split(b"\n") if line and not line.startswith(NAMES_START)]
    lines = lines[1:] if header.offset < HEADER_BYTES and lines else lines
    return SpooledLines(header, lines, frozenset(names) if header.version > 1 else None)

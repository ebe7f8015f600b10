"""Recovery at the start: closes the segments that an earlier process left open, and keeps their numbers of lines."""

import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

from ..runtime import sync_directory
from .line_checksum import has_valid_checksum
from .segment_counts import SegmentCount, SegmentCounts
from .segments import CLOSED, LIVE, SCRATCH, segment_path

_log = logging.getLogger(__name__)

_EARLIER_COUNT = "live.count"
"""What an earlier version had in the journal's folder in place of `SegmentCounts`."""


@dataclass(frozen=True)
class Recovered:
    """The result of a recovery.

    Attributes:
        next_sequence: the number of the next segment.
        lines: the number of lines that were kept.
        cut_bytes: the size of the lines that were torn or fail their checksum.
        damaged: the number of cut lines that end with a newline: not torn by the end of a process, but changed on the
            disk, or not synced at a power failure.
        live_missing: there are segments but no live one, which every process leaves, and it is not known what it had.
    """

    next_sequence: int
    lines: int
    cut_bytes: int
    damaged: int
    live_missing: bool = False


def recover(directory: Path, counts: SegmentCounts | None = None) -> Recovered:
    """Close every open segment, without torn lines and lines that fail their checksum.

    A torn tail was never acknowledged. Lines after a damaged one are kept. Raises OSError when the directory can't be
    used.
    """
    counts = counts or SegmentCounts(directory)
    live_count, closed = counts.live(), counts.closed()
    names, lines, cut, damaged, live = set(), 0, 0, 0, 0
    empty: dict[int, Path] = {}
    for path in sorted(directory.iterdir()):
        if path.suffix == SCRATCH:
            path.unlink()
        elif path.suffix in (LIVE, CLOSED) and path.stem.isdigit():
            names.add(int(path.stem))
            if path.suffix == LIVE and path.is_file():
                live += 1
                kept_lines, cut_bytes, damaged_lines = _close(directory, path)
                lines, cut, damaged = lines + kept_lines, cut + cut_bytes, damaged + damaged_lines
                if not kept_lines:
                    empty[int(path.stem)] = path
    highest = max(names, default=0)
    closed = _expected(live_count, closed, names)
    # The highest number must stay on disk: an empty segment with that number becomes the live one, unless it lost its
    # lines: those of another segment must not have its number.
    reused = None if highest in closed else empty.pop(highest, None)
    for path in empty.values():
        path.unlink()
    sync_directory(directory)
    # An empty directory may have been deleted, and the store may know its numbers: the clock is higher than them.
    next_unused = max(highest or int(time.time()), live_count.sequence, *closed) + 1
    counts.restart(closed.values())
    (directory / _EARLIER_COUNT).unlink(missing_ok=True)
    live_missing = highest > 0 and not live and not live_count.sequence
    return Recovered(highest if reused else next_unused, lines, cut, damaged, live_missing)


def _expected(live: SegmentCount, closed: dict[int, SegmentCount], names: set[int]) -> dict[int, SegmentCount]:
    """The segments that the journal must have, whether it has them or not; `names` are those on disk."""
    highest = max(names, default=0)
    if live.sequence < highest - 1:
        # Each segment begins before the one before it ends. Of older numbers it is not known what was loaded since.
        absent = [number for number, count in closed.items() if number not in names and not count.lost]
        if absent:
            _log.warning("journal: the numbers of lines are older than the segments, so lost ones can't be counted")
        closed = {number: count for number, count in closed.items() if number not in absent}
    elif live.lines:
        closed = {live.sequence: live, **closed}
    return closed


def _close(directory: Path, path: Path) -> tuple[int, int, int]:
    """Close an open segment unless it has no valid line. Returns lines kept, bytes cut, lines damaged."""
    content = path.read_bytes()
    # Not splitlines(): a torn line may hold any byte, and only a newline ends a line.
    *complete, _tail = content.split(b"\n")
    valid = [line for line in complete if has_valid_checksum(line)]
    kept = b"".join(line + b"\n" for line in valid)
    if not kept:
        return 0, len(content), len(complete)
    if content.startswith(kept):
        # Only the tail is torn: truncation needs no space, so a full disk does not prevent the start.
        _truncate(path, len(kept))
        os.rename(path, segment_path(directory, int(path.stem), CLOSED))
    else:
        _replace(directory, path, kept)
    return len(valid), len(content) - len(kept), len(complete) - len(valid)


def _truncate(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(directory: Path, path: Path, kept: bytes) -> None:
    """Write the valid lines to a new file, which replaces the damaged segment."""
    scratch = path.with_suffix(SCRATCH)
    with scratch.open("wb") as file:
        file.write(kept)
        file.flush()
        os.fsync(file.fileno())
    os.rename(scratch, segment_path(directory, int(path.stem), CLOSED))
    path.unlink()

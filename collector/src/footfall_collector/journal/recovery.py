"""Recovery at the start: closes the segments that an earlier process left open."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from ..runtime import sync_directory
from .line_checksum import has_valid_checksum
from .live_count import read_live_count
from .segments import CLOSED, LIVE, SCRATCH, segment_path


@dataclass(frozen=True)
class Recovered:
    """The result of a recovery.

    Attributes:
        next_sequence: the number of the next segment.
        lines: the number of lines that were kept.
        cut_bytes: the size of the lines that were torn or fail their checksum.
        damaged: the number of cut lines that end with a newline: not torn by the end of a process, but changed on the
            disk, or not synced at a power failure.
        live_missing: there are segments but no live one, which every process leaves.
        lost: the number of acknowledged lines of the live segment that are neither kept nor among the damaged ones: it
            was removed, or cut. 0 where that is not known.
    """

    next_sequence: int
    lines: int
    cut_bytes: int
    damaged: int
    live_missing: bool = False
    lost: int = 0


def recover(directory: Path) -> Recovered:
    """Close every open segment, without torn lines and lines that fail their checksum.

    A torn tail was never acknowledged. Lines after a damaged one are kept. Raises OSError when the directory can't be
    used.
    """
    highest, lines, cut, damaged, live = 0, 0, 0, 0, 0
    counted, acknowledged = read_live_count(directory)
    empty: dict[int, Path] = {}
    for path in sorted(directory.iterdir()):
        if path.suffix == SCRATCH:
            path.unlink()
        elif path.suffix in (LIVE, CLOSED) and path.stem.isdigit():
            highest = max(highest, int(path.stem))
            if path.suffix == CLOSED and int(path.stem) == counted:
                acknowledged = 0  # recovered before
            if path.suffix == LIVE and path.is_file():
                live += 1
                kept_lines, cut_bytes, damaged_lines = _close(directory, path)
                lines, cut, damaged = lines + kept_lines, cut + cut_bytes, damaged + damaged_lines
                if int(path.stem) == counted:
                    acknowledged -= kept_lines + damaged_lines
                if not kept_lines:
                    empty[int(path.stem)] = path
    # The highest number must stay on disk: an empty segment with that number becomes the live one.
    reused = empty.pop(highest, None)
    for path in empty.values():
        path.unlink()
    sync_directory(directory)
    # An empty directory may have been deleted, and the store may know its numbers: the clock is higher than them.
    next_unused = max(highest or int(time.time()), counted) + 1
    # The number of an earlier segment says nothing: it may be loaded and deleted.
    lost = max(0, acknowledged) if counted >= highest else 0
    return Recovered(highest if reused else next_unused, lines, cut, damaged, highest > 0 and not live, lost)


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

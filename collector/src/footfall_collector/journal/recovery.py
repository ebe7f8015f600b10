"""What a start does with the segments that an earlier process left behind."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from ..runtime import sync_directory
from .line_checksum import has_valid_checksum
from .segments import CLOSED, LIVE, SCRATCH, segment_path


@dataclass(frozen=True)
class Recovered:
    """What became of segments that were left open.

    Attributes:
        next_sequence: the number to go on with.
        lines: how many were kept.
        cut_bytes: of lines that were not whole or not what was written.
        damaged: how many of those lines have an end: not torn by the end of a process, but changed on the disk, or
            never synced when the power failed.
    """

    next_sequence: int
    lines: int
    cut_bytes: int
    damaged: int


def recover(directory: Path) -> Recovered:
    """Close every segment that was left open, with its whole lines and without what was torn.

    A torn tail was never acknowledged. A line in the middle that fails its checksum is left out too; those after it
    are kept. Raises OSError when the directory can't be used.
    """
    highest, lines, cut, damaged = 0, 0, 0, 0
    empty: dict[int, Path] = {}
    for path in sorted(directory.iterdir()):
        if path.suffix == SCRATCH:
            path.unlink()
        elif path.suffix in (LIVE, CLOSED) and path.stem.isdigit():
            highest = max(highest, int(path.stem))
            if path.suffix == LIVE:
                kept, lost, bad = _close(directory, path)
                lines, cut, damaged = lines + kept, cut + lost, damaged + bad
                if not kept:
                    empty[int(path.stem)] = path
    # The highest number must never leave the disk, so an empty segment that has it becomes the live one.
    reused = empty.pop(highest, None)
    for path in empty.values():
        path.unlink()
    sync_directory(directory)
    # An empty directory may be a deleted one whose numbers the store remembers: the clock is past them.
    following = (highest or int(time.time())) + 1
    return Recovered(highest if reused else following, lines, cut, damaged)


def _close(directory: Path, path: Path) -> tuple[int, int, int]:
    """Turn one open segment into a closed one, unless it has no whole line; lines kept, bytes cut, lines damaged."""
    content = path.read_bytes()
    # Not splitlines(): a torn line may hold any byte, and only a newline ends a line.
    *whole, _tail = content.split(b"\n")
    good = [line for line in whole if has_valid_checksum(line)]
    kept = b"".join(line + b"\n" for line in good)
    if not kept:
        return 0, len(content), len(whole)
    if content.startswith(kept):
        # Only a tail is torn: cutting needs no space, so a full disk doesn't stop the start.
        _truncate(path, len(kept))
        os.rename(path, segment_path(directory, int(path.stem), CLOSED))
    else:
        _replace(directory, path, kept)
    return len(good), len(content) - len(kept), len(whole) - len(good)


def _truncate(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(directory: Path, path: Path, kept: bytes) -> None:
    """Write the good lines beside the damaged segment, then let them take its place."""
    scratch = path.with_suffix(SCRATCH)
    with scratch.open("wb") as file:
        file.write(kept)
        file.flush()
        os.fsync(file.fileno())
    os.rename(scratch, segment_path(directory, int(path.stem), CLOSED))
    path.unlink()

"""What other processes left in a spool directory: taking it over when they are gone, clearing what nobody can use."""

import os
from collections.abc import Container

from ..runtime import Counters
from .segment import COUNT_BYTES, FORMAT, HIDDEN, SUFFIX, Header, Segment, lock, unlink_quietly

LEAST_IDLE_SECONDS = 86_400.0
"""Where locks don't work, a segment is taken over when nobody wrote it for so long."""
MOST_IDLE_SECONDS = 30 * 86_400.0
"""A newer version's segment waits so long for that version."""
HALF_MADE_SECONDS = 3600.0


def bytes_of_others(directory: str, own: Container[str]) -> int:
    """Bytes of the segments that are not our own. `own` holds paths."""
    return sum(_size(entry) for entry in _segments(directory) if entry.path not in own)


def take_over(directory: str, own: Container[str], now: float, counters: Counters) -> list[Segment]:
    """The segments whose processes are gone, oldest first. `own` holds the paths of ours, `now` is epoch seconds."""
    taken = []
    for entry in _segments(directory):
        if entry.path in own:
            continue
        try:
            idle = now - entry.stat().st_mtime
        except OSError:
            continue  # gone in between
        segment = Segment.adopt(entry.path, idle_seconds=idle, least_idle=LEAST_IDLE_SECONDS)
        if segment is not None:
            taken.append(segment)
        elif idle > MOST_IDLE_SECONDS:
            _expire(entry.path, counters)
    _clear_half_made(directory, now)
    return taken


def _segments(directory: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(directory) as entries:
            found = [e for e in entries if e.name.endswith(SUFFIX) and not e.name.startswith(".")]
    except OSError:
        return []
    return sorted(found, key=lambda e: e.name)


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat().st_size
    except OSError:
        return 0


def _expire(path: str, counters: Counters) -> None:
    """Drop a newer version's segment that no process holds."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return
    try:
        if Header.read(descriptor).version > FORMAT and lock(descriptor) is not False:
            size = os.fstat(descriptor).st_size
            lines = sum(os.pread(descriptor, COUNT_BYTES, at).count(b"\n") for at in range(0, size, COUNT_BYTES))
            os.unlink(path)
            counters.drop("expired", max(0, lines - 1))
    except OSError:
        pass  # somebody else was faster
    finally:
        os.close(descriptor)


def _clear_half_made(directory: str, now: float) -> None:
    """Remove what a process was making when it was killed. It holds no event yet."""
    try:
        with os.scandir(directory) as entries:
            old = [e.path for e in entries if e.name.startswith(HIDDEN) and now - e.stat().st_mtime > HALF_MADE_SECONDS]
    except OSError:
        return
    for path in old:
        unlink_quietly(path)

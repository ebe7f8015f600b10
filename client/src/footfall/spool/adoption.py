"""The segments of other processes: adopted once their process has ended, removed once no process can use them."""

import os
from collections.abc import Container

from ..runtime import (
    TEMPORARY_PREFIX,
    Counters,
    check_private_directory,
    open_private_file,
    unlink_quietly,
)
from .header import FORMAT_VERSION, Header
from .segment import COUNT_CHUNK_BYTES, SEGMENT_SUFFIX, Segment, try_lock

MIN_IDLE_SECONDS = 86_400.0
"""Where locks don't work, a segment is adopted when it was not written for this long."""
NEWER_FORMAT_IDLE_SECONDS = 30 * 86_400.0
"""A newer version's segment waits this long for that version."""
INCOMPLETE_AGE_SECONDS = 3600.0


def bytes_of_other_processes(directory: str, own: Container[str]) -> int:
    """Bytes of all segments except those whose paths are in `own`."""
    return sum(_size(entry) for entry in _segments(directory) if entry.path not in own)


def adopt_abandoned(directory: str, own: Container[str], now: float, counters: Counters) -> list[Segment]:
    """Adopt the segments whose processes have ended, oldest first.

    Args:
        directory: the spool.
        own: paths of this process's segments.
        now: epoch seconds.
        counters: count the events of segments that are dropped because no version reads them any more.
    """
    adopted = []
    for entry in _segments(directory):
        if entry.path in own:
            continue
        try:
            idle = now - entry.stat(follow_symlinks=False).st_mtime
        except OSError:
            continue  # removed since the directory was listed
        segment = Segment.adopt(entry.path, idle_seconds=idle, min_idle_seconds=MIN_IDLE_SECONDS)
        if segment is not None:
            adopted.append(segment)
        elif idle > NEWER_FORMAT_IDLE_SECONDS:
            _drop_newer_format(entry.path, counters)
    _remove_incomplete(directory, now)
    return adopted


def _segments(directory: str) -> list["os.DirEntry[str]"]:
    try:
        check_private_directory(directory)
        with os.scandir(directory) as entries:
            segments = [e for e in entries if e.name.endswith(SEGMENT_SUFFIX) and not e.name.startswith(".")]
    except OSError:
        return []
    return sorted(segments, key=lambda e: e.name)


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0


def _drop_newer_format(path: str, counters: Counters) -> None:
    """Drop a newer version's segment that no process holds."""
    try:
        file = open_private_file(path, os.O_RDWR)
    except OSError:
        return
    try:
        if Header.read(file.proven()).version > FORMAT_VERSION and try_lock(file.proven()) is not False:
            starts = range(0, file.status().st_size, COUNT_CHUNK_BYTES)
            lines = sum(os.pread(file.proven(), COUNT_CHUNK_BYTES, start).count(b"\n") for start in starts)
            os.unlink(path)
            counters.drop("expired", max(0, lines - 1))
    except OSError:
        pass  # another process removed it first
    finally:
        file.close()


def _remove_incomplete(directory: str, now: float) -> None:
    """Remove the unfinished segments of processes that were killed while they created one. They hold no event."""
    try:
        check_private_directory(directory)
        with os.scandir(directory) as entries:
            old = [
                e.path
                for e in entries
                if e.name.startswith(TEMPORARY_PREFIX)
                and now - e.stat(follow_symlinks=False).st_mtime > INCOMPLETE_AGE_SECONDS
            ]
    except OSError:
        return
    for path in old:
        unlink_quietly(path)

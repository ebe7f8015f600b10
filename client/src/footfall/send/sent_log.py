"""The local log of all events that were really sent, one a line, for `footfall log`. At most 7 days and 1 MiB.

Two files, `egress.jsonl` and `egress.old.jsonl`: at half the bound the first replaces the second. Entries older than
7 days are removed from both, about once an hour. On a disk that is almost full nothing is logged: the last room is for
events.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ..runtime import open_private_file, read_private_file, write_temporary_file

FILE_BYTES = 512 << 10
MIN_FREE_BYTES = 1 << 20
SENT_LOG_SECONDS = 7 * 86_400
PRUNE_SECONDS = 3600
"""An entry may stay this much longer, so that the file is not rewritten for every event."""
_LOOK_SECONDS = 60
"""How often the ages of the first entries are looked at: while much is sent, not for every batch."""
_FIRST_BYTES = 8 << 10
"""Enough for the first entry."""
_NAMES = ("egress.old.jsonl", "egress.jsonl")


class SentLog:
    """Written by the one process that sends. A log that can't be written never stops sending."""

    def __init__(self, directory: str | None) -> None:
        self._directory = directory
        self._looked_at = -float("inf")

    def append(self, events: Sequence[bytes], sent_at: float) -> None:
        """Log events, which are the JSON objects that were sent; `sent_at` is in epoch seconds."""
        if self._directory is None:
            return
        begin, end = b'{"sent":%d,"event":' % sent_at, b"}\n"
        pieces = [end + begin] * (2 * len(events) + 1)
        pieces[0], pieces[-1] = begin, end
        pieces[1::2] = events
        lines = b"".join(pieces)
        old, current = (os.path.join(self._directory, name) for name in _NAMES)
        try:
            if _free_bytes(self._directory) < MIN_FREE_BYTES:
                return
            self._rotate(old, current, len(lines), sent_at)
            file = open_private_file(current, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
            try:
                os.write(file.proven(), lines)
            finally:
                file.close()
        except OSError:
            return

    def _rotate(self, old: str, current: str, added_bytes: int, now: float) -> None:
        try:
            if os.stat(current).st_size + added_bytes > FILE_BYTES:
                os.replace(current, old)
        except FileNotFoundError:
            return
        if abs(now - self._looked_at) < _LOOK_SECONDS:  # also where the clock was set back
            return
        self._looked_at = now
        for path in (old, current):
            first = next(_entries(path, _FIRST_BYTES), None)
            if first is not None and now - first["sent"] > SENT_LOG_SECONDS + PRUNE_SECONDS:
                _prune(path, now)

    def read(self, now: float) -> Iterator[dict[str, Any]]:
        """The events of the last 7 days, oldest first: `{"sent": epoch seconds, "event": {…}}`."""
        if self._directory is None:
            return
        for name in _NAMES:
            for entry in _entries(os.path.join(self._directory, name)):
                if now - entry["sent"] <= SENT_LOG_SECONDS:
                    yield entry


def _free_bytes(directory: str) -> int:
    try:
        file_system = os.statvfs(directory)
    except AttributeError:  # pragma: no cover - Windows
        return MIN_FREE_BYTES
    return file_system.f_bavail * file_system.f_frsize


def _prune(path: str, now: float) -> None:
    """Rewrite a file without its old entries; unlink it if none is left. Raises OSError."""
    lines = b"".join(
        msgspec.json.encode(entry) + b"\n" for entry in _entries(path) if now - entry["sent"] <= SENT_LOG_SECONDS
    )
    if not lines:
        os.unlink(path)
        return
    os.replace(write_temporary_file(os.path.dirname(path), lines), path)


def _entries(path: str, max_bytes: int = 2 * FILE_BYTES) -> Iterator[dict[str, Any]]:
    try:
        lines = read_private_file(path, max_bytes).splitlines()
    except OSError:
        return
    for line in lines:
        try:
            entry = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue  # a line that a crash cut short
        if type(entry) is dict and type(entry.get("sent")) is int:
            yield entry

"""The local log of what was really sent, one event a line, for `footfall log`. At most 7 days and 1 MiB.

Two files, `egress.jsonl` and `egress.old.jsonl`: the first becomes the second at half the bound. What is older than
that is taken out of both, about once an hour. On a disk that is almost full nothing is noted: the last room is for
events.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

FILE_BYTES = 512 << 10
LEAST_FREE_BYTES = 1 << 20
KEPT_SECONDS = 7 * 86_400
PRUNE_SECONDS = 3600
"""How much longer a line may stay in a file, so that the file is not written anew for every event."""
_NAMES = ("egress.old.jsonl", "egress.jsonl")


class Egress:
    """Written by the one process that ships at a time. A log that can't be written never stops sending."""

    def __init__(self, directory: str | None) -> None:
        self._directory = directory

    def append(self, events: Iterable[bytes], sent_at: float) -> None:
        """Note events, which are JSON objects, as they were sent; `sent_at` in seconds since the epoch."""
        if self._directory is None:
            return
        lines = b"".join(b'{"sent":%d,"event":%s}\n' % (sent_at, event) for event in events)
        old, current = (os.path.join(self._directory, name) for name in _NAMES)
        try:
            if _free(self._directory) < LEAST_FREE_BYTES:
                return
            self._rotate(old, current, len(lines), sent_at)
            descriptor = os.open(current, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            try:
                os.write(descriptor, lines)
            finally:
                os.close(descriptor)
        except OSError:
            return

    def _rotate(self, old: str, current: str, more: int, now: float) -> None:
        try:
            if os.stat(current).st_size + more > FILE_BYTES:
                os.replace(current, old)
        except FileNotFoundError:
            return
        for path in (old, current):
            first = next(_entries(path), None)
            if first is not None and now - first["sent"] > KEPT_SECONDS + PRUNE_SECONDS:
                _prune(path, now)

    def read(self, now: float) -> Iterator[dict[str, Any]]:
        """What was sent in the last 7 days, oldest first: `{"sent": epoch seconds, "event": {…}}`."""
        if self._directory is None:
            return
        for name in _NAMES:
            for entry in _entries(os.path.join(self._directory, name)):
                if now - entry["sent"] <= KEPT_SECONDS:
                    yield entry


def _free(directory: str) -> int:
    try:
        room = os.statvfs(directory)
    except AttributeError:  # pragma: no cover - Windows
        return LEAST_FREE_BYTES
    return room.f_bavail * room.f_frsize


def _prune(path: str, now: float) -> None:
    """Write a file anew without what is too old; a file of which nothing is left goes. Raises OSError."""
    kept = b"".join(
        msgspec.json.encode(entry) + b"\n" for entry in _entries(path) if now - entry["sent"] <= KEPT_SECONDS
    )
    if not kept:
        os.unlink(path)
        return
    descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=os.path.dirname(path))
    with os.fdopen(descriptor, "wb") as file:
        file.write(kept)
    os.replace(temporary, path)


def _entries(path: str) -> Iterator[dict[str, Any]]:
    try:
        with open(path, "rb") as lines:
            for line in lines:
                try:
                    entry = msgspec.json.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    continue  # the line that a crash cut short
                if type(entry) is dict and type(entry.get("sent")) is int:
                    yield entry
    except OSError:
        return

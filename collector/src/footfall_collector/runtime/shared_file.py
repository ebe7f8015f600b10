"""A small JSON file that the running collector and the command line share, such as the list of write keys.

A writer replaces the whole file under a lock; a reader looks for a change at most once a second.
"""

import fcntl
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from .durable_files import copy_path, read_copy, replace_with_copy

T = TypeVar("T", bound=msgspec.Struct)

_CHECK_SECONDS = 1.0


class SharedFile(Generic[T]):
    """One such file.

    Args:
        path: the file; its lock is next to it.
        content_type: the type of the content; made without arguments it stands for a missing file.
        unreadable: makes the error for a file that was never readable, from a sentence.
        clock: monotonic seconds.

    Attributes:
        content: as last read. Not to be changed in place: a change counts once it is on disk.
    """

    def __init__(
        self, path: Path, content_type: type[T], unreadable: Callable[[str], Exception], clock: Callable[[], float]
    ) -> None:
        self._path, self._content_type, self._unreadable, self._clock = path, content_type, unreadable, clock
        self._stamp: tuple[int, int] | None = None
        self._checked_at = float("-inf")
        self.content = content_type()

    def check_due(self) -> bool:
        """Whether it is time to look for a change; True at most once a second."""
        now = self._clock()
        if now - self._checked_at < _CHECK_SECONDS:
            return False
        self._checked_at = now
        return True

    def refresh(self) -> bool:
        """Read the file again where it changed, and return whether it did. Raises the error of `unreadable`.

        A readable content stays where an unreadable one follows it; the next change is read again.
        """
        try:
            stat = os.stat(self._path)
        except FileNotFoundError:
            if self._stamp is None and read_copy(self._path) is not None:
                raise self._unreadable(f"{self._path} is missing: {self._remedy()}") from None
            changed, self._stamp, self.content = self._stamp is not None, None, self._content_type()
            return changed
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp == self._stamp:
            return False
        try:
            self.content = msgspec.json.decode(self._path.read_bytes(), type=self._content_type)
        except (OSError, msgspec.DecodeError, ValueError):
            if self._stamp is not None:
                return False
            raise self._unreadable(f"{self._path} can't be read: {self._remedy()}") from None
        self._stamp = stamp
        return True

    def _remedy(self) -> str:
        copy = copy_path(self._path)
        if read_copy(self._path) is None:
            return "restore it, or delete it"
        # The copy's last line is its checksum.
        take = f"head -n -1 {shlex.quote(str(copy))} > {shlex.quote(str(self._path))}"
        return f"restore it from its copy ({take}), or delete both"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from changing the file. Raises OSError."""
        with open(self._path.with_suffix(".lock"), "w", opener=_open_private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def replace(self, content: T) -> None:
        """Write the whole file; to be called within `locked`. Raises OSError; then nothing has changed."""
        replace_with_copy(self._path, msgspec.json.format(msgspec.json.encode(content)) + b"\n")
        self._stamp = None
        self.refresh()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

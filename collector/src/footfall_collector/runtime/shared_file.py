"""A small JSON file that the running collector and the command line share, such as the list of write keys.

Whoever changes it replaces it whole, under a lock; a reader looks again at most once a second.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from .durable_files import replace_file

T = TypeVar("T", bound=msgspec.Struct)

_LOOK_AGAIN_SECONDS = 1.0


class SharedFile(Generic[T]):
    """One such file.

    Args:
        path: where it is; its lock is beside it.
        kind: what it holds; made without arguments it is what a missing file means.
        unreadable: makes the error for a file that was never good, from a sentence.
        clock: seconds that only grow.

    Attributes:
        content: what was last read. It is not to be changed in place: a change counts once it is on disk.
    """

    def __init__(
        self, path: Path, kind: type[T], unreadable: Callable[[str], Exception], clock: Callable[[], float]
    ) -> None:
        self._path, self._kind, self._unreadable, self._clock = path, kind, unreadable, clock
        self._stamp: tuple[int, int] | None = None
        self._looked = float("-inf")
        self.content = kind()

    def due(self) -> bool:
        """Whether it is time to look again; at most once a second."""
        now = self._clock()
        if now - self._looked < _LOOK_AGAIN_SECONDS:
            return False
        self._looked = now
        return True

    def refresh(self) -> bool:
        """Read it again where it changed; whether it did. Raises what `unreadable` makes.

        Where a good one is followed by one that can't be read, the good one stays; the next change is looked at again.
        """
        try:
            stat = os.stat(self._path)
        except FileNotFoundError:
            changed, self._stamp, self.content = self._stamp is not None, None, self._kind()
            return changed
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp == self._stamp:
            return False
        try:
            self.content = msgspec.json.decode(self._path.read_bytes(), type=self._kind)
        except (OSError, msgspec.DecodeError, ValueError):
            if self._stamp is not None:
                return False
            raise self._unreadable(f"{self._path} can't be read: restore it, or delete it") from None
        self._stamp = stamp
        return True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else changes it meanwhile. Raises OSError."""
        with open(self._path.with_suffix(".lock"), "w", opener=_private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def replace(self, content: T) -> None:
        """Write it whole; to be called within `locked`. Raises OSError; nothing has changed then."""
        replace_file(self._path, msgspec.json.format(msgspec.json.encode(content)) + b"\n")
        self._stamp = None
        self.refresh()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

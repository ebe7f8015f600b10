"""A small JSON file that the running collector and the command line share, such as the list of write keys.

A writer replaces the whole file under a lock; a reader looks for a change at most once a second. The file has a
checksum, so that another key or token than the written one, by a damaged disk or an editor, is not accepted unnoticed.
"""

import fcntl
import logging
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from .durable_files import (
    copy_path,
    has_checksum_of_content,
    read_copy,
    read_regular_file,
    replace_with_copy,
    with_checksum,
)

_log = logging.getLogger(__name__)

T = TypeVar("T", bound=msgspec.Struct)

_CHECK_SECONDS = 1.0


class _UnusableError(Exception):
    """The file's content can't be used; the message says what to do."""


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
        self._unusable: tuple[int, int] | None = None
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
        if stamp in (self._stamp, self._unusable):
            return False
        try:
            self.content = self._decoded(read_regular_file(self._path))
        except _UnusableError as error:
            if self._stamp is None:
                raise self._unreadable(str(error)) from None
            # Once for each change.
            self._unusable = stamp
            _log.error("%s; what was read before still counts", error)
            return False
        except OSError:
            if self._stamp is None:
                raise self._unreadable(f"{self._path} can't be read: {self._remedy()}") from None
            return False
        self._stamp = stamp
        return True

    def _decoded(self, content: bytes) -> T:
        """Raises _UnusableError for a damaged file, and for one that something else changed."""
        try:
            decoded = msgspec.json.decode(content, type=self._content_type)
        except (msgspec.DecodeError, ValueError):
            raise _UnusableError(f"{self._path} can't be read: {self._remedy()}") from None
        if has_checksum_of_content(content):
            return decoded
        # Earlier versions wrote no checksum, and perhaps no copy.
        copy = read_copy(self._path)
        if copy is None and b'"crc32"' in content:
            _log.warning("%s was changed by something else than footfall-collector, and has no copy", self._path)
        elif copy not in (None, content):
            accept = f"rm {shlex.quote(str(copy_path(self._path)))}"
            raise _UnusableError(
                f"{self._path} was damaged, or changed by something else than footfall-collector: {self._remedy()}; "
                f"if you changed it, accept that by: {accept}"
            )
        return decoded

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
        replace_with_copy(self._path, with_checksum(msgspec.json.format(msgspec.json.encode(content))))
        self._stamp = None
        self.refresh()


def _open_private(path: str, flags: int) -> int:
    # A pipe in place of the file must not keep its writer waiting.
    return os.open(path, flags | os.O_NONBLOCK, 0o600)

"""The annotations of a data directory: few, in one small file that the running collector and the command line share."""

import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from ...runtime import SharedFile, read_copy
from .annotation import MAX_ANNOTATIONS, Annotation, AnnotationError, AnnotationsFile, clean_text, moment

_log = logging.getLogger(__name__)

FILE = "annotations.json"
_MAX_DELIVERIES = 1000


class AnnotationList:
    """The list, safe on any thread. A change is on disk, and in a second copy, before it is in the list.

    A file that can't be read stops no start: its copy counts, which the log says once.

    Args:
        data: the data directory.
        clock: monotonic seconds.
        now: epoch seconds.
    """

    def __init__(
        self, data: Path, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time
    ) -> None:
        self._path, self._now = data / FILE, now
        self._file = SharedFile(self._path, AnnotationsFile, AnnotationError, clock)
        self._lock = threading.Lock()
        self._content = AnnotationsFile()
        self._changes, self._logged_problem = 0, ""

    @property
    def revision(self) -> int:
        """A number that changes with the list; the file is looked at once a second."""
        with self._lock:
            if self._file.check_due():
                self._read()
            return self._changes

    def all(self) -> list[Annotation]:
        """Every annotation, the earliest first."""
        with self._lock:
            self._read()
            return sorted(self._content.annotations, key=lambda each: (each.at, each.id))

    def between(self, product: str, start: str, end: str) -> list[Annotation]:
        """Those of a product or of all products from `start` until before `end`, RFC 3339 in UTC, earliest first."""
        return [each for each in self.all() if each.product in ("", product) and start <= each.at < end]

    def add(self, text: str, at: str = "", product: str = "", by: str = "command line") -> Annotation:
        """Add one at a UTC day or time; empty is now. Raises AnnotationError or OSError."""
        added = Annotation(secrets.token_hex(6), moment(at, self._now()), clean_text(text), product, by)
        with self._lock, self._file.locked():
            self._read()
            self._append(added)
        return added

    def add_delivered(self, text: str, at: str, product: str, delivery: str) -> bool:
        """Add a release of GitHub's delivery, and return whether it is new. Raises AnnotationError or OSError.

        A delivery counts once, and so does a release of a product: GitHub may deliver both again.
        """
        identity = hashlib.sha256(f"{product}\n{text}".encode()).hexdigest()[:12]
        added = Annotation(identity, moment(at, self._now()), clean_text(text), product, "GitHub")
        with self._lock, self._file.locked():
            self._read()
            known = any(each.id == identity for each in self._content.annotations)
            if known or delivery in self._content.deliveries:
                return False
            self._append(added, delivery)
        return True

    def remove(self, identity: str) -> None:
        """Remove one. Raises AnnotationError where there is none of this ID, or OSError."""
        with self._lock, self._file.locked():
            self._read()
            remaining = [each for each in self._content.annotations if each.id != identity]
            if len(remaining) == len(self._content.annotations):
                raise AnnotationError(
                    "there is no annotation of this ID; `footfall-collector annotations list` shows them"
                )
            self._write(AnnotationsFile(annotations=remaining, deliveries=self._content.deliveries))

    def _append(self, added: Annotation, delivery: str = "") -> None:
        if len(self._content.annotations) >= MAX_ANNOTATIONS:
            raise AnnotationError(f"there are {MAX_ANNOTATIONS} annotations, which is the most; remove some first")
        deliveries = [*self._content.deliveries, *([delivery] if delivery else [])][-_MAX_DELIVERIES:]
        self._write(AnnotationsFile(annotations=[*self._content.annotations, added], deliveries=deliveries))

    def _write(self, content: AnnotationsFile) -> None:
        self._file.replace(content)
        self._content = content
        self._changes += 1

    def _read(self) -> None:
        before = self._content
        try:
            self._file.refresh()
            self._content = self._file.content
        except AnnotationError as error:
            if str(error) != self._logged_problem:
                self._logged_problem = str(error)
                _log.error("annotations: %s; until then its copy counts", error)
            self._content = self._copied()
        self._changes += self._content.annotations != before.annotations

    def _copied(self) -> AnnotationsFile:
        try:
            return msgspec.json.decode(read_copy(self._path) or b"{}", type=AnnotationsFile)
        except (msgspec.DecodeError, ValueError):
            return AnnotationsFile()

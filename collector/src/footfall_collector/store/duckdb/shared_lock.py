"""A lock for many readers, or for one thread that changes the files."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class SharedLock:
    """Readers hold it together. A thread that wants it exclusively waits for them and makes new readers wait.

    Attributes:
        changes: how often it was held exclusively.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._condition = threading.Condition()
        self._readers = 0
        self._exclusive = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        with self._condition:
            self._condition.wait_for(lambda: not self._exclusive)
            self._readers += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers -= 1
                self._condition.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._condition:
            self._condition.wait_for(lambda: not self._exclusive)
            self._exclusive = True
            self._condition.wait_for(lambda: self._readers == 0)
        try:
            yield
        finally:
            with self._condition:
                self.changes += 1
                self._exclusive = False
                self._condition.notify_all()

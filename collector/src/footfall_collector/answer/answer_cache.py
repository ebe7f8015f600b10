"""Answers that are kept while the store's answers can't have changed, up to a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_rows_of_answer: ContextVar[dict[Hashable, Any] | None] = ContextVar("rows_of_answer", default=None)


@contextmanager
def one_answer() -> Iterator[None]:
    """The work of one answer on this thread: it reads the same rows once, also if the store changes meanwhile."""
    token = _rows_of_answer.set({})
    try:
        yield
    finally:
        _rows_of_answer.reset(token)


def rows_of_answer() -> dict[Hashable, Any]:
    """Question to the rows that this answer has read; of no use outside `one_answer`."""
    rows = _rows_of_answer.get()
    return {} if rows is None else rows


class AnswerCache:
    """The latest used answers of one revision of the store. Safe to use from many threads.

    Args:
        max_bytes: of all answers together; an answer of more than a quarter of them is not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._revision: Hashable = None
        self._answers: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self.bytes = 0

    def get(self, question: Hashable, revision: Hashable) -> Any | None:
        """The answer; None where it is not kept or of another revision."""
        with self._lock:
            if revision != self._revision or question not in self._answers:
                return None
            self._answers.move_to_end(question)
            return self._answers[question][0]

    def put(self, question: Hashable, revision: Hashable, answer: Any, size: int) -> None:
        """Keep an answer of `size` bytes that was read at `revision` or later. Those of other revisions are dropped."""
        with self._lock:
            if revision != self._revision:
                self._answers.clear()
                self._revision, self.bytes = revision, 0
            if size > self._max_bytes // 4:
                return
            _, replaced = self._answers.pop(question, (None, 0))
            self._answers[question] = answer, size
            self.bytes += size - replaced
            while self.bytes > self._max_bytes:
                _, (_, dropped) = self._answers.popitem(last=False)
                self.bytes -= dropped

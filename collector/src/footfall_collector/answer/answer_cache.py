"""Answers that are kept while the store's answers can't have changed, up to a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Result = TypeVar("Result")
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


class SharedResults:
    """The latest results that several answers are made of, of one revision of the store. Safe to use from many threads.

    Whoever wants a result that another thread computes waits for it: two of them at a time would each take twice as
    long.

    Args:
        most: results that are kept.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._revision: Hashable = None
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._computing: dict[Hashable, threading.Lock] = {}

    def get(self, question: Hashable, revision: Hashable, compute: Callable[[], Result]) -> Result:
        """The result of a question, computed if none of this revision is kept. Raises what `compute` does."""
        with self._lock:
            turn = self._computing.setdefault(question, threading.Lock())
        with turn:
            with self._lock:
                if revision == self._revision and question in self._results:
                    self._results.move_to_end(question)
                    result: Result = self._results[question]
                    return result
            try:
                result = compute()
                self._keep(question, revision, result)
                return result
            finally:
                with self._lock:
                    self._computing.pop(question, None)

    def _keep(self, question: Hashable, revision: Hashable, result: Any) -> None:
        with self._lock:
            if revision != self._revision:
                self._results.clear()
                self._revision = revision
            self._results[question] = result
            if len(self._results) > self._most:
                self._results.popitem(last=False)

"""Answers that are kept while the store's answers can't have changed, up to a number of bytes."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

from .interpreter_turn import locked

SLOW_SECONDS, PAUSE_FACTOR, MAX_PAUSE_SECONDS = 0.3, 10.0, 60.0
"""A shared result that took longer than the first stands for so many times as long, and at most for the last."""

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


class _Kept(NamedTuple):
    """A result; until that time it stands for later revisions too, but not for later deletions."""

    revision: Hashable
    deletions: Hashable
    result: Any
    until: float


class SharedResults:
    """The latest results that several answers are made of. Safe to use from many threads.

    A result is that of the store's present revision, unless it took long: then it stands for `PAUSE_FACTOR` times as
    long, a minute at most, whatever is loaded meanwhile. Otherwise a busy store would be searched again for every page.

    Whoever wants a result that another thread computes waits for it: two of them at a time would each take twice as
    long.

    Args:
        most: results that are kept.
        clock: in seconds.
        work: the seconds that this thread has worked; waiting for others makes no result a slow one.
        deletions: another value after each deletion of an instance, which no earlier result outlives.
    """

    def __init__(
        self,
        most: int,
        clock: Callable[[], float] = time.monotonic,
        work: Callable[[], float] = time.thread_time,
        deletions: Callable[[], Hashable] = lambda: 0,
    ) -> None:
        self._most, self._clock, self._work, self._lock = most, clock, work, threading.Lock()
        self._deletions = deletions
        self._results: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._computing: dict[Hashable, threading.Lock] = {}

    def get(
        self,
        question: Hashable,
        revision: Hashable,
        compute: Callable[[], Result],
        suffices: Callable[[Result], bool] = lambda _: True,
    ) -> Result:
        """The result of a question, computed if none is kept. Raises what `compute` does.

        One of an earlier revision is of use only where it `suffices`.
        """
        with self._lock:
            computing = self._computing.setdefault(question, threading.Lock())
        with locked(computing):
            try:
                deletions = self._deletions()
                with self._lock:
                    self._drop_before(deletions)
                    kept = self._results.get(question)
                    if kept is not None and (
                        kept.revision == revision or (self._clock() < kept.until and suffices(kept.result))
                    ):
                        self._results.move_to_end(question)
                        result: Result = kept.result
                        return result
                began = self._work()
                result = compute()
                self._keep(question, (revision, deletions), result, self._work() - began)
                return result
            finally:
                with self._lock:
                    self._computing.pop(question, None)

    def _drop_before(self, deletions: Hashable) -> None:
        """Drop the results that were begun before the latest deletion."""
        for question in [name for name, kept in self._results.items() if kept.deletions != deletions]:
            del self._results[question]

    def _keep(self, question: Hashable, made_of: tuple[Hashable, Hashable], result: Any, took: float) -> None:
        stands = min(took * PAUSE_FACTOR, MAX_PAUSE_SECONDS) if took > SLOW_SECONDS else 0.0
        with self._lock:
            self._results[question] = _Kept(*made_of, result, self._clock() + stands)
            self._results.move_to_end(question)
            if len(self._results) > self._most:
                self._results.popitem(last=False)

"""The gate of reading: two questions are answered at a time, a bounded number waits, and equal ones share an answer.

Ingestion comes first. The two threads of the gate do all work of reading, from the query to the bytes of the answer, so
that the interpreter never has more than two of them to give turns to; the system's scheduler prefers other threads.
"""

import contextlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from ...runtime import Status
from ...store import Interruption, QueryStoppedError
from .answer_cache import AnswerCache, one_answer
from .interpreter_turn import InterpreterTurn

RUNNING = 2
"""Questions that are answered at the same time."""
WAITING = 100
"""Different questions that may wait."""
WAIT_SECONDS = 15.0
"""How long a question waits before it is refused."""
RETRY_SECONDS = 2
CACHE_BYTES = 8 << 20
NICENESS = 10
"""Added to that of the process, which is 19 at most."""
_WATCH_SECONDS = 0.1


class BusyError(Exception):
    """Too many questions wait, or one took too long; the message says so. `retry_after` is in seconds."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.retry_after = RETRY_SECONDS


@dataclass(eq=False)
class Reading:
    """One question on its way. `answer` gets the result.

    Attributes:
        question: equal questions share an answer; None for one that is never shared.
        size_of: gives the bytes of an answer that may be kept, or None; None where none may.
        askers: how many wait for the answer.
        revision: of the store when the work began; None before.
    """

    work: Callable[[], Any]
    question: Hashable = None
    size_of: Callable[[Any], int | None] | None = None
    answer: "Future[Any]" = field(default_factory=Future)
    interruption: Interruption = field(default_factory=Interruption)
    askers: int = 1
    revision: Hashable = None
    begins_by: float = 0.0
    ends_by: float = float("inf")
    timed_out: bool = False


class ReadGate:
    """Answers questions on two threads of its own. Safe to use from many threads.

    Args:
        revision: of the store; see `Store.revision`.
        seconds: the longest time for one question.
        status: counts refused questions.
        waiting: how many may wait.
        wait_seconds: the longest wait.
    """

    def __init__(
        self,
        revision: Callable[[], Hashable],
        seconds: float,
        status: Status | None = None,
        waiting: int = WAITING,
        wait_seconds: float = WAIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._revision, self._seconds, self._clock = revision, seconds, clock
        self._max_waiting, self._wait_seconds = waiting, wait_seconds
        self._changed = threading.Condition()
        self._waiting: deque[Reading] = deque()
        self._running: set[Reading] = set()
        self._shared: dict[Hashable, Reading] = {}
        self._cache = AnswerCache(CACHE_BYTES)
        self._stopping = False
        self._turn = InterpreterTurn()
        self._pause = threading.Event()
        self._threads: list[threading.Thread] = []
        self._status = status or Status()
        self._status.add_gauge("questions_waiting", lambda: float(len(self._waiting)))

    def is_idle(self) -> bool:
        """Whether no question is answered now."""
        return not self._running

    def start(self) -> None:
        for number in range(RUNNING):
            self._threads.append(threading.Thread(target=self._work, name=f"footfall-read-{number}", daemon=True))
        self._threads.append(threading.Thread(target=self._watch, name="footfall-read-watch", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop what runs, refuse what waits, and end the threads."""
        with self._changed:
            self._stopping = True
            self._pause.set()
            waiting = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        for reading in waiting:
            reading.answer.set_exception(BusyError("The collector is stopping."))
        while any(thread.is_alive() for thread in self._threads):
            with self._changed:
                for reading in self._running:
                    # Again and again: the engine misses it right before a query begins.
                    reading.interruption.stop()
            for thread in self._threads:
                thread.join(_WATCH_SECONDS)

    def ask(
        self,
        work: Callable[[], Any],
        question: Hashable = None,
        size_of: Callable[[Any], int | None] | None = None,
        first: bool = False,
    ) -> Reading:
        """Join an equal question that waits, or runs since the last change of the store; else queue a new one.

        `first` puts it before the others that wait. Raises BusyError. Call `leave` if the answer isn't waited for.
        """
        with self._changed:
            revision = self._revision()
            if question is not None:
                if (kept := self._cache.get(question, revision)) is not None:
                    reading = Reading(work)
                    reading.answer.set_result(kept)
                    return reading
                shared = self._shared.get(question)
                if shared and shared.revision in (None, revision):
                    shared.askers += 1
                    return shared
            if self._stopping or len(self._waiting) >= self._max_waiting:
                self._status.increment("questions_refused", reason="too_many")
                raise BusyError("Too many questions wait for an answer; ask again in a moment.")
            reading = Reading(work, question, size_of, begins_by=self._clock() + self._wait_seconds)
            if question is not None:
                self._shared[question] = reading
            (self._waiting.appendleft if first else self._waiting.append)(reading)
            self._changed.notify_all()
            return reading

    def answer(self, work: Callable[[], Any]) -> Any:
        """The result of `work`, on a thread of the gate, for callers that may block. Raises BusyError."""
        return self.ask(work).answer.result()

    def leave(self, reading: Reading) -> None:
        """One asker less. Where nobody is left, a waiting question is dropped and a running one stopped."""
        with self._changed:
            reading.askers -= 1
            if reading.askers or reading.answer.done():
                return
            self._forget(reading)
            reading.interruption.stop()
            with contextlib.suppress(ValueError):
                self._waiting.remove(reading)

    def _forget(self, reading: Reading) -> None:
        if self._shared.get(reading.question) is reading:
            del self._shared[reading.question]

    def _work(self) -> None:
        _prefer_other_threads()
        while reading := self._next():
            self._answer(reading)
            del reading  # while this thread waits, nothing keeps the answer

    def _next(self) -> Reading | None:
        """The question that waits longest, None once the gate stops."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            if self._stopping:
                return None
            reading = self._waiting.popleft()
            # Read before the work begins: a change during it makes the answer one that is not kept.
            reading.revision = self._revision()
            reading.ends_by = self._clock() + self._seconds
            self._running.add(reading)
            self._changed.notify_all()
        return reading

    def _answer(self, reading: Reading) -> None:
        result: Any = None
        error: Exception | None = None
        try:
            with reading.interruption.work(), one_answer(), self._turn.held():
                result = reading.work()
        except QueryStoppedError as stopped:
            error = self._too_long() if reading.timed_out else stopped
        except Exception as failure:  # noqa: BLE001 - the asker gets it, whatever it is
            error = failure
        with self._changed:
            self._running.discard(reading)
            self._forget(reading)
            size = reading.size_of(result) if error is None and reading.size_of else None
            if reading.question is not None and size is not None:
                self._cache.put(reading.question, reading.revision, result, size)
        if error is None:
            reading.answer.set_result(result)
        else:
            reading.answer.set_exception(error)
        # An error's traceback refers to this frame: they would keep all rows of the question until garbage is searched.
        del error, reading

    def _too_long(self) -> BusyError:
        self._status.increment("questions_refused", reason="took_too_long")
        limit = f"{self._seconds:g} s (query_seconds)"
        return BusyError(f"The answer took longer than {limit} and was given up; ask for a shorter range.")

    def _watch(self) -> None:
        """Stop questions that run too long, and refuse those that wait too long."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self._waiting or self._running)
                if self._stopping:
                    return
                now = self._clock()
                late = [reading for reading in self._waiting if reading.begins_by <= now]
                for reading in late:
                    self._waiting.remove(reading)
                    self._forget(reading)
                for reading in self._running:
                    if reading.ends_by <= now or not reading.askers:
                        # Again at each look: the engine may miss it between two queries.
                        reading.timed_out = reading.ends_by <= now
                        reading.interruption.stop()
            for reading in late:
                self._status.increment("questions_refused", reason="waited")
                reading.answer.set_exception(BusyError("The answer can't be computed in time; ask again in a moment."))
            self._pause.wait(_WATCH_SECONDS)


def _prefer_other_threads() -> None:
    """Where the system can do that for one thread, which needs no right."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            niceness = os.getpriority(os.PRIO_PROCESS, thread) + NICENESS
            os.setpriority(os.PRIO_PROCESS, thread, min(niceness, 19))

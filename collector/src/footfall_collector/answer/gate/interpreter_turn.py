"""Of the threads that answer questions, one at a time runs Python; the other one's query may run meanwhile.

The interpreter has one lock for all threads. A thread that computes for seconds, such as one that judges releases,
gives it away twice a millisecond, and then the event loop or the journal's thread goes on, unless another such thread
is quicker. An acknowledgement needs the lock about ten times: beside two threads that computed it took up to 0.6 s,
beside one 50 ms at most. Two are no faster than one, since only one of them can run.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_WAIT_SECONDS = 0.5
"""A thread with the turn may wait for another lock, of a thread without it: after this time that one goes on."""


class InterpreterTurn:
    """The turn of one gate. `held` is entered around each question, `turn_given_up` around its waiting."""

    def __init__(self) -> None:
        self._changes = threading.Lock()
        self._is_free = True
        # A lock of each thread that waits, released when it gets the turn. Whoever waits longest is the next: a single
        # lock may go to the thread that released it, again and again.
        self._waiting: deque[threading.Lock] = deque()

    @property
    def waiting(self) -> int:
        """How many threads wait for it."""
        return len(self._waiting)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the turn, and give it back in the end."""
        _turns.turn = self
        self.wait_for_turn()
        try:
            yield
        finally:
            self.give_up()
            _turns.turn = None

    def wait_for_turn(self) -> None:
        """Wait for the turn of this thread, which may have it already: waiting can be within waiting."""
        if not _turns.is_held:
            _turns.is_held = self._is_given()

    def _is_given(self) -> bool:
        """Wait for the turn; False after the longest time."""
        given = threading.Lock()
        with self._changes:
            if self._is_free:
                self._is_free = False
                return True
            given.acquire()
            self._waiting.append(given)
        if given.acquire(timeout=LONGEST_WAIT_SECONDS):
            return True
        with self._changes:
            if given in self._waiting:
                self._waiting.remove(given)
                return False
        return True  # given after the time, before this thread stopped waiting

    def give_up(self) -> None:
        """Let another thread have it."""
        if not _turns.is_held:
            return
        _turns.is_held = False
        with self._changes:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_free = True


class _Turns(threading.local):
    """The turn of the thread: of which gate, and whether it has it."""

    turn: InterpreterTurn | None = None
    is_held = False


_turns = _Turns()


@contextmanager
def locked(lock: threading.Lock) -> Iterator[None]:
    """Hold a lock within which questions are asked: who waits for it gives the turn up to the thread that has it."""
    with turn_given_up():
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def turn_given_up() -> Iterator[None]:
    """While this thread waits, for the engine or for another thread. Without a gate, nothing."""
    turn = _turns.turn
    if turn is None:
        yield
        return
    turn.give_up()
    try:
        yield
    finally:
        turn.wait_for_turn()

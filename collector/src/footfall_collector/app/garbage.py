"""When cyclic garbage is looked for: while no question is answered, instead of in the middle of one.

Python searches all objects for unreachable cycles whenever enough new ones are there, and holds the interpreter
meanwhile. A question that has a few hundred thousand rows in hand starts several such searches, each of 40 to 250 ms,
and no request is taken during one. Therefore only new objects are searched automatically, a few milliseconds at a time;
the rest is searched between questions.
"""

import gc
import threading
import time
from collections.abc import Callable

NEW_OBJECTS = 20_000
"""The new objects that start a search of these alone: about 1 ms."""
_NEVER = 1 << 30
PAUSE_SECONDS = 10.0
"""Between two searches of everything; they take a few milliseconds where no question is answered."""
LATEST_SECONDS = 60.0
"""Where questions are answered without a break, everything is searched all the same after this time."""
_LOOK_SECONDS = 0.5


class GarbageSearch:
    """Begin it when all objects that live until the end are there; they are never searched.

    Args:
        is_idle: whether no question is answered now.
        clock: monotonic seconds.
    """

    def __init__(self, is_idle: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._is_idle, self._clock = is_idle, clock
        self._searched_at = clock()
        self._usual = gc.get_threshold()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="footfall-garbage", daemon=True)

    def begin(self) -> None:
        """Until `end`, this decides for the whole process."""
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS, _NEVER, _NEVER)
        self._thread.start()

    def end(self) -> None:
        """Python decides again."""
        self._over.set()
        self._thread.join()
        gc.set_threshold(*self._usual)
        # DuckDB's binding complains on stderr about objects that outlive the interpreter.
        gc.unfreeze()

    def search_if_due(self) -> bool:
        """Search everything where it is time; whether it was."""
        waited = self._clock() - self._searched_at
        if waited < PAUSE_SECONDS or (waited < LATEST_SECONDS and not self._is_idle()):
            return False
        gc.collect()
        self._searched_at = self._clock()
        return True

    def _run(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.search_if_due()

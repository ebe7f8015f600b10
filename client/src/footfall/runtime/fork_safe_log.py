"""What the background thread says goes through one lock, which a fork waits for.

A stream like stderr has a lock of its own, and a child that is forked while another thread holds it never gets it:
the child would wait for ever when it flushes the stream at its end. So nothing of ours may be in the middle of a
line when the host forks. The host's log handlers may take long: a fork waits `FORK_WAIT_SECONDS` at most, and then
goes ahead as it would without us.
"""

import os
import threading
from collections.abc import Callable

FORK_WAIT_SECONDS = 0.2


class Voice:
    """One line at a time, and none while the process forks."""

    def __init__(self) -> None:
        # Reentrant: a log handler of the host's may itself fork.
        self._speaking = threading.RLock()

    def say(self, write: Callable[[], None]) -> None:
        """Write something; for the background thread only. Raises what `write` raises."""
        with self._speaking:
            write()

    def pause(self) -> None:
        """Before a fork, on the thread that forks: wait until nothing is being said, but not for long."""
        self._speaking.acquire(timeout=FORK_WAIT_SECONDS)

    def go_on(self) -> None:
        """After it, in the parent."""
        try:
            self._speaking.release()
        except RuntimeError:
            pass  # it was not had in time

    def begin_anew(self) -> None:
        """After it, in the child: whoever was speaking is not here."""
        self._speaking = threading.RLock()


VOICE = Voice()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=VOICE.pause, after_in_parent=VOICE.go_on, after_in_child=VOICE.begin_anew)

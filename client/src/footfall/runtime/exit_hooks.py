"""Beginning and end of the process as telemetry sees them: exit hook and chained signal handlers.

The host's own handlers always run, after ours. A signal whose default is to end the process still ends it by that
signal, after a bounded try to send.
"""

import atexit
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]


class Lifecycle:
    """Calls `stopping()` first of all when the process is told to end, and `ending()` when it is about to be gone.

    Args:
        stopping: appends `server_stopped`; returns at once.
        ending: sends for a bounded time; called at normal exit and before a signal's default action.
    """

    def __init__(self, stopping: Callable[[], None], ending: Callable[[], None]) -> None:
        self._stopping = stopping
        self._ending = ending
        self._ours: list[Handler] = []
        self._armed = False
        atexit.register(self._at_exit)

    def arm(self) -> None:
        """The server begins to serve: come first at the end, and watch the signals that end a server."""
        if not self._armed:
            self._armed = True
            # Hooks run last one first: what the host registered before its server began comes after ours.
            atexit.unregister(self._at_exit)
            atexit.register(self._at_exit)
        self.rearm()

    def rearm(self) -> None:
        """Come first again where another library has installed a handler of its own since."""
        if not self._armed or threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            current = signal.getsignal(number)
            # Already ours; or C code's, which can't be chained; or ignored, and the host means to live on; or
            # Ctrl-C as KeyboardInterrupt, which asyncio replaces only where it finds it, and which ends in atexit.
            if current in self._ours or current in (None, signal.SIG_IGN, signal.default_int_handler):
                continue
            handler = self._handler_before(current)
            try:
                signal.signal(number, handler)
            except ValueError:
                return  # a sub-interpreter: signals belong to the main one
            self._ours.append(handler)

    def _handler_before(self, previous: Any) -> Handler:
        """A handler that knows what it precedes, so that restoring an older one restores what that one preceded."""

        def handle(number: int, frame: FrameType | None) -> None:
            self._stopping()
            if callable(previous):
                previous(number, frame)
                return
            self._ending()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

        return handle

    def _at_exit(self) -> None:
        self._stopping()
        self._ending()

    def disarm(self) -> None:
        """Forget the exit hook; handlers that are still in front do nothing but call what they precede."""
        atexit.unregister(self._at_exit)

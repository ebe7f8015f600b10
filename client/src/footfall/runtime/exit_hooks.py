"""Callbacks for the end of the process: an exit hook and chained signal handlers.

The host's own handlers always run, after Footfall's. A signal whose default is to end the process still ends it by
that signal, after a bounded attempt to send.
"""

import atexit
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

SignalHandler = Callable[[int, FrameType | None], Any]


class ExitHooks:
    """Calls `on_stopping()` as soon as the process is asked to end, and `on_exit()` right before it ends.

    Args:
        on_stopping: appends `server_stopped`; returns at once.
        on_exit: sends for a bounded time; called at normal exit and before a signal's default action.
    """

    def __init__(self, on_stopping: Callable[[], None], on_exit: Callable[[], None]) -> None:
        self._on_stopping = on_stopping
        self._on_exit = on_exit
        self._handlers: list[SignalHandler] = []
        self._installed = False
        atexit.register(self._at_exit)

    def install(self) -> None:
        """Run first at exit and at the signals that end a server; called when the server begins to serve.

        Called again, it puts the signal handlers in front of those that another library has installed since.
        """
        if not self._installed:
            self._installed = True
            # Hooks run in reverse order: the ones that the host registered before its server began run after ours.
            atexit.unregister(self._at_exit)
            atexit.register(self._at_exit)
        if threading.current_thread() is threading.main_thread():
            self._install_signal_handlers()

    def _install_signal_handlers(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            current = signal.getsignal(number)
            # Left alone: our own handler; one of C code (None), which can't be chained; SIG_IGN, with which the host
            # lives on; and Ctrl-C as KeyboardInterrupt, which asyncio replaces only where it finds it, and which ends
            # in the exit hook.
            if current in self._handlers or current in (None, signal.SIG_IGN, signal.default_int_handler):
                continue
            handler = self._chained_handler(current)
            try:
                signal.signal(number, handler)
            except ValueError:
                return  # a sub-interpreter: signals belong to the main one
            self._handlers.append(handler)

    def _chained_handler(self, previous: Any) -> SignalHandler:
        """A handler that remembers its predecessor, so that restoring it also restores that predecessor."""

        def handle(number: int, frame: FrameType | None) -> None:
            self._on_stopping()
            if callable(previous):
                previous(number, frame)
                return
            self._on_exit()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

        return handle

    def _at_exit(self) -> None:
        self._on_stopping()
        self._on_exit()

    def remove(self) -> None:
        """Remove the exit hook. Signal handlers that are still installed only call their predecessors."""
        atexit.unregister(self._at_exit)

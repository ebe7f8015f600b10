"""The end of the process: one exit hook and one handler a signal, however many telemetry objects there are.

The host's own handlers always run, after Footfall's. A signal whose default is to end the process still ends it by
that signal, after a bounded attempt to send.
"""

import atexit
import os
import signal
import threading
import weakref
from time import monotonic
from types import FrameType
from typing import Any, Protocol

EXIT_SECONDS = 2.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)
_EVENT_LOOPS = ("asyncio.runners", "anyio.", "trio.")


class Closable(Protocol):
    """What is closed when the process ends."""

    def record_stopped(self) -> None:
        """Append `server_stopped`; returns at once."""

    def close(self, budget_seconds: float, *, last: bool = False) -> None:
        """Send for at most `budget_seconds`. `last`: no later event can come."""


class ExitHooks:
    """Tells its members as soon as the process is asked to end, and closes them right before it ends.

    Members are held weakly. Safe from any thread, and from finalisers.
    """

    def __init__(self) -> None:
        # Sets of references, not `WeakSet`: copying one is a single step, which no other thread can disturb.
        self._members: set[weakref.ref[Closable]] = set()
        self._serving: set[weakref.ref[Closable]] = set()
        self._registered = self._ending = False

    def add(self, member: Closable) -> None:
        """Close the member when the process exits."""
        self._members.add(weakref.ref(member, self._members.discard))
        if not self._registered:
            self._registered = True
            atexit.register(self._at_exit)

    def serve(self, member: Closable) -> None:
        """The member begins to serve: from now on it is also closed at the signals that end a server.

        Called again, it puts the signal handlers in front of those that another library has installed since.
        """
        self.add(member)
        reference = weakref.ref(member, self._serving.discard)
        if reference not in self._serving:
            self._serving.add(reference)
            # Hooks run in reverse order: the ones that the host registered before its server began run after ours.
            atexit.unregister(self._at_exit)
            atexit.register(self._at_exit)
        self._install_signal_handlers()

    def remove(self, member: Closable) -> None:
        """The member is closed. With the last one, the hooks that are still in front are taken back."""
        reference = weakref.ref(member)
        self._members.discard(reference)
        self._serving.discard(reference)
        if not self._serving:
            self._restore_signal_handlers()
        if not self._members:
            self._registered = False
            atexit.unregister(self._at_exit)

    def _install_signal_handlers(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            current = signal.getsignal(number)
            if isinstance(current, ChainedHandler) or _is_left_alone(current):
                continue
            try:
                signal.signal(number, ChainedHandler(self, current))
            except ValueError:
                return  # a sub-interpreter: signals belong to the main one

    def _restore_signal_handlers(self) -> None:
        """Where another handler is in front by now, it may call ours, which then only calls its own predecessor."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            current = signal.getsignal(number)
            if isinstance(current, ChainedHandler):
                try:
                    signal.signal(number, current.previous)
                except ValueError:
                    return

    def stopping(self) -> None:
        """The process is asked to end: every member records that at once."""
        for reference in tuple(self._members):
            member = reference()
            if member is not None:
                _without_raising(member.record_stopped)

    def close_all(self, *, last: bool) -> None:
        """The process ends: every member records that first, and then they share the time for sending."""
        if self._ending:
            return  # a second signal while the first one sends: the user has waited long enough
        self._ending = True
        try:
            self.stopping()
            end = monotonic() + EXIT_SECONDS
            for reference in tuple(self._members):
                member = reference()
                if member is not None:
                    _without_raising(member.close, max(0.0, end - monotonic()), last=last)
        finally:
            self._ending = False

    def _at_exit(self) -> None:
        self.close_all(last=True)

    def after_fork(self) -> None:
        """In a forked child: its members have not begun to serve. It inherits the signal handlers."""
        self._serving.clear()
        self._ending = False


class ChainedHandler:
    """Our handler of one signal. It remembers its predecessor, so that restoring it also restores that predecessor.

    A library may have installed its own handler over ours, which calls ours, and ours may be in front again since.
    Then both of ours are called for one signal, and nothing happens twice.
    """

    def __init__(self, hooks: ExitHooks, previous: Any) -> None:
        self._hooks = hooks
        self.previous = previous

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._hooks.stopping()
        if callable(self.previous):
            self.previous(number, frame)
            return
        # PID 1 of a container lives on: the default action does not exist there.
        front, lives_on = signal.getsignal(number), os.getpid() == 1
        self._hooks.close_all(last=not lives_on)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, front)


def _is_left_alone(current: Any) -> bool:
    """Whether a handler stays in front.

    That is one of C code (None), which can't be chained; SIG_IGN, with which the host lives on; and Ctrl-C as
    KeyboardInterrupt, which ends in the exit hook. Event loops replace that one only where they find it, and put it
    back only where they find their own.
    """
    if current in (None, signal.SIG_IGN, signal.default_int_handler):
        return True
    function = getattr(current, "func", current)  # asyncio's is a functools.partial
    return f"{getattr(function, '__module__', '')}.".startswith(_EVENT_LOOPS)


def _without_raising(call: Any, *arguments: Any, **options: Any) -> None:
    try:
        call(*arguments, **options)
    except Exception:  # noqa: BLE001 - an error in telemetry must not reach the host's signal handler
        return


EXIT_HOOKS = ExitHooks()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=EXIT_HOOKS.after_fork)

"""Leads the events of another telemetry to the capture of a test, and back when the capture ends."""

import weakref
from collections.abc import Callable
from typing import Any

from ..catalogue import catalogue_for
from ..record import Recorder
from ..runtime import Counters, SystemClock
from ..settings import Product


class Diversion:
    """Stands in front of a recorder's `append`: lines go to the capture that took over last, and else on.

    Drops are counted where the lines go. Each server of the recorder reports its start and its clients once more when
    another capture takes over, and when the last one ends.

    Args:
        recorder: the recorder whose lines are led away.
        ended: called when no capture is left.
    """

    def __init__(self, recorder: Recorder, ended: Callable[[], object] | None = None) -> None:
        self._recorder = recorder
        self._append = recorder.append
        self._counters = recorder.counters
        self._ended = ended
        # Weak: a capture that a test dropped without closing it has ended.
        self._captures: list[weakref.ref[Any]] = []
        recorder.append = self
        recorder.capture = self.current

    def __call__(self, line: bytes) -> object:
        capture = self.current()
        if capture is None:
            return self._append(line)
        capture.keep(line)
        return None

    def current(self) -> Any:
        """The capture that gets the lines now; None if there is none."""
        captures = [capture for reference in tuple(self._captures) if (capture := reference()) and not capture.closed]
        return captures[-1] if captures else None

    def begin(self, capture: Any) -> None:
        """Lead the lines to this capture, until it is closed or collected."""
        self._captures = [r for r in self._captures if (other := r()) and other is not capture and not other.closed]
        self._captures.append(weakref.ref(capture, lambda _: self.changed()))
        self.changed()

    def changed(self) -> None:
        """A capture began or ended."""
        capture = self.current()
        self._recorder.counters = self._counters if capture is None else capture.counters
        for sessions in tuple(self._recorder.sessions):
            sessions.begin_again()
        if capture is None and self._ended is not None:
            self._ended()


class OffPipeline:
    """The pipeline of a telemetry that is off, while a capture stands in: it checks events as that telemetry would.

    Args:
        product: the product of the telemetry that is off.
    """

    def __init__(self, product: Product) -> None:
        catalogue = catalogue_for(product.name, events=product.catalogue, client_names=product.client_names)
        self.recorder = Recorder(catalogue, _discard, Counters(), SystemClock())

    def _capture(self) -> Any:
        return self.recorder.capture() if self.recorder.capture is not None else None

    def server_started(self) -> None:
        """The capture's server starts."""
        if (capture := self._capture()) is not None:
            capture.server_started()

    def record_stopped(self) -> None:
        """The capture's server stops."""
        if (capture := self._capture()) is not None:
            capture.server_stopping()

    def watch_signals(self) -> None:
        """Do nothing: there are no signal handlers."""

    def flush(self, timeout: float) -> bool:
        """True: nothing waits to be sent."""
        return True

    def close(self) -> None:
        """The capture's server stops; nothing is open."""
        self.record_stopped()

    def release(self) -> None:
        """Do nothing: nothing is open."""


_OFF: "weakref.WeakKeyDictionary[Any, OffPipeline]" = weakref.WeakKeyDictionary()
"""By telemetry. Servers that were instrumented during a capture keep using the same one."""


def diversion_of(telemetry: Any) -> Diversion:
    """What leads a telemetry's events away. One that is off has a pipeline for as long as a capture lasts."""
    ended = None
    if telemetry.recorder is None:
        pipeline = _OFF.get(telemetry) or _OFF.setdefault(telemetry, OffPipeline(telemetry.product))
        pipeline.recorder.register_tools(*telemetry.tools_of_test)
        telemetry.stand_in(pipeline)
        # Weak: it is reachable from the telemetry, which is to be collected as soon as the host drops it.
        reference = weakref.ref(telemetry)
        ended = lambda: (owner := reference()) and owner.stand_in(None)  # noqa: E731
    append = telemetry.recorder.append
    return append if isinstance(append, Diversion) else Diversion(telemetry.recorder, ended)


def _discard(line: bytes) -> None:
    """No capture is there any more, and the telemetry is off."""

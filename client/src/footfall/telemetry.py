"""Telemetry: the facade that a host application uses. When off, it owns nothing and imports nothing.

No method raises, and each returns within its stated bound.
"""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .record import ManualCalls
from .settings import Decision, Product, decide, in_pytest, state_directory

if TYPE_CHECKING:
    from .catalogue import Event
    from .pipeline import Pipeline
    from .record import Recorder

log = logging.getLogger("footfall")
RecordCall = Callable[..., None]


class Telemetry(ManualCalls):
    """Usage analytics of one product in this process.

    Args:
        product: the product whose usage is counted.
        environ: the environment to read settings from; the process's own by default.

    Attributes:
        active: False when telemetry is off; then every method returns at once.
        decision: on, off or preview, and the reason.
        in_test: whether pytest runs this process. Then a capture can stand in also where telemetry is off.
        tools_of_test: the names that were registered in a test.
        record_call: called at the end of a tool call with tool, client, seconds, the exception if there was one, and
            what fills its extra properties.
    """

    def __init__(self, product: Product, environ: Mapping[str, str] | None = None) -> None:
        env = os.environ if environ is None else environ
        self.product = product
        self._pipeline: Pipeline | None = None
        self.in_test = in_pytest(env)
        self.tools_of_test: set[str] = set()
        try:
            self.decision = self._start(env)
        except Exception as error:  # noqa: BLE001 - telemetry that can't start must not keep the host from starting
            message = " ".join(str(error).split())[:200]
            self.decision = Decision("off", f"it could not start: {type(error).__name__}: {message}")
            log.warning("%s telemetry is off: %s", product.name, self.decision.reason)
        self.active = self._pipeline is not None
        # The recorder's own: a tool call pays for one function less.
        self.record_call: RecordCall = self._pipeline.recorder.record_call if self._pipeline else self._record_call

    @property
    def recorder(self) -> "Recorder | None":
        """The recorder of the pipeline, for tests that capture its events; None while telemetry is off."""
        return self._pipeline.recorder if self._pipeline is not None else None

    def stand_in(self, pipeline: Any) -> None:
        """A test's capture stands in for the pipeline of a telemetry that is off; None ends that."""
        self._pipeline = pipeline
        self.active = pipeline is not None

    def _start(self, environ: Mapping[str, str]) -> Decision:
        """Decide, and build the pipeline unless the decision is off."""
        product = self.product
        decision = decide(product, environ)
        if self.in_test and not decision.requested and decision.mode == "on":
            return Decision("off", f"pytest runs this process; {product.prefix}TELEMETRY=true turns it on there")
        if decision.mode == "on":
            decision = _off_unless_sendable(product, environ, decision)
        if decision.mode == "off" and decision.requested:
            log.warning("%s telemetry is off: %s", product.name, decision.reason)
        if decision.mode == "off":
            _delete_unsent(product, environ)
            return decision
        for warning in decision.warnings:
            log.warning("%s telemetry: %s", product.name, warning)
        from . import pipeline

        self._pipeline = pipeline.Pipeline(product, environ, preview=decision.mode == "preview")
        return decision

    def record(self, event: "Event", source: Any = None) -> None:
        """Record one event; one that the catalogue doesn't allow is dropped and counted. Takes a few microseconds.

        The adapters of SDKs pass a `source`, which fills extra properties.
        """
        if self._pipeline is not None:
            self._pipeline.recorder.record(event, source)

    def _record_call(
        self, tool: str, client: str, seconds: float, error: BaseException | None = None, source: Any = None
    ) -> None:
        """Is `record_call` while telemetry is off: only a test's capture that stands in has a pipeline then."""
        if self._pipeline is not None:
            self._pipeline.recorder.record_call(tool, client, seconds, error, source)

    def register_tools(self, *names: str) -> None:
        """Allow these names as values of `tool`; any other is reported as `other`."""
        if self._pipeline is not None:
            self._pipeline.recorder.register_tools(*names)
        if self.in_test:
            self.tools_of_test.update(name for name in names if type(name) is str)

    def note(self, note: str) -> None:
        """Count something that `footfall status` shows, and log it once; for the adapters of SDKs."""
        if self._pipeline is not None:
            self._pipeline.recorder.note(note)

    def server_started(self) -> None:
        """The server begins to serve: recorded once per process, whose end is watched from then on."""
        if self._pipeline is not None:
            self._pipeline.server_started()

    def rearm_signals(self) -> None:
        """Put the handlers of SIGTERM and SIGINT in front again, after another library may have installed its own."""
        if self._pipeline is not None:
            self._pipeline.watch_signals()

    def server_stopping(self) -> None:
        """The server is about to end: recorded at once, once per process; sending is left to `server_stopped`."""
        if self._pipeline is not None:
            self._pipeline.record_stopped()

    def server_stopped(self, budget_seconds: float = 2.0) -> None:
        """The server ends: recorded first, once per process; then events are sent for at most `budget_seconds`.

        The process may go on and serve again: later events are recorded and sent.
        """
        if self._pipeline is not None:
            self._pipeline.record_stopped()
            self._pipeline.flush(budget_seconds)

    def flush(self, timeout: float = 2.0) -> bool:
        """Send all waiting events within `timeout` seconds; False if some still wait."""
        return self._pipeline.flush(timeout) if self._pipeline is not None else True

    def close(self) -> None:
        """Send for at most two seconds, and let go of the thread, the files and the signal handlers.

        Events that are left wait on disk for the next start. A later event begins to send again.
        """
        if self._pipeline is not None:
            self._pipeline.close()

    def __del__(self) -> None:
        # Without this, the thread would keep the pipeline of a telemetry that the host dropped.
        pipeline = self.__dict__.get("_pipeline")
        if pipeline is not None and not sys.is_finalizing():
            pipeline.release()


def _off_unless_sendable(product: Product, environ: Mapping[str, str], decision: Decision) -> Decision:
    """The decision, or off where no event could ever be sent: then none is collected either."""
    # Imported late: an environment that says off needs no other setting.
    from .settings import Settings, missing_key_message

    settings = Settings.read(product, environ)
    if settings.error:
        return Decision("off", settings.error, requested=True)
    return decision if settings.key else Decision("off", missing_key_message(product), requested=decision.requested)


def _delete_unsent(product: Product, environ: Mapping[str, str]) -> None:
    """Delete the unsent events of an earlier run, if there are any. Reads nothing else and creates nothing."""
    configured = environ.get(f"{product.prefix}TELEMETRY_STATE_DIR", "").strip()
    if not configured and not environ.get("HOME") and not environ.get("XDG_STATE_HOME"):
        return
    directory = state_directory(product, environ)
    spool = os.path.join(directory, "spool")
    if directory and os.path.isdir(spool):
        from .spool import delete_unsent

        delete_unsent(spool)

"""Telemetry: the facade a host application sees. When off, it owns nothing and imports nothing.

No method raises, and none takes longer than its stated bound.
"""

import logging
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .record import ToolCalls
from .settings import Decision, Product, Settings, decide, no_key

if TYPE_CHECKING:
    from .catalogue import Event
    from .pipeline import Pipeline

log = logging.getLogger("footfall")
RecordCall = Callable[..., None]


def _record_nothing(tool: str, client: str, seconds: float, error: BaseException | None = None) -> None:
    """What is called at the end of a tool call while telemetry is off."""


class Telemetry(ToolCalls):
    """Usage analytics of one product in this process.

    Args:
        product: who collects.
        environ: the environment to read settings from; the process's own by default.

    Attributes:
        active: False when telemetry is off; then every method returns at once.
        decision: on, off or preview, and the reason.
        record_call: to be called with tool, client, seconds and the exception if there was one, when a call ended.
    """

    def __init__(self, product: Product, environ: Mapping[str, str] | None = None) -> None:
        env = os.environ if environ is None else environ
        self.product = product
        self._pipeline: Pipeline | None = None
        try:
            self.decision = self._begin(env)
        except Exception as error:  # noqa: BLE001 - telemetry that can't start must not keep the host from starting
            what = " ".join(str(error).split())[:200]
            self.decision = Decision("off", f"it could not start: {type(error).__name__}: {what}")
            log.warning("%s telemetry is off: %s", product.name, self.decision.reason)
        self.active = self._pipeline is not None
        self.record_call: RecordCall = self._pipeline.recorder.record_call if self._pipeline else _record_nothing

    def _begin(self, env: Mapping[str, str]) -> Decision:
        """Decide, and build the parts where the decision is on."""
        product = self.product
        decision = decide(product, env)
        if decision.mode == "on":
            decision = _sendable(product, env, decision)
        if decision.mode == "off" and decision.asked:
            log.warning("%s telemetry is off: %s", product.name, decision.reason)
        if decision.mode == "off":
            _delete_unsent(product, env)
            return decision
        for warning in decision.warnings:
            log.warning("%s telemetry: %s", product.name, warning)
        from . import pipeline

        self._pipeline = pipeline.Pipeline(product, env, preview=decision.mode == "preview")
        return decision

    def record(self, event: "Event") -> None:
        """Keep one event for sending; what is not in the catalogue is dropped and counted. A few microseconds."""
        if self._pipeline is not None:
            self._pipeline.recorder.record(event)

    def register_tools(self, *names: str) -> None:
        """Allow these names as values of `tool`; any other is reported as `other`."""
        if self._pipeline is not None:
            self._pipeline.recorder.register_tools(*names)

    def server_started(self) -> None:
        """The server begins to serve: recorded once per process, which is then watched for its end."""
        if self._pipeline is not None:
            self._pipeline.server_started()

    def rearm_signals(self) -> None:
        """Come first again at SIGTERM and SIGINT, if another library may have installed its own handlers since."""
        if self._pipeline is not None:
            self._pipeline.lifecycle.arm()

    def server_stopping(self) -> None:
        """The server is about to end: recorded at once, once per process; sending is left to `server_stopped`."""
        if self._pipeline is not None:
            self._pipeline.record_stopped()

    def server_stopped(self, budget_seconds: float = 2.0) -> None:
        """The server ends: recorded first of all, once per process; then sending is tried for so many seconds."""
        if self._pipeline is not None:
            self._pipeline.record_stopped()
            self._pipeline.close(budget_seconds)

    def flush(self, timeout: float = 2.0) -> bool:
        """Send what waits, for at most so many seconds; whether nothing waits any more."""
        return self._pipeline.worker.flush(timeout) if self._pipeline is not None else True

    def close(self) -> None:
        """Try to send for two seconds at most; what is left waits on disk for the next start."""
        if self._pipeline is not None:
            self._pipeline.close()


def _sendable(product: Product, env: Mapping[str, str], decision: Decision) -> Decision:
    """The decision; off where nothing could ever be sent: then collecting would be for nobody."""
    settings = Settings.read(product, env)
    if settings.refusal:
        return Decision("off", settings.refusal, asked=True)
    return decision if settings.key else Decision("off", no_key(product), asked=decision.asked)


def _delete_unsent(product: Product, env: Mapping[str, str]) -> None:
    """Off forgets what was not yet sent, if an earlier run left any; it looks at nothing else and creates nothing."""
    named = env.get(f"{product.prefix}TELEMETRY_STATE_DIR", "").strip()
    if not named and not env.get("HOME") and not env.get("XDG_STATE_HOME"):
        return
    from .settings.product import state_directory

    directory = state_directory(product, env)
    spool = os.path.join(directory, "spool")
    if directory and os.path.isdir(spool):
        from .spool.deletion import delete_unsent

        delete_unsent(spool)

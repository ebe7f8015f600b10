"""A capturing telemetry for tests of a host application: it checks events as in production and keeps them in a list.

telemetry = capture(Product("dot-ai"))
instrument(server, telemetry)
…
assert telemetry.events[0] == {"event": "tool_executed", "properties": {"tool": "recommend", …}}
"""

from typing import Any

import msgspec

from .catalogue import Event, ServerStarted, ServerStopped, catalogue_for
from .record import ManualCalls, Recorder
from .runtime import Counters, SystemClock
from .settings import Product

__all__ = ["CapturingTelemetry", "capture"]


class CapturingTelemetry(ManualCalls):
    """The methods of `Telemetry`, without disk, network, thread or signal handler.

    Attributes:
        product: the product that was passed in.
        events: admitted events in order, each `{"event": name, "properties": {…}}`, without the common properties.
        active: True, so that `instrument` installs its hooks.
    """

    active = True

    def __init__(self, product: Product) -> None:
        self.product = product
        self.events: list[dict[str, Any]] = []
        self._counters = Counters()
        self._clock = SystemClock()
        self._started = self._stopped = False
        catalogue = catalogue_for(product.name, events=product.catalogue, client_names=product.client_names)
        self._recorder = Recorder(catalogue, self._append, self._counters, self._clock)

    @property
    def dropped(self) -> dict[str, int]:
        """The number of dropped events by reason."""
        return self._counters.dropped

    def _append(self, line: bytes) -> None:
        decoded = msgspec.json.decode(line)
        self.events.append({"event": decoded["e"], "properties": decoded["p"]})

    def named(self, event: str) -> list[dict[str, Any]]:
        """The properties of every captured event with this name."""
        return [e["properties"] for e in self.events if e["event"] == event]

    def record(self, event: Event) -> None:
        """Check and capture one event."""
        self._recorder.record(event)

    def record_call(self, tool: str, client: str, seconds: float, error: BaseException | None = None) -> None:
        """Check and capture a finished tool call."""
        self._recorder.record_call(tool, client, seconds, error)

    def register_tools(self, *names: str) -> None:
        """Allow these names as values of `tool`; any other is `other`."""
        self._recorder.register_tools(*names)

    def note(self, note: str) -> None:
        """Log it once, as in production."""
        self._recorder.note(note)

    def server_started(self) -> None:
        """Capture `server_started`, once."""
        if not self._started:
            self._started = True
            self.record(ServerStarted())

    def rearm_signals(self) -> None:
        """Do nothing: there are no signal handlers."""

    def server_stopping(self) -> None:
        """Capture `server_stopped`, once."""
        self.server_stopped()

    def server_stopped(self, budget_seconds: float = 2.0) -> None:
        """Capture `server_stopped`, once."""
        if self._started and not self._stopped:
            self._stopped = True
            self.record(ServerStopped(uptime_seconds=self._clock.elapsed()))

    def flush(self, timeout: float = 2.0) -> bool:
        """True: nothing waits to be sent."""
        return True

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


def capture(product: Product | None = None) -> CapturingTelemetry:
    """A capturing telemetry for a product, by default for one named `test`."""
    return CapturingTelemetry(product or Product("test", version="1.0.0"))

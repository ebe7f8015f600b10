"""A capturing Telemetry for the tests of a host application: events are checked as in production and kept in a list.

telemetry = capture(Product("dot-ai"))
instrument(server, telemetry)
…
assert telemetry.events[0] == {"event": "tool_executed", "properties": {"tool": "recommend", …}}
"""

from typing import Any

import msgspec

from .catalogue import Event, ServerStarted, ServerStopped, catalogue_for
from .record import Recorder, ToolCalls
from .runtime import Clock, Counters
from .settings import Product


class CapturingTelemetry(ToolCalls):
    """What `Telemetry` offers, without disk, network, thread or signal handler.

    Attributes:
        events: admitted events in order, each `{"event": name, "properties": {…}}`, own properties only.
        dropped: count of refused events by reason.
        active: True, so that `instrument` installs its hooks.
    """

    active = True

    def __init__(self, product: Product) -> None:
        self.product = product
        self.events: list[dict[str, Any]] = []
        self._counters = Counters()
        self._clock = Clock()
        self._started = self._stopped = False
        catalogue = catalogue_for(product.name, events=product.catalogue, client_names=product.client_names)
        self._recorder = Recorder(catalogue, self._keep, self._counters, self._clock)

    @property
    def dropped(self) -> dict[str, int]:
        """Count of refused events by reason."""
        return self._counters.dropped

    def _keep(self, line: bytes) -> None:
        decoded = msgspec.json.decode(line)
        self.events.append({"event": decoded["e"], "properties": decoded["p"]})

    def named(self, event: str) -> list[dict[str, Any]]:
        """The properties of every captured event of one name."""
        return [e["properties"] for e in self.events if e["event"] == event]

    def record(self, event: Event) -> None:
        """Check and keep one event."""
        self._recorder.record(event)

    def record_call(self, tool: str, client: str, seconds: float, error: BaseException | None = None) -> None:
        """Check and keep a finished call."""
        self._recorder.record_call(tool, client, seconds, error)

    def register_tools(self, *names: str) -> None:
        """Allow these names as values of `tool`."""
        self._recorder.register_tools(*names)

    def server_started(self) -> None:
        """Keep `server_started` once."""
        if not self._started:
            self._started = True
            self.record(ServerStarted())

    def rearm_signals(self) -> None:
        """Nothing to arm."""

    def server_stopping(self) -> None:
        """Keep `server_stopped` once."""
        self.server_stopped()

    def server_stopped(self, budget_seconds: float = 2.0) -> None:
        """Keep `server_stopped` once."""
        if self._started and not self._stopped:
            self._stopped = True
            self.record(ServerStopped(uptime_seconds=self._clock.elapsed()))

    def flush(self, timeout: float = 2.0) -> bool:
        """True: everything is where it should be."""
        return True

    def close(self) -> None:
        """Nothing to close."""


def capture(product: Product | None = None) -> CapturingTelemetry:
    """A capturing telemetry for a product; without one, for a product named `test`."""
    return CapturingTelemetry(product or Product("test", version="1.0.0"))

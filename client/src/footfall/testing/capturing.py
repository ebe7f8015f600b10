"""`CapturingTelemetry`: the methods of `Telemetry`, whose events end in a list."""

from typing import TYPE_CHECKING, Any

import msgspec

from ..catalogue import Event, ServerStarted, ServerStopped, catalogue_for
from ..record import ManualCalls, Recorder
from ..runtime import Counters, SystemClock
from ..settings import Product
from .diversion import Diversion, diversion_of

if TYPE_CHECKING:
    from ..telemetry import Telemetry


class CapturingTelemetry(ManualCalls):
    """The methods of `Telemetry`, without disk, network, thread or signal handler.

    Attributes:
        product: the product that was passed in.
        closed: whether `close` was called; what the capture took over records where it did before.
        events: admitted events in order, each `{"event": name, "properties": {…}}`, without the common properties.
        counters: where dropped events are counted.
        active: True, so that `instrument` installs its hooks.
    """

    active = True

    def __init__(self, product: Product) -> None:
        self.product = product
        self.events: list[dict[str, Any]] = []
        self.counters = Counters()
        self._clock = SystemClock()
        self._started = self._stopped = self.closed = False
        catalogue = catalogue_for(product.name, events=product.catalogue, client_names=product.client_names)
        self.recorder = Recorder(catalogue, self.keep, self.counters, self._clock)
        self._diversions: list[tuple[Diversion, Recorder]] = []

    @property
    def dropped(self) -> dict[str, int]:
        """The number of dropped events by reason."""
        return self.counters.dropped

    def keep(self, line: bytes) -> None:
        """Add an encoded event to the list."""
        decoded = msgspec.json.decode(line)
        self.events.append({"event": decoded["e"], "properties": decoded["p"]})

    def named(self, event: str) -> list[dict[str, Any]]:
        """The properties of every captured event with this name."""
        return [e["properties"] for e in self.events if e["event"] == event]

    def record(self, event: Event, source: Any = None) -> None:
        """Check and capture one event."""
        self.recorder.record(event, source)

    def record_call(
        self, tool: str, client: str, seconds: float, error: BaseException | None = None, source: Any = None
    ) -> None:
        """Check and capture a finished tool call."""
        self.recorder.record_call(tool, client, seconds, error, source)

    def register_tools(self, *names: str) -> None:
        """Allow these names as values of `tool`; any other is `other`."""
        self.recorder.register_tools(*names)
        for _, recorder in self._diversions:
            recorder.register_tools(*names)

    def note(self, note: str) -> None:
        """Log it once, as in production."""
        self.recorder.note(note)

    def server_started(self) -> None:
        """Capture `server_started`, once; in a capture that took over from this one, if there is one."""
        if (capture := self._taken_over_by()) is not None:
            capture.server_started()
        elif not self._started:
            self._started = True
            self.record(ServerStarted())

    def rearm_signals(self) -> None:
        """Do nothing: there are no signal handlers."""

    def server_stopping(self) -> None:
        """Capture `server_stopped`, once."""
        self.server_stopped()

    def server_stopped(self, budget_seconds: float = 2.0) -> None:
        """Capture `server_stopped`, once, in the same place."""
        if (capture := self._taken_over_by()) is not None:
            capture.server_stopped()
        elif self._started and not self._stopped:
            self._stopped = True
            self.record(ServerStopped(uptime_seconds=self._clock.elapsed()))

    def flush(self, timeout: float = 2.0) -> bool:
        """True: nothing waits to be sent."""
        return True

    def take_over(self, telemetry: Any) -> None:
        """Capture what another telemetry records, on or off, until this one is closed or collected.

        `instrument` calls it for the telemetry of a server that is already instrumented.
        """
        if telemetry is self:
            return
        diversion = diversion_of(telemetry)
        self._diversions.append((diversion, telemetry.recorder))
        diversion.begin(self)

    def _taken_over_by(self) -> "CapturingTelemetry | None":
        return self.recorder.capture() if self.recorder.capture is not None else None

    def close(self) -> None:
        """End the capture: the telemetry that it took over records by itself again. The events stay in the list."""
        self.closed = True
        diversions, self._diversions = self._diversions, []
        for diversion, _ in diversions:
            diversion.changed()

    def __enter__(self) -> "CapturingTelemetry":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def capture(product: "Product | Telemetry | None" = None) -> CapturingTelemetry:
    """A capturing telemetry for a product, by default for one named `test`.

    Where a `Telemetry` is passed, the capture has its product, and takes over what it records, on or off.
    """
    if product is None or isinstance(product, Product):
        return CapturingTelemetry(product or Product("test", version="1.0.0"))
    capturing = CapturingTelemetry(product.product)
    capturing.take_over(product)
    return capturing

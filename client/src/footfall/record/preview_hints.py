"""In preview mode: why an event that the host recorded is not sent, or sent without a property.

A hint names events, properties and kinds, never a value. Imported in preview mode only: otherwise a wrong event is
counted and costs no more than that.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..catalogue import Amount, Catalogue, Checker, Event, Flag, Kind, ToolExecuted, Version
from ..runtime import Clock, Counters
from .precomputed import class_name
from .recorder import Recorder

if TYPE_CHECKING:
    from .extra_values import PropertySource


class PreviewRecorder(Recorder):
    """A recorder that logs each mistake in an event once.

    Args:
        log: writes one sentence to the log.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        append: Callable[[bytes], object],
        counters: Counters,
        clock: Clock,
        log: Callable[[str], object],
    ) -> None:
        super().__init__(catalogue, append, counters, clock)
        self._log = log
        self._logged: set[str] = set()
        self._rules: dict[type, list[tuple[str, str, Checker, bool, str]]] = {
            event.struct: [
                (name, f"{event.name}.{name}", p.kind.checker(), p.required, _expected(p.kind))
                for name, p in event.properties.items()
                # What a product adds to a standard event is in no field of it; its values are noted where it is filled.
                if p.retired is None and name in event.struct.__struct_fields__
            ]
            for event in catalogue.events.values()
        }

    def record(self, event: Event, source: "PropertySource | None" = None) -> bool:
        """As `Recorder.record`, and log its mistakes. Never raises."""
        accepted = super().record(event, source)
        self._log_mistakes(lambda: event)
        return accepted

    def record_call(
        self,
        tool: str,
        client: str,
        seconds: float,
        error: BaseException | None = None,
        source: "PropertySource | None" = None,
    ) -> None:
        """As `Recorder.record_call`, and log its mistakes. Never raises."""
        super().record_call(tool, client, seconds, error, source)
        self._log_mistakes(
            lambda: ToolExecuted(tool=tool, success=error is None, duration_ms=seconds * 1000, mcp_client=client)
        )

    def _log_mistakes(self, make_event: Callable[[], object]) -> None:
        try:
            for sentence in self._mistakes(make_event()):
                if sentence not in self._logged:
                    self._logged.add(sentence)
                    self._log(sentence)
        except Exception:  # noqa: BLE001 - an error in telemetry must never reach the host
            return

    def _mistakes(self, event: object) -> Iterator[str]:
        rules = self._rules.get(type(event))
        if rules is None:
            yield f"not sent: {class_name(type(event))} is no event of the product's catalogue"
            return
        for name, path, check, required, expected in rules:
            value = getattr(event, name)
            if check(value) is not None:
                continue
            if required:
                yield f"not sent: {path} is no {expected}"
            elif value is not None:
                yield f"sent without {path}: it is no {expected}"


def _expected(kind: Kind) -> str:
    """The form that every admissible value of a kind has, in words."""
    if isinstance(kind, Flag):
        return "true/false"
    if isinstance(kind, Amount):
        return f"number of {kind.unit}, 0 or more"
    return "version" if isinstance(kind, Version) else "text"

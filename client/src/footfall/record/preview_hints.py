"""In preview: why an event that the host recorded is not sent, or not whole. Names and kinds, never a value.

Imported in preview only: anywhere else a wrong event is counted and costs nothing more.
"""

from collections.abc import Callable, Iterator

from ..catalogue import Amount, Catalogue, Checker, Event, Flag, Kind, ToolExecuted, Version
from ..runtime import Counters
from .precomputed import class_name
from .recorder import Clock, Recorder


class HintingRecorder(Recorder):
    """A recorder that says what is wrong with an event, each sentence once.

    Args:
        say: writes one sentence to the log.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        append: Callable[[bytes], object],
        counters: Counters,
        clock: Clock,
        say: Callable[[str], object],
    ) -> None:
        super().__init__(catalogue, append, counters, clock)
        self._say = say
        self._said: set[str] = set()
        self._rules: dict[type, list[tuple[str, str, Checker, bool, str]]] = {
            event.struct: [
                (name, f"{event.name}.{name}", p.kind.checker(), p.required, _form(p.kind))
                for name, p in event.properties.items()
                if p.retired is None
            ]
            for event in catalogue.events.values()
        }

    def record(self, event: Event) -> bool:
        """As `Recorder.record`, and say what is wrong. Never raises."""
        accepted = super().record(event)
        self._hint(lambda: event)
        return accepted

    def record_call(self, tool: str, client: str, seconds: float, error: BaseException | None = None) -> None:
        """As `Recorder.record_call`, and say what is wrong. Never raises."""
        super().record_call(tool, client, seconds, error)
        self._hint(
            lambda: ToolExecuted(tool=tool, success=error is None, duration_ms=seconds * 1000, mcp_client=client)
        )

    def _hint(self, made: Callable[[], object]) -> None:
        try:
            for sentence in self._wrongs(made()):
                if sentence not in self._said:
                    self._said.add(sentence)
                    self._say(sentence)
        except Exception:  # noqa: BLE001 - the host must never see an error of telemetry's, whatever it is
            return

    def _wrongs(self, event: object) -> Iterator[str]:
        rules = self._rules.get(type(event))
        if rules is None:
            yield f"not sent: {class_name(type(event))} is no event of the product's catalogue"
            return
        for name, where, admit, required, form in rules:
            given = getattr(event, name)
            if admit(given) is not None:
                continue
            if required:
                yield f"not sent: {where} is no {form}"
            elif given is not None:
                yield f"sent without {where}: it is no {form}"


def _form(kind: Kind) -> str:
    """What a value must be to have any admissible form."""
    if isinstance(kind, Flag):
        return "true/false"
    if isinstance(kind, Amount):
        return f"number of {kind.unit}, 0 or more"
    return "version" if isinstance(kind, Version) else "text"

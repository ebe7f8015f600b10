"""Where a command is carried out: by the running collector, or here on its directory while none runs."""

from collections.abc import Callable
from typing import Any

from ..runtime import Argument, ControlError, NotRunningError, Settings, ask

Heard = Callable[[dict[str, Any]], object]


def operate(settings: Settings, command: str, heard: Heard = lambda _: None, **arguments: Argument) -> Any:
    """The result of an operation. `heard` is told how far it is. Raises ControlError."""
    if not settings.data.is_dir():
        raise ControlError(f"{settings.data} is no directory; check --data")
    try:
        return ask(settings.data, command, arguments, progress=heard)
    except NotRunningError:
        return here(settings, command, heard, **arguments)


class Here:
    """Listens to a command that is carried out in this process; see `control.Peer`."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard

    def say(self, **progress: Any) -> None:
        """Passed on."""
        self._heard(progress)

    def wait(self, seconds: float) -> None:
        """There is nobody else to wait for."""
        del seconds


def here(settings: Settings, command: str, heard: Heard, **arguments: Argument) -> Any:
    """The same without a collector: on the directory, which is locked until this process ends. Raises ControlError."""
    # Late: asking the running collector should not pay for an engine of one's own.
    import inspect

    from ..store.interface import StoreError
    from .operations import NEEDS_FILES, NO_FILES, offline

    if command in NEEDS_FILES and settings.store != "duckdb":
        raise ControlError(NO_FILES)
    try:
        with offline(settings) as operations:
            work = operations.commands()[command]
            more = {"peer": Here(heard)} if "peer" in inspect.signature(work).parameters else {}
            return work(**arguments, **more)
    except StoreError as error:
        raise ControlError(str(error)) from None
    except OSError as error:
        raise ControlError(f"{settings.data} can't be used ({error.strerror}); check --data") from None

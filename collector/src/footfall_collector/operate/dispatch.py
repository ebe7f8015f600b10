"""Runs a command: in the running collector, or on its data directory while none runs."""

from collections.abc import Callable
from typing import Any

from ..runtime import CommandArgument, ControlError, NotRunningError, Settings, send_command, with_caller

OnProgress = Callable[[dict[str, Any]], object]


def run_command(
    settings: Settings, command: str, on_progress: OnProgress = lambda _: None, **arguments: CommandArgument
) -> Any:
    """The result of a command. `on_progress` gets how far it is. Raises ControlError."""
    if not settings.data.is_dir():
        raise ControlError(f"{settings.data} is no directory; check --data")
    try:
        return send_command(settings.data, command, arguments, on_progress)
    except NotRunningError:
        return run_locally(settings, command, on_progress, **arguments)


class LocalCaller:
    """The caller of a command that runs in this process."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress

    def report_progress(self, **progress: Any) -> None:
        self._on_progress(progress)

    def wait_for_hang_up(self, seconds: float) -> None:
        """Returns at once: nobody else is there to wait for."""
        del seconds


def run_locally(settings: Settings, command: str, on_progress: OnProgress, **arguments: CommandArgument) -> Any:
    """Run a command without a collector, on the directory; it stays locked until this process ends.

    Raises ControlError.
    """
    # Late: a command that the running collector carries out should not pay for the stores.
    from ..store import StoreError
    from .operations import CLICKHOUSE_HAS_NO_FILES, DUCKDB_COMMANDS, open_offline

    if command in DUCKDB_COMMANDS and settings.store != "duckdb":
        raise ControlError(CLICKHOUSE_HAS_NO_FILES)
    try:
        with open_offline(settings) as operations:
            function = operations.commands()[command]
            return function(**with_caller(function, arguments, LocalCaller(on_progress)))
    except StoreError as error:
        raise ControlError(str(error)) from None
    except OSError as error:
        raise ControlError(f"{settings.data} can't be used ({error.strerror}); check --data") from None

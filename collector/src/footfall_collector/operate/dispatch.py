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


CLICKHOUSE_HAS_NO_FILES = (
    "the events are in a separate database: use that database's tools: BACKUP DATABASE or clickhouse-backup instead of "
    "`backup` and `restore`, CHECK TABLE instead of `verify`, SELECT … INTO OUTFILE instead of `export`"
)


def check_engine(settings: Settings, *, needs_files: bool) -> None:
    """Raises ControlError where the command can't work on the directory's store, before it changes anything.

    `needs_files`: the command works on the files of the DuckDB store.
    """
    if settings.store != "duckdb":
        if needs_files:
            raise ControlError(CLICKHOUSE_HAS_NO_FILES)
        return
    rollups = settings.data / "store" / "rollups.duckdb"
    used = rollups.stat().st_mtime if rollups.exists() else 0.0
    newer = [path for path in settings.data.glob("clickhouse-*.json") if path.stat().st_mtime > used]
    if newer:
        # Opening the other store would load the journal into it, and ClickHouse would never get these events.
        hint = CLICKHOUSE_HAS_NO_FILES if needs_files else "name it by the setting `store`, such as FOOTFALL_STORE"
        raise ControlError(f"{settings.data} belongs to a collector with a ClickHouse store ({newer[0].name}): {hint}")


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
    from ..access import AuditLog, audited
    from ..store import StoreError
    from .operations import DUCKDB_COMMANDS, UNLOADED_COMMANDS, open_offline

    check_engine(settings, needs_files=command in DUCKDB_COMMANDS)
    try:
        with open_offline(settings, load=command not in UNLOADED_COMMANDS) as operations:
            function = audited(operations.commands(), AuditLog(settings.data))[command]
            return function(**with_caller(function, arguments, LocalCaller(on_progress)))
    except StoreError as error:
        raise ControlError(str(error)) from None
    except OSError as error:
        place = error.filename or settings.data
        raise ControlError(f"{place} can't be used ({error.strerror}); check --data and the disk") from None

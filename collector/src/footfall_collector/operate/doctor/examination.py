"""All checks of a data directory, with or without a collector that runs on it."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ...runtime import (
    ControlError,
    NotRunningError,
    Settings,
    SettingsError,
    __version__,
    read_settings,
    send_command,
    settings_file,
)
from .check import Check, action, note, ok
from .settings_check import file_check, settings_checks

_ANSWER_SECONDS = 30.0


class Examination(msgspec.Struct, frozen=True):
    """All results. `needs_action`: whether an operator should do something."""

    data: str
    needs_action: bool
    checks: list[Check]


def examine(flags: Mapping[str, Any], env: Mapping[str, str], skipped: frozenset[str] = frozenset()) -> Examination:
    """Look at everything but the checks whose IDs are `skipped`. `flags` and `env` are those of `read_settings`."""
    problem: list[Check] = []
    try:
        settings = read_settings(flags, env)
    except SettingsError as error:
        # The rest can be looked at without them.
        settings = Settings(data=settings_file(flags, env).data)
        problem = [action("settings", str(error), "correct it; the collector does not start otherwise")]
    found = [*problem, *_checks(settings, settings_file(flags, env).path, readable=not problem)]
    checks = [check for check in found if check.id not in skipped]
    needs_action = any(check.level == "action" for check in checks)
    return Examination(str(settings.data), needs_action, checks)


def _checks(settings: Settings, file: Path, *, readable: bool) -> Iterator[Check]:
    data = settings.data
    if not data.is_dir():
        yield action(
            "collector", f"{data} is no directory", "name the data directory with --data, or start a collector"
        )
        return
    try:
        reply = send_command(data, "examine", {}, timeout=_ANSWER_SECONDS)
    except NotRunningError:
        yield from _without_reply(settings, readable=readable)
        return
    except ControlError as error:
        todo = "wait for a `backup` or `verify` that runs, use the collector's user and version, or restart it"
        yield action("collector", f"a collector runs and did not answer: {error}", todo)
        return
    started = f"{datetime.fromtimestamp(reply['started'], UTC):%Y-%m-%d %H:%M} UTC"
    text = f"it runs since {started}, version {reply['version']}"
    if reply["version"] == __version__:
        yield ok("collector", text)
    else:
        yield action("collector", f"{text}, and {__version__} is installed", "restart it")
    yield from file_check(file, reply["started"])
    yield from msgspec.convert(reply["checks"], list[Check])


def _without_reply(settings: Settings, *, readable: bool) -> Iterator[Check]:
    # Late: what a running collector answers should not pay for the stores.
    from .stopped import stopped_checks

    if _is_locked(settings.data):
        text = "a process holds DATA/lock and does not listen on DATA/control.sock"
        yield action("collector", text, "wait until it has started or stopped; if it stays so, restart it")
        return
    yield note("collector", f"no collector runs on {settings.data}", "start it: footfall-collector serve")
    if readable:
        yield from settings_checks(settings)
    yield from stopped_checks(settings, readable=readable)


def _is_locked(data: Path) -> bool:
    try:
        descriptor = os.open(data / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False

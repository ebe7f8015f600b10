"""`doctor`: what an operator should know and do about a collector, running or stopped."""

import argparse
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..runtime import COLLECTOR_SETTINGS
from .arguments import add_command

if TYPE_CHECKING:
    from ..operate import Check
    from .arguments import Commands

_EXAMPLE = """examples:
  footfall-collector doctor --data /var/lib/footfall
  footfall-collector doctor --data /var/lib/footfall --json --skip other --skip hosts
Run it as the collector's user. A running collector answers itself; of a stopped one the files are read. Each line is a
check: `ok`, `note` (worth a look) or `ACTION`, with what to do. The exit code is 1 where something needs action."""
_WORDS = {"ok": "ok", "note": "note", "action": "ACTION"}
CHECKS = (
    "collector",
    "settings",
    "disk",
    "permissions",
    "clock",
    "proxies",
    "hosts",
    "keys",
    "refused",
    "catalogue",
    "lag",
    "store",
    "retention",
    "readers",
    "other",
)


def add_commands(commands: "Commands") -> None:
    doctor = add_command(commands, "doctor", "check a collector, and say what to do", _EXAMPLE)
    doctor.add_argument("--json", action="store_true", help="write one JSON object")
    doctor.add_argument(
        "--skip",
        action="append",
        choices=CHECKS,
        default=[],
        metavar="CHECK",
        help=f"leave out a check: {', '.join(CHECKS)}",
    )
    doctor.set_defaults(run=run)


def run(options: argparse.Namespace, flags: Mapping[str, Any]) -> int:
    # Late: `--help` should not pay for it.
    import msgspec

    from ..operate import examine

    settings = {name: flags[name] for name in ("config", *(each.name for each in COLLECTOR_SETTINGS)) if name in flags}
    examination = examine(settings, os.environ, frozenset(options.skip))
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(examination)).decode())
    else:
        for check in examination.checks:
            print(_line(check))
    return int(examination.needs_action)


def _line(check: "Check") -> str:
    todo = f" -> {check.todo}" if check.todo else ""
    return f"{_WORDS[check.level]:<7} {check.id:<12} {check.text}{todo}"

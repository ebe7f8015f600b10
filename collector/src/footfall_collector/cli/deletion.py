"""`forget` and `retain`: delete an instance, or months that are too old."""

import argparse
import re
from typing import TYPE_CHECKING

from ..runtime import Settings, quantity
from .arguments import add_command, days
from .progress_lines import show_seconds

if TYPE_CHECKING:
    from .arguments import Commands

_FORGET_EXAMPLE = """example:
  footfall-collector forget --data /var/lib/footfall cluster_f809cce5a77d3fbe
The ID is the one that `footfall status` shows where the MCP server runs. Its events are deleted from the store and the
journal, and late ones are left out from then on. A backup that was made before still has them; restoring it deletes
them again, as long as DATA/forgotten.json is at hand."""
_RETAIN_EXAMPLE = """example:
  footfall-collector retain --data /var/lib/footfall --days 180
Deletes at once what the running collector deletes every hour, by whole months; retention_days sets the days."""
_INSTANCE_ID = re.compile(r"(cluster|local|ephemeral)_[0-9a-f]{16}")
_INSTANCE_ID_EXAMPLE = "cluster_0123456789abcdef"


def add_commands(commands: "Commands") -> None:
    forget = add_command(commands, "forget", "delete all events of one instance, for good", _FORGET_EXAMPLE)
    forget.add_argument("instance", help="the instance ID, such as cluster_f809cce5a77d3fbe")
    forget.add_argument("--product", help="only of this product [of all]")
    forget.set_defaults(run=_forget)
    retain = add_command(commands, "retain", "delete months that are too old", _RETAIN_EXAMPLE)
    retain.add_argument("--days", type=days, help="days to keep [retention_days of the settings]")
    retain.set_defaults(run=_retain)


def _forget(options: argparse.Namespace, settings: Settings) -> int:
    from ..operate import run_command

    on_progress = show_seconds("rewriting the months that have this instance")
    result = run_command(settings, "forget", on_progress, instance=options.instance, product=options.product)
    if result["events"]:
        print(f"{quantity(result['events'], 'event')} deleted; later ones of this instance are left out")
        return 0
    print(
        "no event of this instance is stored; if you expected some, check the ID (`footfall status` shows it). "
        "Later ones will be left out"
    )
    if not _INSTANCE_ID.fullmatch(options.instance):
        form = f"has not the form of Footfall's IDs, such as {_INSTANCE_ID_EXAMPLE}; only other SDKs send one like it"
        print(f"{options.instance!r} {form}")
    return 0


def _retain(options: argparse.Namespace, settings: Settings) -> int:
    from ..operate import run_command

    on_progress = show_seconds("deleting months and rebuilding the counts")
    removed = run_command(settings, "retain", on_progress, days=options.days)["removed"]
    print(f"deleted {', '.join(removed)}" if removed else "nothing is old enough")
    return 0

"""`forget` and `retain`: delete an instance, or remove months that are too old, and take both back."""

import argparse
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..runtime import Settings, quantity
from .arguments import add_command, days, show_seconds

if TYPE_CHECKING:
    from .arguments import Commands

_FORGET_EXAMPLE = """example:
  footfall-collector forget --data /var/lib/footfall cluster_f809cce5a77d3fbe
  footfall-collector forget --data /var/lib/footfall --undo cluster_f809cce5a77d3fbf
The ID is the one that `footfall status` shows where the MCP server runs. Its events are deleted from the store, the
trash and the journal, and late ones are left out from then on. A backup that was made before still has them; restoring
it deletes them again, as long as DATA/forgotten.json is at hand. --undo takes back a mistyped ID, as long as none of
its events was deleted."""
_RETAIN_EXAMPLE = """example:
  footfall-collector retain --data /var/lib/footfall
  footfall-collector retain --data /var/lib/footfall --days 180 --confirm
  footfall-collector retain --data /var/lib/footfall --restore 2026-08
Removes at once the months that the running collector removes every hour; retention_days sets the days. A removed month
spends the last of them, trash_days, in DATA/trash and can be restored from there. While the clock is doubtful, or where
every month or more than one new month would go, it only shows them; --confirm goes on, and the clock is believed."""
_INSTANCE_ID = re.compile(r"(cluster|local|ephemeral)_[0-9a-f]{16}")
_INSTANCE_ID_EXAMPLE = "cluster_0123456789abcdef"


def add_commands(commands: "Commands") -> None:
    forget = add_command(commands, "forget", "delete all events of one instance, for good", _FORGET_EXAMPLE)
    forget.add_argument("instance", help="the instance ID, such as cluster_f809cce5a77d3fbe")
    forget.add_argument("--product", help="only of this product [of all]")
    forget.add_argument("--undo", action="store_true", help="take back a mistyped ID, of which nothing was deleted")
    forget.set_defaults(run=_forget)
    retain = add_command(commands, "retain", "remove months that are too old, or restore one", _RETAIN_EXAMPLE)
    retain.add_argument("--days", type=days, help="days to keep [retention_days of the settings]")
    choice = retain.add_mutually_exclusive_group()
    choice.add_argument("--confirm", action="store_true", help="go on, although the clock or the months are doubtful")
    choice.add_argument("--dry-run", action="store_true", help="only show what would go, and what is in the trash")
    choice.add_argument("--restore", metavar="MONTH", help="put a month back from the trash")
    retain.set_defaults(run=_retain)


def _forget(options: argparse.Namespace, settings: Settings) -> int:
    from ..operate import run_command

    if options.undo:
        run_command(settings, "unforget", instance=options.instance, product=options.product)
        print("taken back: events of this instance are stored again from now on; those left out meanwhile are lost")
        return 0
    on_progress = show_seconds("rewriting the months that have this instance")
    result = run_command(settings, "forget", on_progress, instance=options.instance, product=options.product)
    for copy in result.get("copies", ()):
        print(f"{copy} is a damaged month that may have events of this instance: delete the file")
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

    if options.restore is not None:
        on_progress = show_seconds("putting the month back and counting all raw events")
        events = run_command(settings, "restore_month", on_progress, month=options.restore)["events"]
        print(f"{options.restore}: {quantity(events, 'event')} restored from the trash")
        return 0
    on_progress = show_seconds("removing months and rebuilding the counts")
    arguments = {"days": options.days, "confirm": options.confirm, "dry_run": options.dry_run}
    return _show_pass(run_command(settings, "retain", on_progress, **arguments), dry=options.dry_run)


def _show_pass(result: Mapping[str, Any], *, dry: bool) -> int:
    waits = bool(result["doubts"]) and not result["done"]
    verb = "would go" if dry or waits else "moved to the trash" if result["in_trash"] else "deleted"
    for month, events in result["due"]:
        print(f"{month}  {quantity(events, 'event')}  {verb}")
    for month, events in result["expired"]:
        print(f"{month}  {_events(events)}  {'would be ' if dry or waits else ''}deleted from the trash")
    if not result["due"] and not result["expired"]:
        print("nothing is old enough")
    for month, events, end in result["trash"]:
        print(f"{month}  {_events(events)}  in the trash until {end}; --restore {month} puts it back")
    for month, events in result["future"]:
        print(f"{month}  {quantity(events, 'event')}  stamped in the future by a wrong clock; `export` reads them")
    if waits:
        print(f"the pass waits: {' and '.join(result['doubts'])}. If that is right, --confirm goes on")
    return int(waits and not dry)


def _events(events: int | None) -> str:
    return "unreadable" if events is None else quantity(events, "event")

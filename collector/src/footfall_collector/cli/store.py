"""`verify`, `rebuild` and `migrate`: check the store, count it again, or copy it to ClickHouse."""

import argparse
from typing import TYPE_CHECKING

from ..runtime import ControlError, Settings, quantity
from .arguments import ProgressLines, add_command, print_error, show_seconds

if TYPE_CHECKING:
    from .arguments import Commands

_VERIFY_EXAMPLE = """example:
  footfall-collector verify --data /var/lib/footfall
Exits with 1 where a journal line is damaged, an acknowledged event is missing, or counts differ from the raw events."""
_REBUILD_EXAMPLE = """example:
  footfall-collector rebuild --data /var/lib/footfall"""
_MIGRATE_EXAMPLE = """example:
  footfall-collector migrate --data /var/lib/footfall --to 'clickhouse://footfall@ch1:9000/footfall?cluster=main'
Stop the collector first; events wait in the MCP servers' spools until it runs again. The password of ClickHouse's user
is read from FOOTFALL_STORE_PASSWORD. A copy that was interrupted goes on when the command is started again. The exit
code is 1 where the copy differs. The DuckDB files are not changed; afterwards start the collector on the same directory
with --store. The driver is an extra: pip install 'footfall-collector[clickhouse]'."""


def add_commands(commands: "Commands") -> None:
    verify = add_command(commands, "verify", "compare the journal, the store and the counts", _VERIFY_EXAMPLE)
    verify.set_defaults(run=_verify)
    rebuild = add_command(commands, "rebuild", "count all raw events again", _REBUILD_EXAMPLE)
    rebuild.add_argument(
        "--without-damaged",
        action="store_true",
        help="give up events that the journal lost and the counts of months whose raw events are damaged, and count "
        "what is there",
    )
    rebuild.set_defaults(run=_rebuild)
    migrate = add_command(
        commands, "migrate", "copy the DuckDB store to ClickHouse, and compare the two", _MIGRATE_EXAMPLE
    )
    migrate.add_argument("--to", required=True, metavar="ADDRESS", help="as in the setting `store`")
    migrate.add_argument(
        "--leave-trash", action="store_true", help="copy also while months are in the trash, without them"
    )
    migrate.set_defaults(run=_migrate)


def _verify(options: argparse.Namespace, settings: Settings) -> int:
    from ..operate import run_command

    del options
    lines_shown = ProgressLines()
    result = run_command(
        settings,
        "verify",
        lambda p: lines_shown(f"{quantity(p['segments'], 'segment')}, {quantity(p['lines'], 'line')}"),
    )
    loaded = result["lines"] - result["waiting"]
    segments, lines = quantity(result["segments"], "segment"), quantity(result["lines"], "whole line")
    print(f"journal: {segments}, {lines}, {result['damaged']} damaged")
    print(f"store: {loaded} of them loaded, {result['missing']} missing, {result['forgotten']} of forgotten instances")
    differs = bool(result["damaged"] or result["missing"])
    for product, (rollups, raw, unmerged) in sorted(result["counts"].items()):
        waiting = f"; {quantity(unmerged, 'newer event')} in the charts already, to be merged into the counts"
        print(f"counts of {product}: {rollups}, raw events: {raw}{waiting if unmerged else ''}")
        differs |= rollups != raw
    if differs:
        print("there are differences: `rebuild` mends counts; a damaged line or a missing event needs a backup")
    for sentence in result["damage"]:
        print(sentence)
    return int(differs or bool(result["lost"]) or bool(result["gone"]))


def _rebuild(options: argparse.Namespace, settings: Settings) -> int:
    from ..operate import run_command

    wanted = {"without_damaged": True} if options.without_damaged else {}
    seconds = run_command(settings, "rebuild", show_seconds("counting all raw events"), **wanted)["seconds"]
    print(f"all raw events counted again in {seconds} s")
    return 0


def _migrate(options: argparse.Namespace, settings: Settings) -> int:
    # Late: the other commands should not pay for two engines.
    from ..access import note_command
    from ..operate import migrate_store
    from ..store import StoreError

    try:
        mismatches = migrate_store(
            settings, options.to, lambda line: print(line, flush=True), leave_trash=options.leave_trash
        )
    except StoreError as error:
        raise ControlError(str(error)) from None
    except OSError as error:
        place = error.filename or settings.data
        raise ControlError(f"{place} can't be used ({error.strerror}); check --data and the disk") from None
    note_command(settings.data, "migrate")
    for mismatch in mismatches:
        print_error(str(mismatch))
    print("the copy differs; see above" if mismatches else "done: every month is the same on both sides")
    return 1 if mismatches else 0

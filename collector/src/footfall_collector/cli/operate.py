"""The commands that work through the running collector, or on its data directory while none runs."""

import argparse
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from ..operate import operate
from ..runtime import ControlError, Settings, count
from .arguments import day, days

_FORGET = """example:
  footfall-collector forget --data /var/lib/footfall cluster_f809cce5a77d3fbe
The ID is the one that `footfall status` shows where the MCP server runs. Its events are deleted from the store and the
journal, and late ones are left out from then on. A backup that was made before still has them; restoring it deletes
them again, as long as DATA/forgotten.json is at hand."""
_REBUILD = """example:
  footfall-collector rebuild --data /var/lib/footfall"""
_RETAIN = """example:
  footfall-collector retain --data /var/lib/footfall --days 180
Deletes at once what the running collector deletes every hour, by whole months; retention_days sets the days."""
_BACKUP = """example:
  footfall-collector backup --data /var/lib/footfall /backups/footfall-monday
Events are taken and charts answered meanwhile. Without the pepper nobody can tell which instance a backup is about;
keep DATA/pepper and DATA/forgotten.json apart from backups, both are needed to restore one."""
_RESTORE = """example:
  footfall-collector restore --data /var/lib/footfall --forgotten /safe/forgotten.json /backups/footfall-monday
Stop the collector first. What was forgotten since the backup, by the present DATA/forgotten.json or by a copy of it,
is deleted from what is restored."""
_VERIFY = """example:
  footfall-collector verify --data /var/lib/footfall
Exits with 1 where a journal line is damaged, a loaded event is missing, or counts differ from the raw events."""
_EXPORT = """example:
  footfall-collector export --data /var/lib/footfall --product dot-ai --from 2026-10-01 --to 2026-10-31 october
Writes october/dot-ai-2026-10.parquet, a file for each product and month; --format csv and jsonl make texts."""
_MIGRATE = """example:
  footfall-collector migrate --data /var/lib/footfall --to 'clickhouse://footfall@ch1:9000/footfall?cluster=main'
Stop the collector first; what MCP servers send meanwhile waits with them. The password of ClickHouse's user is read
from FOOTFALL_STORE_PASSWORD. If it is broken off, start it again: it goes on. The exit code is 1 where the copy
differs. The DuckDB files stay as they are; afterwards start the collector on the same directory with --store."""

FORMATS = ("parquet", "csv", "jsonl")
_ID_EXAMPLE = "cluster_0123456789abcdef"
_ID = re.compile(r"(cluster|local|ephemeral)_[0-9a-f]{16}")
_SHOWN_EVERY = 0.5
_DAY = 86_400

Command = Callable[[Any, str, str, str], argparse.ArgumentParser]


def add_commands(commands: Any, command: Command) -> None:
    """Add them to the command line; `command` makes the parser of one from its name, meaning and example."""
    forget = command(commands, "forget", "delete everything of one instance, for good", _FORGET)
    forget.add_argument("instance", help="the instance ID, such as cluster_f809cce5a77d3fbe")
    forget.add_argument("--product", help="only of this product; of all of them where it is not given")
    forget.set_defaults(run=_forget)
    command(commands, "rebuild", "make the counts anew from the raw events", _REBUILD).set_defaults(run=_rebuild)
    retain = command(commands, "retain", "delete months that are too old", _RETAIN)
    retain.add_argument("--days", type=days, help="keep so many days [retention_days of the settings]")
    retain.set_defaults(run=_retain)
    backup = command(commands, "backup", "copy everything, while events come in", _BACKUP)
    backup.add_argument("target", type=Path, help="the directory to make")
    backup.add_argument("--include-pepper", action="store_true", help="also the key that instances are hashed with")
    backup.set_defaults(run=_backup)
    restore = command(commands, "restore", "fill a data directory from a backup", _RESTORE)
    restore.add_argument("backup", type=Path, help="the directory that `backup` made")
    restore.add_argument(
        "--forgotten", type=Path, metavar="FILE", help="a copy of forgotten.json, newer than the backup"
    )
    restore.add_argument("--force", action="store_true", help="delete the events that the data directory has")
    restore.set_defaults(run=_restore)
    verify = command(commands, "verify", "compare the journal, the store and the counts", _VERIFY)
    verify.set_defaults(run=_verify)
    export = command(commands, "export", "write raw events to files", _EXPORT)
    export.add_argument("directory", type=Path, help="the directory to make")
    export.add_argument("--product", help="only of this product; of all of them where it is not given")
    of_day: dict[str, Any] = {"type": day, "metavar": "DAY"}
    export.add_argument("--from", dest="first", help="first day, UTC [the oldest]", **of_day)
    export.add_argument("--to", dest="last", help="last day, UTC [today]", **of_day)
    export.add_argument("--format", dest="form", choices=FORMATS, default=FORMATS[0], help=f"[{FORMATS[0]}]")
    export.set_defaults(run=_export)
    migrate = command(commands, "migrate", "copy the DuckDB store to ClickHouse, and prove the copy", _MIGRATE)
    migrate.add_argument("--to", required=True, metavar="ADDRESS", help="as the setting `store` names it")
    migrate.set_defaults(run=_migrate)


class _Progress:
    """Lines on stderr, at most two a second, so that long work can be seen to go on."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _SHOWN_EVERY

    def __call__(self, text: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SHOWN_EVERY
            print(f"  {text}", file=sys.stderr, flush=True)


def _going_on(what: str) -> Callable[[dict[str, Any]], None]:
    progress = _Progress()
    return lambda heard: progress(f"{what}, {heard['seconds']} s so far")


def _forget(options: argparse.Namespace, settings: Settings) -> int:
    heard = _going_on("writing anew the months that have this instance")
    found = operate(settings, "forget", heard, instance=options.instance, product=options.product)
    if found["events"]:
        print(f"{count(found['events'], 'event')} deleted; later ones of this instance are left out")
        return 0
    print(
        "no event of this instance is stored; if you expected some, check the ID (`footfall status` shows it). "
        "Later ones will be left out"
    )
    if not _ID.fullmatch(options.instance):
        form = f"has not the form of Footfall's IDs, such as {_ID_EXAMPLE}; only other SDKs send one like it"
        print(f"{options.instance!r} {form}")
    return 0


def _rebuild(options: argparse.Namespace, settings: Settings) -> int:
    del options
    heard = _going_on("counting all raw events")
    print(f"all counts made anew in {operate(settings, 'rebuild', heard)['seconds']} s")
    return 0


def _retain(options: argparse.Namespace, settings: Settings) -> int:
    heard = _going_on("deleting months and writing the counts anew")
    removed = operate(settings, "retain", heard, days=options.days)["removed"]
    print(f"deleted {', '.join(removed)}" if removed else "nothing is old enough")
    return 0


def _backup(options: argparse.Namespace, settings: Settings) -> int:
    from ..operate.backup import back_up

    made, seconds = back_up(settings, options.target, include_pepper=options.include_pepper, say=_Progress())
    size = sum(file.bytes for file in made.files)
    print(f"{options.target}: {count(made.events, 'event')} and the journal, {size / (1 << 20):.1f} MiB")
    print(f"new events waited {seconds} s in the journal meanwhile")
    if not made.pepper_included:
        print(f"the pepper (fingerprint {made.pepper}) is not in it; keep a copy apart, a restore needs it")
    return 0


def _restore(options: argparse.Namespace, settings: Settings) -> int:
    from ..operate.restore import restore

    found = restore(settings, options.backup, forgotten=options.forgotten, force=options.force, say=_Progress())
    print(f"{settings.data}: {count(found.events, 'event')}")
    print(f"{count(found.forgotten, 'event')} of instances that were forgotten deleted")
    if found.removed:
        print(f"deleted {', '.join(found.removed)}, which are older than retention_days")
    if found.advice:
        print(found.advice)
    return 0


def _verify(options: argparse.Namespace, settings: Settings) -> int:
    del options
    progress = _Progress()
    found = operate(
        settings, "verify", lambda p: progress(f"{count(p['segments'], 'segment')}, {count(p['lines'], 'line')}")
    )
    loaded = found["lines"] - found["waiting"]
    segments, lines = count(found["segments"], "segment"), count(found["lines"], "whole line")
    print(f"journal: {segments}, {lines}, {found['damaged']} damaged")
    print(f"store: {loaded} of them loaded, {found['missing']} missing, {found['forgotten']} of forgotten instances")
    wrong = bool(found["damaged"] or found["missing"])
    for product, (rollups, raw) in sorted(found["counts"].items()):
        print(f"counts of {product}: {rollups}, raw events: {raw}")
        wrong |= rollups != raw
    if wrong:
        print("there are differences: `rebuild` mends counts; a damaged line or a missing event needs a backup")
    return int(wrong)


def _export(options: argparse.Namespace, settings: Settings) -> int:
    from ..operate.copying import made_whole

    last = options.last or datetime.now(UTC).date()
    first = options.first or last - timedelta(days=settings.retention_days + 31)
    if first > last:
        raise ControlError("--from is after --to; swap them")
    progress = _Progress()
    try:
        with made_whole(options.directory.absolute()) as partial:
            files = operate(
                settings,
                "export",
                lambda p: progress(f"{p['file']}: {count(p['events'], 'event')}"),
                directory=str(partial),
                form=options.form,
                product=options.product,
                start=_midnight(first),
                end=_midnight(last) + _DAY,
            )["files"]
    except OSError as error:
        raise ControlError(f"{options.directory} can't be written ({error.strerror}); choose another place") from None
    for name, events in files.items():
        print(f"{options.directory / name}: {count(events, 'event')}")
    if not files:
        print("no events in this range")
    return 0


def _migrate(options: argparse.Namespace, settings: Settings) -> int:
    # Late: two engines are a lot for the other commands.
    from ..operate.migrate import migrate
    from ..store.interface import StoreError

    try:
        mismatches = migrate(settings, options.to, lambda line: print(line, flush=True))
    except StoreError as error:
        raise ControlError(str(error)) from None
    except OSError as error:
        raise ControlError(f"{settings.data} can't be used ({error.strerror}); check --data") from None
    for mismatch in mismatches:
        print(f"footfall-collector: {mismatch}", file=sys.stderr)
    print("the copy differs; see above" if mismatches else "done: every month is the same on both sides")
    return 1 if mismatches else 0


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())

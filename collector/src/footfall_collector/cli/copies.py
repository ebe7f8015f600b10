"""`backup`, `restore` and `export`: copies of a data directory and of raw events."""

import argparse
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ..runtime import ControlError, Settings, quantity
from .arguments import ProgressLines, add_command, day

if TYPE_CHECKING:
    from .arguments import Commands

_BACKUP_EXAMPLE = """example:
  footfall-collector backup --data /var/lib/footfall /backups/footfall-monday
The collector goes on taking events and answering charts. Without the pepper nobody can tell which instance a backup is
about; keep DATA/pepper and DATA/forgotten.json apart from backups, both are needed to restore one."""
_RESTORE_EXAMPLE = """example:
  footfall-collector restore --data /var/lib/footfall --forgotten /safe/forgotten.json /backups/footfall-monday
Stop the collector first, and put your copy of the pepper into DATA: it proves that the backup is yours. Without it the
command shows what is in the backup and restores it by --confirm only. Instances that were forgotten since the backup,
by the present DATA/forgotten.json or by a copy of it, are deleted from what is restored. A restore that fails changes
nothing."""
_EXPORT_EXAMPLE = """example:
  footfall-collector export --data /var/lib/footfall --product dot-ai --from 2026-10-01 --to 2026-10-31 october
Writes october/dot-ai-2026-10.parquet, a file for each product and month; --format csv and jsonl make texts."""
EXPORT_FORMATS = ("parquet", "csv", "jsonl")
_DAY_SECONDS = 86_400


def add_commands(commands: "Commands") -> None:
    backup = add_command(commands, "backup", "copy the data directory while events come in", _BACKUP_EXAMPLE)
    backup.add_argument("target", type=Path, help="the directory to make")
    backup.add_argument("--include-pepper", action="store_true", help="copy the key of instance IDs too")
    backup.set_defaults(run=_backup)
    restore = add_command(commands, "restore", "fill a data directory from a backup", _RESTORE_EXAMPLE)
    restore.add_argument("backup", type=Path, help="the directory that `backup` made")
    restore.add_argument(
        "--forgotten", type=Path, metavar="FILE", help="a copy of forgotten.json, newer than the backup"
    )
    restore.add_argument("--force", action="store_true", help="delete the events that the data directory has")
    restore.add_argument("--confirm", action="store_true", help="restore a backup that the pepper doesn't authenticate")
    restore.set_defaults(run=_restore)
    export = add_command(commands, "export", "write raw events to files", _EXPORT_EXAMPLE)
    export.add_argument("directory", type=Path, help="the directory to make")
    export.add_argument("--product", help="only of this product [of all]")
    export.add_argument("--from", dest="first", type=day, metavar="DAY", help="first day, UTC [the oldest]")
    export.add_argument("--to", dest="last", type=day, metavar="DAY", help="last day, UTC [today]")
    formats, default = EXPORT_FORMATS, EXPORT_FORMATS[0]
    export.add_argument("--format", dest="form", choices=formats, default=default, help=f"[{default}]")
    export.set_defaults(run=_export)


def _backup(options: argparse.Namespace, settings: Settings) -> int:
    from ..operate import back_up

    manifest, seconds = back_up(
        settings, options.target, include_pepper=options.include_pepper, show_progress=ProgressLines()
    )
    size = sum(file.bytes for file in manifest.files)
    print(f"{options.target}: {quantity(manifest.events, 'event')} and the journal, {size / (1 << 20):.1f} MiB")
    print(f"new events waited {seconds} s in the journal")
    if not manifest.pepper_included:
        print(f"the pepper (fingerprint {manifest.pepper}) is not in it; keep a copy apart, a restore needs it")
    if not manifest.mac:
        print("it is not authenticated: this command lacks the collector's FOOTFALL_PEPPER; a restore needs --confirm")
    return 0


def _restore(options: argparse.Namespace, settings: Settings) -> int:
    from ..access import note_command
    from ..operate import RestoreOptions, restore_backup

    said = RestoreOptions(forgotten=options.forgotten, force=options.force, confirmed=options.confirm)
    result = restore_backup(settings, options.backup, said, ProgressLines())
    note_command(settings.data, "restore" + " force" * options.force + " confirm" * options.confirm)
    print(f"the backup: {result.contents}")
    print(f"{settings.data}: {quantity(result.events, 'event')}")
    print(f"{quantity(result.forgotten, 'event')} of instances that were forgotten deleted")
    if result.removed:
        print(f"deleted {', '.join(result.removed)}, which are older than retention_days")
    if result.withheld:
        months = ", ".join(result.withheld)
        print(f"{months} stay off the public page: they may have been published from the lost directory")
    if result.advice:
        print(result.advice)
    return 0


def _export(options: argparse.Namespace, settings: Settings) -> int:
    from ..operate import atomic_directory, run_command

    last = options.last or datetime.now(UTC).date()
    first = options.first or last - timedelta(days=settings.retention_days + 31)
    if first > last:
        raise ControlError("--from is after --to; swap them")
    lines = ProgressLines()
    try:
        with atomic_directory(options.directory.absolute()) as partial:
            files = run_command(
                settings,
                "export",
                lambda p: lines(f"{p['file']}: {quantity(p['events'], 'event')}"),
                directory=str(partial),
                form=options.form,
                product=options.product,
                start=_midnight(first),
                end=_midnight(last) + _DAY_SECONDS,
            )["files"]
    except OSError as error:
        raise ControlError(f"{options.directory} can't be written ({error.strerror}); choose another place") from None
    for name, events in files.items():
        print(f"{options.directory / name}: {quantity(events, 'event')}")
    if not files:
        print("no events in this range")
    return 0


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())

"""`restore`: fills a data directory from a backup, without the instances that were forgotten since.

The whole backup is checked first. While its files are copied, a mark in the data directory keeps a collector from
starting on half of them. The instances that were forgotten after the backup are in the `forgotten.json` of the present
data directory, or in a copy that was kept elsewhere; they are deleted from the restored files before the end.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..admit import FILE as PEPPER
from ..admit import fingerprint, load_catalogues
from ..journal import FOLDER, Journal
from ..runtime import RESTORING, ControlError, Settings, Status, lock_data, make_directory, replace_file, sync_directory
from ..store import Loader, StoreError, merge_tombstone_files
from ..store.duckdb import TOMBSTONES, DuckStore
from .backup import PUBLIC, STORE
from .copying import copy_file, sync_tree
from .manifest import BackupManifest, ShowProgress, check_files, read_manifest
from .operations import CLICKHOUSE_HAS_NO_FILES, retention_cutoff

_KEPT_FILES = ("keys.json", "tokens.json", PEPPER)
"""Files that are not replaced where the data directory has them: keys that were revoked since stay revoked."""


@dataclass(frozen=True)
class RestoreResult:
    """The state after a restore.

    Attributes:
        events: events in the store.
        forgotten: events of forgotten instances that were deleted from what was restored.
        removed: months that were deleted because they are too old.
        advice: a sentence on what is left to do, or nothing.
    """

    events: int
    forgotten: int
    removed: tuple[str, ...]
    advice: str


def restore_backup(
    settings: Settings, backup: Path, *, forgotten: Path | None, force: bool, show_progress: ShowProgress
) -> RestoreResult:
    """Fill the data directory. Raises ControlError, DataUnusableError, SettingsError."""
    if settings.store != "duckdb":
        raise ControlError(CLICKHOUSE_HAS_NO_FILES)
    if forgotten is not None and not forgotten.is_file():
        raise ControlError(f"{forgotten} is no file; name the list of forgotten instances, forgotten.json")
    manifest = read_manifest(backup)
    check_files(backup, manifest, show_progress)
    data = settings.data
    try:
        lock_data(data, restoring=True)
        if not force and _has_events(data):
            raise ControlError(
                f"{data} has events already; restore into an empty directory, or replace them by --force"
            )
        advice = _pepper_advice(settings, backup, manifest)
        marks = merge_tombstone_files([data / TOMBSTONES, backup / TOMBSTONES, *([forgotten] if forgotten else [])])
        replace_file(data / RESTORING, b"")
        _copy(data, backup, manifest, show_progress)
        replace_file(data / TOMBSTONES, marks)
        (data / RESTORING).unlink()
        sync_directory(data)
        return _finish(settings, advice, show_progress)
    except StoreError as error:
        raise ControlError(str(error)) from None
    except OSError as error:
        raise ControlError(f"{error.filename or data} can't be used ({error.strerror}); run it again") from None


def _has_events(data: Path) -> bool:
    stored = any((data / STORE).glob("events-*")) if (data / STORE).is_dir() else False
    waiting = any(path.stat().st_size for path in (data / FOLDER).iterdir()) if (data / FOLDER).is_dir() else False
    return stored or waiting or (data / RESTORING).exists()


def _pepper_advice(settings: Settings, backup: Path, manifest: BackupManifest) -> str:
    """A sentence where the collector will lack the pepper that the instances were hashed with, else nothing.

    Raises ControlError where the collector would use another pepper; nothing is changed by then.
    """
    present = settings.pepper.encode() or _read_pepper(settings.data) or _read_pepper(backup)
    if not present:
        return (
            f"The backup has no pepper. Put the file `pepper` of the lost data directory (fingerprint "
            f"{manifest.pepper}) into {settings.data}, or set FOOTFALL_PEPPER, before you start the collector: with "
            "another pepper it refuses, because it would count every instance as a new one."
        )
    if fingerprint(present) != manifest.pepper:
        place = "FOOTFALL_PEPPER" if settings.pepper else settings.data / PEPPER
        remedy = "remove it, and the backup's is taken" if manifest.pepper_included else "put the right one there"
        raise ControlError(f"{place} is not the pepper of the backup (fingerprint {manifest.pepper}): {remedy}")
    return ""


def _read_pepper(directory: Path) -> bytes:
    path = directory / PEPPER
    return path.read_bytes().strip() if path.exists() else b""


def _copy(data: Path, backup: Path, manifest: BackupManifest, show_progress: ShowProgress) -> None:
    for folder in (STORE, FOLDER, PUBLIC):
        if (data / folder).exists():
            shutil.rmtree(data / folder)
    for file in manifest.files:
        target = data / file.path
        if file.path == TOMBSTONES or (file.path in _KEPT_FILES and target.exists()):
            continue
        make_directory(target.parent)
        copy_file(backup / file.path, target, show_progress)
    sync_tree(data)


def _finish(settings: Settings, advice: str, show_progress: ShowProgress) -> RestoreResult:
    """Load the journal; delete forgotten instances, and months that are too old."""
    show_progress("deleting instances that were forgotten since the backup")
    status = Status()
    journal = Journal(settings.data / FOLDER, status)
    journal.start()
    journal.close()
    store = DuckStore(
        settings.data,
        load_catalogues(settings.products),
        settings.store_memory,
        settings.store_threads,
        status=status,
    )
    try:
        forgotten = store.finish_forgetting()
        loader = Loader(store, settings.data / FOLDER, status)
        loader.run_once()
        loader.checkpoint()
        removed: Sequence[str] = store.delete_old_months(retention_cutoff(settings.retention_days))
        events = sum(raw for _, raw in store.rollup_and_raw_counts().values())
    finally:
        store.close()
    return RestoreResult(events, forgotten + status.total("events_forgotten"), tuple(removed), advice)

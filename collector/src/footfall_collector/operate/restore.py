"""`restore`: a data directory from a backup, without what was to be forgotten since.

The backup is checked first, whole. While its files are copied a mark in the data directory keeps a collector from
starting on half of them. What was forgotten after the backup is on the list of the present data directory, or in a
copy of that list (`forgotten.json`) that was kept elsewhere; it is deleted from the restored files before the end.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..admit import FILE as PEPPER
from ..admit import fingerprint, load_catalogues
from ..journal import FOLDER, Journal
from ..runtime import RESTORING, ControlError, Settings, Status, lock_data, make_directory, replace_file, sync_directory
from ..store import Loader, StoreError, merged
from ..store.duckdb import TOMBSTONES, DuckStore
from . import manifest
from .backup import PUBLIC, STORE
from .copying import copy, sync_tree
from .manifest import Manifest, Say
from .operations import NO_FILES, cutoff

_KEPT = ("keys.json", "tokens.json", PEPPER)
"""What the data directory has of these stays: keys that were revoked since stay revoked."""


@dataclass(frozen=True)
class Restored:
    """What came of it: events in the store, those deleted because they were forgotten since, months too old.

    `advice` is what is still to be done, empty where nothing is.
    """

    events: int
    forgotten: int
    removed: tuple[str, ...]
    advice: str


def restore(settings: Settings, backup: Path, *, forgotten: Path | None, force: bool, say: Say) -> Restored:
    """Fill the data directory. Raises ControlError, DataUnusableError, SettingsError; see the message."""
    if settings.store != "duckdb":
        raise ControlError(NO_FILES)
    if forgotten is not None and not forgotten.is_file():
        raise ControlError(f"{forgotten} is no file; name the list of forgotten instances, forgotten.json")
    described = manifest.read(backup)
    manifest.check(backup, described, say)
    data = settings.data
    try:
        lock_data(data, restoring=True)
        if not force and _has_events(data):
            raise ControlError(
                f"{data} has events already; restore into an empty directory, or replace them by --force"
            )
        advice = _pepper_advice(settings, backup, described)
        marks = merged([data / TOMBSTONES, backup / TOMBSTONES, *([forgotten] if forgotten else [])])
        replace_file(data / RESTORING, b"")
        _copy(data, backup, described, say)
        replace_file(data / TOMBSTONES, marks)
        (data / RESTORING).unlink()
        sync_directory(data)
        return _applied(settings, advice, say)
    except StoreError as error:
        raise ControlError(str(error)) from None
    except OSError as error:
        raise ControlError(f"{error.filename or data} can't be used ({error.strerror}); run it again") from None


def _has_events(data: Path) -> bool:
    stored = any((data / STORE).glob("events-*")) if (data / STORE).is_dir() else False
    waiting = any(path.stat().st_size for path in (data / FOLDER).iterdir()) if (data / FOLDER).is_dir() else False
    return stored or waiting or (data / RESTORING).exists()


def _pepper_advice(settings: Settings, backup: Path, described: Manifest) -> str:
    """Empty where the collector will have the pepper that the instances were hashed with.

    Raises ControlError where it would have another one: nothing was changed yet.
    """
    present = settings.pepper.encode() or _pepper_of(settings.data) or _pepper_of(backup)
    if not present:
        return (
            f"The backup has no pepper. Put the file `pepper` of the lost data directory (fingerprint "
            f"{described.pepper}) into {settings.data}, or set FOOTFALL_PEPPER, before you start the collector: with "
            "another pepper it refuses, because all instances would be counted anew."
        )
    if fingerprint(present) != described.pepper:
        place = "FOOTFALL_PEPPER" if settings.pepper else settings.data / PEPPER
        remedy = "remove it, and the backup's is taken" if described.pepper_included else "put the right one there"
        raise ControlError(f"{place} is not the pepper of the backup (fingerprint {described.pepper}): {remedy}")
    return ""


def _pepper_of(directory: Path) -> bytes:
    path = directory / PEPPER
    return path.read_bytes().strip() if path.exists() else b""


def _copy(data: Path, backup: Path, described: Manifest, say: Say) -> None:
    for folder in (STORE, FOLDER, PUBLIC):
        if (data / folder).exists():
            shutil.rmtree(data / folder)
    for file in described.files:
        target = data / file.path
        if file.path == TOMBSTONES or (file.path in _KEPT and target.exists()):
            continue
        make_directory(target.parent)
        copy(backup / file.path, target, say)
    sync_tree(data)


def _applied(settings: Settings, advice: str, say: Say) -> Restored:
    """Load what was in the journal, delete what is to be forgotten and what is too old."""
    say("deleting what was forgotten since the backup was made")
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
        loader.settle()
        removed: Sequence[str] = store.retain(cutoff(settings.retention_days))
        events = sum(raw for _, raw in store.counted().values())
    finally:
        store.close()
    return Restored(events, forgotten + status.total("events_forgotten"), tuple(removed), advice)

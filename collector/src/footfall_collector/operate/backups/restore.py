"""`restore`: fills a data directory from a backup, without the instances that were forgotten since.

A backup comes from a place that others may write to. It is restored without a question only if the pepper at hand
authenticates it; otherwise the operator sees what is in it and confirms. Only files of known kinds are restored, each
after a check of its content, and a restore that fails at any step leaves the data directory as it was.

The instances that were forgotten after the backup are in the `forgotten.json` of the present data directory, or in a
copy that was kept elsewhere; they are deleted from the restored files before the end.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ...admit import FILE as PEPPER
from ...admit import fingerprint
from ...journal import CLOSED, FOLDER, LIVE
from ...runtime import RESTORING, ControlError, Settings, lock_data, quantity
from ...store import StoreError
from ..dispatch import CLICKHOUSE_HAS_NO_FILES
from .backup_source import BackupSource
from .file_kinds import PUBLIC, STORE, kind_of
from .manifest import BackupManifest, ShowProgress, is_authentic, pepper_at_hand
from .small_files import SmallFiles
from .staging import RestoreStaging

_LISTED = 20


@dataclass(frozen=True)
class RestoreOptions:
    """What the operator says.

    Attributes:
        forgotten: a copy of `forgotten.json`, newer than the backup.
        force: replace the events that the data directory has.
        confirmed: restore a backup that the pepper at hand does not authenticate.
    """

    forgotten: Path | None = None
    force: bool = False
    confirmed: bool = False


@dataclass(frozen=True)
class RestoreResult:
    """The state after a restore.

    Attributes:
        events: events in the store.
        forgotten: events of forgotten instances that were deleted from what was restored.
        removed: months that were deleted because they are too old.
        withheld: closed months that stay unpublished.
        contents: a sentence on what was in the backup.
        advice: a sentence on what is left to do, or nothing.
    """

    events: int
    forgotten: int
    removed: tuple[str, ...]
    withheld: tuple[str, ...]
    contents: str
    advice: str


def restore_backup(
    settings: Settings, backup: Path, options: RestoreOptions, show_progress: ShowProgress
) -> RestoreResult:
    """Fill the data directory. Raises ControlError, DataUnusableError, SettingsError; nothing is changed then."""
    if settings.store != "duckdb":
        raise ControlError(CLICKHOUSE_HAS_NO_FILES)
    if options.forgotten is not None and not options.forgotten.is_file():
        raise ControlError(f"{options.forgotten} is no file; name the list of forgotten instances, forgotten.json")
    source = BackupSource(backup)
    manifest = source.manifest()
    source.check_sizes(manifest)
    _check_free_space(settings.data, manifest)
    source.check_contents(manifest, show_progress)
    small = SmallFiles({file.path: source.read(file) for file in manifest.files if not _is_large(file.path)})
    contents = _contents(manifest, small)
    data = settings.data
    with _store_errors(data), _locked(data):
        advice = _pepper_advice(settings, small, manifest)
        if not options.force and _has_events(data):
            raise ControlError(
                f"{data} has events already; restore into an empty directory, or replace them by --force"
            )
        _check_author(settings, manifest, contents, confirmed=options.confirmed)
        staging = RestoreStaging(settings, show_progress)
        try:
            staging.fill(source, manifest, small, options.forgotten)
            events = staging.finish(manifest.pepper)
            staging.commit()
        finally:
            staging.discard()
    withheld = tuple(staging.withheld)
    return RestoreResult(events, staging.forgotten, staging.removed, withheld, contents, f"{advice}{staging.waiting}")


def _is_large(path: str) -> bool:
    kind = kind_of(path)
    return kind is not None and kind.large


@contextmanager
def _store_errors(data: Path) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise ControlError(f"the backup can't be restored, and {data} is unchanged: {error}") from None
    except duckdb.Error as error:
        raise ControlError(
            f"the backup's files are not a collector's ({type(error).__name__}), and {data} is unchanged"
        ) from None
    except OSError as error:
        raise ControlError(f"{error.filename or data} can't be used ({error.strerror}); run it again") from None


@contextmanager
def _locked(data: Path) -> Iterator[None]:
    """Lock the directory. One that was made for the restore is removed where the restore fails."""
    existed = data.exists()
    descriptor = lock_data(data, restoring=True)
    try:
        yield
    except BaseException:
        os.close(descriptor)
        if not existed:
            (data / "lock").unlink(missing_ok=True)
            data.rmdir()
        raise


def _check_free_space(data: Path, manifest: BackupManifest) -> None:
    """Before anything is read: a sparse file takes no space, and its copy does."""
    place = next(path for path in (data.absolute(), *data.absolute().parents) if path.is_dir())
    free, needed = shutil.disk_usage(place).free, manifest.bytes()
    if free < needed:
        raise ControlError(
            f"{place} has {free >> 20} MiB free and the backup {needed >> 20} MiB; free some: the present files are "
            "deleted only once the restored ones are complete"
        )


def _has_events(data: Path) -> bool:
    stored = any((data / STORE).glob("events-*")) if (data / STORE).is_dir() else False
    segments = [path for suffix in (LIVE, CLOSED) for path in (data / FOLDER).glob(f"*{suffix}")]
    waiting = any(path.stat().st_size for path in segments)
    return stored or waiting or (data / RESTORING).exists()


def _contents(manifest: BackupManifest, small: SmallFiles) -> str:
    """What a backup has, for its operator to recognise it."""
    months = sorted(path[len("store/events-") :][:7] for path in manifest.matching("store/events-"))
    parts = [
        f"{quantity(manifest.events, 'event')} of {_listed(sorted(set(months))) or 'no month'}",
        f"write keys: {_listed(small.valid_keys()) or 'none'}",
        f"tokens that can read: {_listed(small.token_names()) or 'none'}",
        *([f"read-only links: {_listed(small.link_names())}"] if small.link_names() else []),
        f"{quantity(small.forgotten, 'forgotten instance')}",
        *([quantity(small.segments, "saved segment")] if small.segments else []),
        f"{quantity(len(manifest.matching(PUBLIC + '/')), 'published month')}",
        "the pepper" if small.pepper else "no pepper",
    ]
    return f"made {manifest.made} by footfall-collector {manifest.version}; {'; '.join(parts)}"


def _listed(items: list[str]) -> str:
    more = f" and {len(items) - _LISTED} more" if len(items) > _LISTED else ""
    return ", ".join(items[:_LISTED]) + more


def _check_author(settings: Settings, manifest: BackupManifest, contents: str, *, confirmed: bool) -> None:
    """Raises ControlError for a backup that was changed, and for one that nobody vouches for."""
    pepper = pepper_at_hand(settings)
    if pepper and manifest.mac:
        if is_authentic(manifest, pepper):
            return
        raise ControlError("the backup was changed after it was made, or was made by someone else; don't use it")
    if not confirmed:
        reason = (
            "it has no authentication code" if pepper else f"there is no pepper in {settings.data} to authenticate it"
        )
        raise ControlError(
            f"nobody vouches for this backup: {reason}. It says: {contents}. If you know where it comes from, restore "
            f"it by --confirm{'' if pepper else ', or put your copy of the pepper there first'}. Nothing is changed"
        )


def _pepper_advice(settings: Settings, small: SmallFiles, manifest: BackupManifest) -> str:
    """A sentence where the collector will lack the pepper that the instances were hashed with, else nothing.

    Raises ControlError where the collector would use another pepper; nothing is changed by then.
    """
    present = pepper_at_hand(settings) or small.pepper
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

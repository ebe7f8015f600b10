"""Puts a restored data directory together in a folder of its own, which then takes the place of the old one.

The folder is complete before it gets the name that `runtime.RESTORED` says. From that moment on the restore counts as
done: its files are moved into their places at once, or by the next start if the process ends in between.
"""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ...admit import load_catalogues
from ...journal import COUNTS_SUFFIX, FOLDER, MONTHS_FILE, Journal
from ...runtime import (
    RESTORE_PARTIAL,
    RESTORED,
    ControlError,
    Settings,
    Status,
    complete_restore,
    make_directory,
    replace_file,
    sync_directory,
)
from ...show.public import withhold_unpublished
from ...store import Loader, merge_tombstone_files
from ...store.duckdb import DAMAGED, SCHEMA, TRASH, DuckStore
from ..retention import CLOCK_FILE, Retention, TrustedTime, waiting_sentence
from .backup_source import BackupSource
from .copying import sync_tree
from .database_check import check_database
from .file_kinds import ANNOTATIONS, KEYS, LINKS, PEPPER, PUBLIC, SEGMENTS, STORE, TOKENS, TOMBSTONES
from .manifest import BackupManifest, ShowProgress
from .small_files import SmallFiles

_KEPT_FILES = (KEYS, TOKENS, LINKS, ANNOTATIONS, PEPPER)
"""Files that are not replaced where the data directory has them: what was revoked since stays revoked."""

_RESTORED_NAMES = frozenset(
    {STORE, FOLDER, f"{FOLDER}{COUNTS_SUFFIX}", MONTHS_FILE, PUBLIC}
    | {TOMBSTONES, KEYS, TOKENS, LINKS, SEGMENTS, ANNOTATIONS, PEPPER}
)


class RestoreStaging:
    """The folder in which a restored data directory is put together, on the file system of the data directory."""

    def __init__(self, settings: Settings, show_progress: ShowProgress) -> None:
        self._settings, self._show_progress = settings, show_progress
        self._data = settings.data
        self.directory = self._data / RESTORE_PARTIAL
        self.forgotten = 0
        self.removed: tuple[str, ...] = ()
        self.waiting = ""
        self.withheld: list[str] = []

    def fill(self, source: BackupSource, manifest: BackupManifest, small: SmallFiles, forgotten: Path | None) -> None:
        """Copy and check everything. Raises ControlError, StoreError, OSError; the data directory is unchanged."""
        shutil.rmtree(self.directory, ignore_errors=True)
        make_directory(self.directory)
        self._check_places()
        for file in manifest.files:
            if file.path not in small.contents:
                source.copy(file, self.directory, self._show_progress)
        for path in sorted((self.directory / STORE).glob("*.duckdb")):
            check_database(path, SCHEMA)
        self._write_small_files(small)
        lists = [self._data / TOMBSTONES, self.directory / TOMBSTONES, *([forgotten] if forgotten else [])]
        replace_file(self.directory / TOMBSTONES, merge_tombstone_files(lists))

    def _check_places(self) -> None:
        """A folder that is a link or a mount point can't be replaced by a rename."""
        for name in (STORE, FOLDER, PUBLIC):
            if (self._data / name).is_symlink() or (self._data / name).is_mount():
                raise ControlError(f"{self._data / name} is a link or a mount point; restore into a plain directory")

    def _write_small_files(self, small: SmallFiles) -> None:
        for path, content in small.contents.items():
            if path in _KEPT_FILES and (self._data / path).exists():
                continue
            make_directory((self.directory / path).parent)
            replace_file(self.directory / path, content)
        if (self._data / CLOCK_FILE).exists():
            replace_file(self.directory / CLOCK_FILE, (self._data / CLOCK_FILE).read_bytes())
        # What was published stays as it was published, whatever the backup says.
        for published in sorted((self._data / PUBLIC).glob("*/????-??.json")):
            target = self.directory / published.relative_to(self._data)
            make_directory(target.parent)
            replace_file(target, published.read_bytes())

    def finish(self, pepper: str) -> int:
        """Load the journal; delete forgotten instances, and months that are too old. Returns the number of events.

        `pepper` is the fingerprint that the store must have. Raises ControlError, StoreError, OSError, duckdb.Error.
        """
        self._show_progress("deleting instances that were forgotten since the backup")
        settings, status = self._settings, Status()
        journal = Journal(self.directory / FOLDER, status)
        journal.start()
        journal.close()
        store = DuckStore(
            self.directory,
            load_catalogues(settings.products),
            settings.store_memory,
            settings.store_threads,
            status=status,
            pepper=pepper,
            checksums=journal.checksums,
        )
        try:
            time = TrustedTime(self.directory, store.months.newest_event)
            forgotten = store.finish_forgetting()
            loader = Loader(store, self.directory / FOLDER, status, losses=journal.losses)
            loader.run_once()
            loader.checkpoint()
            # Not into the trash: the backup still has these months.
            result = Retention(store, replace(settings, trash_days=0), time, status).run()
            self.removed, self.waiting = (
                tuple(result.due) if result.done else (),
                waiting_sentence(result, time.doubt()),
            )
            self._check_outcome(set(store.files.months))
            events = sum(raw for _, raw in store.rollup_and_raw_counts().values())
            self.forgotten = forgotten + status.total("events_forgotten")
            # By the later time: in an empty directory the newest event stands for it, and months ended since then.
            self._withhold(set(store.files.months), datetime.fromtimestamp(max(time.now(), time.wall()), UTC))
        finally:
            store.close()
        return events

    def _check_outcome(self, months: set[str]) -> None:
        """Raises ControlError where the store had to leave out what the backup has."""
        if self.removed and not months:
            raise ControlError(
                "every month of the backup is older than retention_days: check this machine's clock, or set "
                "FOOTFALL_RETENTION_DAYS; nothing is changed"
            )
        aside = sorted(path.name for path in (self.directory / DAMAGED).glob("events-*"))
        if aside:
            raise ControlError(f"the backup's {', '.join(aside)} is damaged; take another backup. Nothing is changed")

    def _withhold(self, months: set[str], now: datetime) -> None:
        """Keep months unpublished that may have been published after the backup, from files that are lost.

        Not where the data directory has every month of the backup: then it knows of each publication.
        """
        present = {path.name[len("events-") : -len(".duckdb")] for path in (self._data / STORE).glob("events-*.duckdb")}
        if months and not months <= present:
            public = self.directory / PUBLIC
            self.withheld = withhold_unpublished(public, self._settings.products, months, now)

    def commit(self) -> None:
        """Replace the data directory's files by the restored ones. Raises OSError; the next start then completes it."""
        for path in self.directory.iterdir():
            # The store keeps more in its data directory, such as files that it set aside; none of it replaces DATA's.
            if path.name not in _RESTORED_NAMES:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if (self._data / TRASH).is_dir():
            # Months in the trash are not replaced: the next start deletes the instances from them too.
            replace_file(self.directory / TOMBSTONES, merge_tombstone_files([self.directory / TOMBSTONES]))
        sync_tree(self.directory)
        self.directory.rename(self._data / RESTORED)
        sync_directory(self._data)
        complete_restore(self._data)

    def discard(self) -> None:
        """Remove the folder, unless it is committed."""
        shutil.rmtree(self.directory, ignore_errors=True)

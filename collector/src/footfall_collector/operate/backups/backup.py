"""`backup`: a consistent copy of a store, made while events come in.

Most files are copied first, while the collector works on: a file that does not change during its copy is a good copy.
Then the collector is asked to hold its files, and those that changed are copied again, usually the current month and
the roll-ups. Events are acknowledged all the while and wait in the journal.

This process copies, not the collector: a process that opens and closes a database file loses the lock that its engine
holds on it.
"""

import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ...journal import CLOSED, FOLDER, LIVE, has_valid_checksum
from ...runtime import (
    ControlError,
    NotRunningError,
    Settings,
    __version__,
    make_directory,
    replace_file,
    send_command,
    utc_stamp,
)
from ..dispatch import check_engine, run_locally
from .copying import atomic_directory, copy_file
from .file_kinds import ANNOTATIONS, KEYS, LINKS, PEPPER, PUBLIC, SEGMENTS, STORE, TOKENS, TOMBSTONES, kind_of
from .manifest import (
    MANIFEST_FILE,
    MANIFEST_FORMAT,
    BackupManifest,
    ShowProgress,
    authenticated,
    describe_files,
    pepper_of,
)

_SETTLED_SECONDS = 2.0
"""A file that changed less than this ago may change again within one tick of the file system's clock, unnoticed."""

_Stamp = tuple[int, int, int]
"""Inode, size, time of the last change."""


@dataclass
class _BackupCopy:
    """The files that are copied, each with the stamp that the original had before."""

    data: Path
    target: Path
    show_progress: ShowProgress
    stamps: dict[str, _Stamp] = field(default_factory=dict)

    def copy_changed_files(self, *, held: bool) -> None:
        """Copy what is not copied or has changed. Where the store is `held`, the result is consistent."""
        # Someone's copy of a file is no month of the store.
        names = {path.name for path in (self.data / STORE).glob("*.duckdb*") if kind_of(f"{STORE}/{path.name}")}
        for name in sorted(self.stamps.keys() - names) if held else ():
            (self.target / STORE / name).unlink(missing_ok=True)
        for name in sorted(names):
            source = self.data / STORE / name
            try:
                stamp = _stamp(source)
                recent = time.time_ns() - stamp[2] < _SETTLED_SECONDS * 1e9
                if self.stamps.get(name) == stamp or (recent and not held):
                    continue
                self.stamps.pop(name, None)
                copy_file(source, self.target / STORE / name, self.show_progress)
                self.stamps[name] = stamp
            except FileNotFoundError:
                if held:
                    raise

    def copy_journal_and_small_files(self, *, include_pepper: bool) -> None:
        self._copy_journal()
        published = [
            path.relative_to(self.data).as_posix()
            for path in (self.data / PUBLIC).glob("*/*.json")
            if not path.is_symlink()
        ]
        lists = [TOMBSTONES, KEYS, TOKENS, LINKS, SEGMENTS, ANNOTATIONS]
        names = [*lists, *([PEPPER] if include_pepper else []), *published]
        for name in names:
            if kind_of(name) and (self.data / name).is_file():
                make_directory((self.target / name).parent)
                copy_file(self.data / name, self.target / name, self.show_progress)

    def _copy_journal(self) -> None:
        """The whole lines of every segment, as closed segments: all acknowledged events are among them."""
        (self.target / FOLDER).mkdir(mode=0o700)
        for path in sorted((self.data / FOLDER).iterdir()):
            if path.suffix not in (LIVE, CLOSED):
                continue
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                # Closed since it was listed.
                content = path.with_suffix(CLOSED).read_bytes()
            lines = [line + b"\n" for line in content.split(b"\n")[:-1] if has_valid_checksum(line)]
            if lines:
                (self.target / FOLDER / path.with_suffix(CLOSED).name).write_bytes(b"".join(lines))


def _stamp(path: Path) -> _Stamp:
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def back_up(
    settings: Settings, target: Path, *, include_pepper: bool, show_progress: ShowProgress
) -> tuple[BackupManifest, float]:
    """Make the directory `target`: its manifest, and for how many seconds new events stayed out of the store.

    Raises ControlError; there is no `target` then.
    """
    data, target = settings.data.absolute(), target.absolute()
    if not data.is_dir():
        raise ControlError(f"{settings.data} is no directory; check --data")
    if data in (target, *target.parents):
        raise ControlError(f"{target} is within the data directory and would be lost with it; choose another place")
    check_engine(settings, needs_files=True)
    if include_pepper and settings.pepper:
        raise ControlError("the pepper is FOOTFALL_PEPPER and no file of the collector's; keep it where you set it")
    try:
        with atomic_directory(target) as partial:
            _check_free_space(data, partial)
            (partial / STORE).mkdir(mode=0o700)
            copy = _BackupCopy(data, partial, show_progress)
            copy.copy_changed_files(held=False)
            store_state, seconds = _finish_while_held(settings, copy, include_pepper)
            manifest = _make_manifest(settings, partial, store_state, show_progress)
            replace_file(partial / MANIFEST_FILE, msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
        return manifest, seconds
    except OSError as error:
        place = error.filename or target
        raise ControlError(f"{place} can't be read or written ({error.strerror}); there is no backup") from None


def _finish_while_held(settings: Settings, copy: _BackupCopy, include_pepper: bool) -> tuple[dict[str, Any], float]:
    """Finish the copy while the store is held: the store's description of itself, and the seconds."""
    store_state: dict[str, Any] = {}

    def finish(progress: dict[str, Any]) -> None:
        store_state.update(progress)
        copy.copy_changed_files(held=True)
        copy.copy_journal_and_small_files(include_pepper=include_pepper)

    try:
        seconds = send_command(settings.data, "hold", {}, on_progress=finish)["seconds"]
    except NotRunningError:
        run_locally(settings, "hold", store_state.update)
        # The store is closed, and the directory locked until this process ends.
        finish({})
        seconds = 0.0
    return store_state, seconds


def _make_manifest(
    settings: Settings, partial: Path, store_state: dict[str, Any], show_progress: ShowProgress
) -> BackupManifest:
    # Late: only this needs the engine's version.
    import duckdb

    from ...store.duckdb import SCHEMA

    manifest = BackupManifest(
        format=MANIFEST_FORMAT,
        made=utc_stamp(datetime.now(UTC)),
        version=__version__,
        duckdb=duckdb.__version__,
        schema=SCHEMA,
        events=store_state["events"],
        pepper=store_state["pepper"],
        pepper_included=(partial / PEPPER).exists(),
        files=describe_files(partial, show_progress),
    )
    # A command whose FOOTFALL_PEPPER is not the collector's makes a backup without a code, and says so.
    pepper = pepper_of(settings, manifest.pepper)
    return authenticated(manifest, pepper) if pepper else manifest


def _check_free_space(data: Path, partial: Path) -> None:
    needed = sum(path.stat().st_size for path in (data / STORE).glob("*.duckdb"))
    free = shutil.disk_usage(partial).free
    if free < needed:
        raise ControlError(f"{partial.parent} has {free >> 20} MiB free and the store {needed >> 20} MiB; free some")

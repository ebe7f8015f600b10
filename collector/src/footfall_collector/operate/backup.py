"""`backup`: a consistent copy of a store, made while events come in.

Most of it is copied first, while the collector goes on: a file that did not change meanwhile is a good copy. Then the
collector is asked to keep its files as they are; what changed is copied again, usually the current month and the
rollups. Events are acknowledged all the while and wait in the journal.

The copying is done by this process and not by the collector: a process that opens and closes a database file loses
the lock that its engine holds on it.
"""

import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ..journal import CLOSED, FOLDER, LIVE, has_valid_checksum
from ..runtime import ControlError, NotRunningError, Settings, __version__, ask, replace_file
from . import manifest
from .copying import copy, made_whole
from .dispatch import here
from .manifest import Manifest, Say

STORE, PUBLIC, PEPPER = "store", "public", "pepper"
SMALL = ("forgotten.json", "keys.json", "tokens.json")
_SETTLED_SECONDS = 2.0
"""A file that changed so recently may change again within one tick of the file system's clock, unseen."""

_Stamp = tuple[int, int, int]


@dataclass
class _Copies:
    """What is copied already, each with the stamp that the original had before."""

    data: Path
    target: Path
    say: Say
    made: dict[str, _Stamp] = field(default_factory=dict)

    def bring_up_to_date(self, *, settled: bool) -> None:
        """Copy what is not copied or has changed. Where nothing can change (`settled`), the result is consistent."""
        names = {path.name for path in (self.data / STORE).glob("*.duckdb*") if path.suffix in (".duckdb", ".wal")}
        for name in sorted(self.made.keys() - names) if settled else ():
            (self.target / STORE / name).unlink(missing_ok=True)
        for name in sorted(names):
            source = self.data / STORE / name
            try:
                stamp = _stamp(source)
                fresh = time.time_ns() - stamp[2] < _SETTLED_SECONDS * 1e9
                if self.made.get(name) == stamp or (fresh and not settled):
                    continue
                self.made.pop(name, None)
                copy(source, self.target / STORE / name, self.say)
                self.made[name] = stamp
            except FileNotFoundError:
                if settled:
                    raise

    def copy_rest(self, *, include_pepper: bool) -> None:
        """What is in the journal, and the small files."""
        self._copy_journal()
        for name in (*SMALL, *([PEPPER] if include_pepper else [])):
            if (self.data / name).exists():
                copy(self.data / name, self.target / name, self.say)
        if (self.data / PUBLIC).is_dir():
            shutil.copytree(self.data / PUBLIC, self.target / PUBLIC)

    def _copy_journal(self) -> None:
        """The whole lines of every segment, as closed ones: those that were acknowledged are among them."""
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


def back_up(settings: Settings, target: Path, *, include_pepper: bool, say: Say) -> tuple[Manifest, float]:
    """Make the directory `target`; its manifest, and for how many seconds new events stayed out of the store.

    Raises ControlError; there is no `target` then.
    """
    data, target = settings.data.absolute(), target.absolute()
    if not data.is_dir():
        raise ControlError(f"{settings.data} is no directory; check --data")
    if data in (target, *target.parents):
        raise ControlError(f"{target} is within the data directory and would be lost with it; choose another place")
    if include_pepper and settings.pepper:
        raise ControlError("the pepper is FOOTFALL_PEPPER and no file of the collector's; keep it where you set it")
    try:
        with made_whole(target) as partial:
            _check_room(data, partial)
            (partial / STORE).mkdir(mode=0o700)
            copies = _Copies(data, partial, say)
            copies.bring_up_to_date(settled=False)
            state, seconds = _held(settings, copies, include_pepper)
            found = _described(partial, state, say)
            replace_file(partial / manifest.FILE, msgspec.json.format(msgspec.json.encode(found)) + b"\n")
        return found, seconds
    except OSError as error:
        place = error.filename or target
        raise ControlError(f"{place} can't be read or written ({error.strerror}); there is no backup") from None


def _held(settings: Settings, copies: _Copies, include_pepper: bool) -> tuple[dict[str, Any], float]:
    """Finish the copies while the store is kept as it is; what the store said of itself, and the seconds."""
    state: dict[str, Any] = {}

    def finish(progress: dict[str, Any]) -> None:
        state.update(progress)
        copies.bring_up_to_date(settled=True)
        copies.copy_rest(include_pepper=include_pepper)

    try:
        seconds = ask(settings.data, "hold", {}, progress=finish)["seconds"]
    except NotRunningError:
        here(settings, "hold", state.update)
        # The store is closed again, and the directory locked until this process ends.
        finish({})
        seconds = 0.0
    return state, seconds


def _described(partial: Path, state: dict[str, Any], say: Say) -> Manifest:
    # Late: only this needs the engine's version.
    import duckdb

    from ..store.duckdb.schema_migrations import SCHEMA

    return Manifest(
        format=manifest.FORMAT,
        made=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        version=__version__,
        duckdb=duckdb.__version__,
        schema=SCHEMA,
        events=state["events"],
        pepper=state["pepper"],
        pepper_included=(partial / PEPPER).exists(),
        files=manifest.listed(partial, say),
    )


def _check_room(data: Path, partial: Path) -> None:
    needed = sum(path.stat().st_size for path in (data / STORE).glob("*.duckdb"))
    free = shutil.disk_usage(partial).free
    if free < needed:
        raise ControlError(f"{partial.parent} has {free >> 20} MiB free and the store {needed >> 20} MiB; free some")

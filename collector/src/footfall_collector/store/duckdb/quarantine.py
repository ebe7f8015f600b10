"""Damaged files: recognised by the engine's error, and set aside in DATA/damaged instead of deleted.

The engine checks every block of a file and every entry of a write-ahead log by a checksum. A damaged log is set aside
alone: the events in it are still in the journal. A damaged roll-up file is computed again from the months. A damaged
month's counts stay in the roll-ups, so only what reads raw events lacks them.
"""

import errno
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ...runtime import make_directory, sync_directory
from ..interface import StoreError
from ..periods import month_bounds

_log = logging.getLogger(__name__)

FOLDER = "damaged"
WAL = ".wal"
_MONTH_PREFIX = "events-"
_MONTH_FILE = re.compile(r"events-[0-9]{4}-(0[1-9]|1[0-2])(\.[0-9]{8}T[0-9]{6}Z)?\.duckdb")

_QUOTED = re.compile(r'"[^"]*"')
"""Paths in the engine's messages, which may hold any words."""
_DAMAGE_TEXTS = (
    "corrupt",
    "could not read enough bytes",
    "not a valid duckdb database",
    "could not read from file",
    "wal does not match database file",
    "does not match the database file",
    "is a directory",
)
_DAMAGE_CLASSES = (duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException)
_ODD_CONTENT_CLASSES = (duckdb.CatalogException, duckdb.BinderException, duckdb.ConversionException)
_PASSING_TEXTS = (
    "no space left",
    "too many open files",
    "permission denied",
    "quota",
    "read-only file system",
    "fsync",
)
_REASONS = (errno.ENOSPC, errno.EROFS, errno.EIO, errno.EACCES, errno.EDQUOT, errno.EMFILE)
_FILE = re.compile(r'file "[^"]*?((?:rollups|events-[0-9-]{7})\.duckdb[.a-z]*)"')


class DamagedFileError(StoreError):
    """A file of the store can't be read. The next time the store is opened, the file is set aside."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is damaged; it is set aside when the store is opened again")
        self.path = path


def words_of(error: BaseException) -> str:
    """An engine's message in lower case, without the paths in it."""
    return _QUOTED.sub("", str(error)).lower()


def reason_of(error: BaseException) -> str:
    """Why the engine failed, without its message, which may quote stored values: file and reason, or only a class."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    file, text = _FILE.search(str(error)), words_of(error)
    reasons = [os.strerror(number) for number in _REASONS if os.strerror(number).lower() in text]
    if not reasons:
        return "the disk refuses to keep what was written" if "fsync failed" in text else type(error).__name__
    return f"{file[1]}: {reasons[0]}" if file else reasons[0]


def is_damage(error: BaseException, *, opening: bool = False) -> bool:
    """Whether an engine's error means that a file is damaged: not a full disk, a missing right or a lack of memory.

    `opening`: the error is of the fixed statements that open a file, which fail otherwise only on odd content.
    """
    text = words_of(error)
    if isinstance(error, duckdb.OutOfMemoryException) or any(passing in text for passing in _PASSING_TEXTS):
        return False
    if isinstance(error, _DAMAGE_CLASSES) or (opening and isinstance(error, _ODD_CONTENT_CLASSES)):
        return True
    return isinstance(error, duckdb.Error) and any(damage in text for damage in _DAMAGE_TEXTS)


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Raise DamagedFileError for `path` where the engine's error means that the file is damaged."""
    try:
        yield
    except duckdb.Error as error:
        if is_damage(error, opening=True):
            raise DamagedFileError(path) from error
        raise


@contextmanager
def engine_errors(what: str, on_damage: Callable[[], object]) -> Iterator[None]:
    """Raise the engine's errors as StoreError, with `reason_of` them.

    `on_damage` is called first if the error means that a file is damaged.
    """
    try:
        yield
    except (duckdb.Error, OSError, DamagedFileError) as error:
        if isinstance(error, DamagedFileError) or is_damage(error):
            on_damage()
            raise StoreError(f"{what}: a file is damaged, and is set aside once it is found") from error
        raise StoreError(f"{what} ({reason_of(error)})") from error


def read_every_row(connection: duckdb.DuckDBPyConnection, alias: str, path: Path) -> None:
    """Read all of an attached file. Raises DamagedFileError if that is not possible."""
    with opening(path):
        names = "SELECT table_name FROM duckdb_tables() WHERE database_name = $name"
        for (table,) in connection.execute(names, {"name": alias}).fetchall():
            # The hash of whole rows: a count would be answered without reading the columns.
            connection.execute(f"SELECT bit_xor(hash(t)) FROM {alias}.{table} t").fetchall()  # noqa: S608 - our own names


class Quarantine:
    """The damaged files of a data directory: DATA/damaged has them, as `rollups.duckdb.wal.20261128T213300Z`."""

    def __init__(self, data: Path) -> None:
        self.directory = data / FOLDER

    def set_aside(self, path: Path) -> None:
        """Move a file away, or only its write-ahead log if it has one: the file may be whole without it."""
        log = path.with_name(path.name + WAL)
        damaged = log if log.exists() else path
        make_directory(self.directory)
        if not _is_month(damaged.name):
            # Its content is computed or loaded again: one copy is enough to look at.
            for earlier in self.directory.glob(f"{damaged.name}.*Z"):
                if earlier.name.removeprefix(f"{damaged.name}.").count(".") == 0 and earlier.is_file():
                    earlier.unlink()
        target = self._free_name(damaged.name)
        os.rename(damaged, target)
        sync_directory(self.directory)
        sync_directory(path.parent)
        _log.error("store: %s is damaged and was moved to %s; %s", damaged, target, _consequence(damaged.name))

    def names(self) -> list[str]:
        """The names of the files that were set aside, the oldest first."""
        try:
            return sorted(os.listdir(self.directory), key=lambda name: (name.rpartition(".")[2], name))
        except OSError:
            return []

    def month_copies(self) -> list[Path]:
        """The copies of months, which can't be rewritten without a forgotten instance."""
        return [self.directory / name for name in self.names() if _is_month(name.rpartition(".")[0])]

    def months(self) -> set[str]:
        """The months whose file was set aside."""
        return {name[len(_MONTH_PREFIX) :][:7] for name in self.names() if _is_month(name.rpartition(".")[0])}

    def remove_recomputed(self) -> None:
        """Delete the copies whose content the store has again, because a forgotten instance may be in them.

        The log names the copies of months, which stay.
        """
        copies = self.month_copies()
        for path in copies:
            _log.error("store: %s may have events of a forgotten instance: delete it", path)
        for name in set(self.names()) - {path.name for path in copies}:
            (self.directory / name).unlink(missing_ok=True)

    def remove_old_months(self, cutoff: int) -> None:
        """Delete the copies of months that ended at or before `cutoff` (epoch seconds)."""
        for name in self.names():
            month = name[len(_MONTH_PREFIX) :][:7]
            if _is_month(name.rpartition(".")[0]) and month_bounds(month)[1] <= cutoff:
                (self.directory / name).unlink(missing_ok=True)

    def _free_name(self, name: str) -> Path:
        stamp = datetime.now(UTC)
        while (target := self.directory / f"{name}.{stamp:%Y%m%dT%H%M%SZ}").exists():
            stamp = stamp.replace(year=stamp.year + 1)
        return target


def _is_month(name: str) -> bool:
    return bool(_MONTH_FILE.fullmatch(name))


def _consequence(name: str) -> str:
    if name.endswith(WAL):
        return "the events in it are loaded again from the journal"
    if _is_month(name):
        return "the other months are served, and the roll-ups still have the counts of this one"
    return "the roll-ups are counted again from the raw events"

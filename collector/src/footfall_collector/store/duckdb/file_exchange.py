"""Replaces several files at once: all of them or none, whenever the process ends.

Fresh files are written next to the old ones under another name. Then a plan, the list of files to replace and to
remove, is written whole. From that moment on the exchange counts as done: it is applied at once, and again at the next
start if the process ends in between. Without a plan, fresh files are leftovers of an exchange that never happened.
"""

import contextlib
import errno
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ...runtime import checked_content, make_directory, read_regular_file, with_checksum
from ..interface import StoreError

_log = logging.getLogger(__name__)

FRESH = ".new"
_PLAN = "exchange.json"
_WAL = ".wal"


class FileExchange(msgspec.Struct, frozen=True):
    """Names of files in one directory: `replaced` have a fresh file, `removed` are only unlinked.

    `moved` are pairs of a name and the path, relative to the directory, to which the file goes.
    """

    replaced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()


def fresh_path(path: Path) -> Path:
    """The path for the fresh file that will replace `path`. Leftovers at that path are removed."""
    replacement = path.with_name(path.name + FRESH)
    _remove(replacement)
    return replacement


def write_plan(directory: Path, exchange: FileExchange) -> None:
    """Write the plan of an exchange. All fresh files must be complete. Raises OSError."""
    scratch = directory / (_PLAN + ".tmp")
    with open(scratch, "wb") as file:
        file.write(with_checksum(msgspec.json.encode(exchange)))
        file.flush()
        os.fsync(file.fileno())
    for name in exchange.replaced:
        _sync(directory / (name + FRESH))
    os.rename(scratch, directory / _PLAN)
    _sync(directory)


def apply_plan(directory: Path) -> None:
    """Carry out the plan, if there is one; none of its files may be open. Raises OSError."""
    path = directory / _PLAN
    if not path.exists():
        for leftover in directory.glob(f"*{FRESH}*"):
            leftover.unlink(missing_ok=True)
        return
    exchange = _read_plan(path)
    for name in exchange.removed:
        _remove(directory / name)
    for name, target in exchange.moved:
        _move(directory / name, directory / target)
    for name in exchange.replaced:
        source = directory / (name + FRESH)
        if source.exists():
            # DuckDB would replay the old file's write-ahead log into the new file.
            _remove(directory / name)
            os.rename(source, directory / name)
    _sync(directory)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    _sync(directory)


def _read_plan(path: Path) -> FileExchange:
    """The plan; for a damaged one, that every fresh file replaces its old one.

    A plan is written once every fresh file is complete. Months that it would have removed go by the next retention.
    """
    with contextlib.suppress(OSError, msgspec.DecodeError, ValueError):
        return msgspec.json.decode(checked_content(read_regular_file(path)), type=FileExchange)
    _log.error("store: %s is damaged; every fresh file replaces its old one", path)
    fresh = path.parent.glob(f"*.duckdb{FRESH}")
    return FileExchange(replaced=tuple(file.name.removesuffix(FRESH) for file in fresh))


@contextmanager
def engine_directory(directory: Path) -> Iterator[str]:
    """A directory's path for SQL: through a descriptor, because the engine decodes paths as UTF-8 and expands `*`."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def open_directory(directory: Path) -> int:
    """A descriptor of a directory: through it, SQL names files without the directory's name.

    The engine decodes paths as UTF-8 and expands `*`. Raises StoreError for a path that it can't use even so.
    """
    if "?" in os.path.realpath(directory):
        raise StoreError(f"{directory}: DuckDB takes what follows a `?` in a path for options; choose another --data")
    return os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def file_names(paths: Sequence[Path]) -> tuple[str, ...]:
    return tuple(path.name for path in paths)


def _remove(path: Path) -> None:
    path.with_name(path.name + _WAL).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _move(source: Path, target: Path) -> None:
    """Move a file that may be moved already. Its write-ahead log, usually none, goes first and belongs to it."""
    make_directory(target.parent)
    for suffix in (_WAL, ""):
        origin, place = source.with_name(source.name + suffix), target.with_name(target.name + suffix)
        if not origin.exists():
            continue
        try:
            os.rename(origin, place)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            partial = fresh_path(place)
            shutil.copyfile(origin, partial)
            _sync(partial)
            os.rename(partial, place)
            origin.unlink()
    _sync(target.parent)


def replace_one(path: Path) -> None:
    """Replace a file that no engine has open by its fresh file. Raises OSError."""
    _sync(path.with_name(path.name + FRESH))
    path.with_name(path.name + _WAL).unlink(missing_ok=True)
    os.rename(path.with_name(path.name + FRESH), path)
    _sync(path.parent)


def remove_files(paths: Sequence[Path]) -> None:
    """Remove files of one directory, with their write-ahead logs, durably. Raises OSError."""
    for path in paths:
        _remove(path)
    for directory in {path.parent for path in paths}:
        _sync(directory)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

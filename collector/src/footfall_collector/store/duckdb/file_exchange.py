"""Files that take the place of others: all of them or none, whenever the process ends.

Fresh files are written beside the old ones under another name. Then a list of what to replace and what to remove is
written whole; from that moment on the exchange happened, and is carried out, again if need be at the next start.
Without a list, fresh files are leftovers of what was never finished.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

FRESH = ".new"
_LIST = "exchange.json"
_WAL = ".wal"


class Exchange(msgspec.Struct, frozen=True):
    """Names within one directory: `replaced` have a fresh file, `removed` go without one."""

    replaced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def fresh(path: Path) -> Path:
    """Where the file that is to take a file's place is written. Leftovers there are removed."""
    found = path.with_name(path.name + FRESH)
    _remove(found)
    return found


def decide(directory: Path, exchange: Exchange) -> None:
    """Write down what is to be exchanged. All fresh files must be complete. Raises OSError."""
    scratch = directory / (_LIST + ".tmp")
    with open(scratch, "wb") as file:
        file.write(msgspec.json.encode(exchange))
        file.flush()
        os.fsync(file.fileno())
    for name in exchange.replaced:
        _sync(directory / (name + FRESH))
    os.rename(scratch, directory / _LIST)
    _sync(directory)


def carry_out(directory: Path) -> None:
    """Do what was decided, if anything was; no file concerned may be open. Raises OSError."""
    path = directory / _LIST
    if not path.exists():
        for leftover in directory.glob(f"*{FRESH}*"):
            leftover.unlink(missing_ok=True)
        return
    exchange = msgspec.json.decode(path.read_bytes(), type=Exchange)
    for name in exchange.removed:
        _remove(directory / name)
    for name in exchange.replaced:
        source = directory / (name + FRESH)
        if source.exists():
            # The old file's log must not be taken for the new one's.
            _remove(directory / name)
            os.rename(source, directory / name)
    _sync(directory)
    path.unlink()
    _sync(directory)


def names_of(paths: Sequence[Path]) -> tuple[str, ...]:
    """The names of files of one directory."""
    return tuple(path.name for path in paths)


def _remove(path: Path) -> None:
    path.with_name(path.name + _WAL).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

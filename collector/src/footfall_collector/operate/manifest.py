"""What a backup says of itself: `manifest.json`, with every file's size and checksum."""

import hashlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import msgspec

from ..runtime import ControlError

FILE = "manifest.json"
FORMAT = 1
UNFINISHED = "not-finished"
"""A file that is in a directory for as long as it is not complete."""

Say = Callable[[str], None]


class Listed(msgspec.Struct, frozen=True):
    """One file: its path within the backup, bytes, SHA-256 as hex digits."""

    path: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """A backup.

    Attributes:
        format: of the backup's layout.
        made: RFC 3339, UTC.
        version, duckdb, schema: of what wrote it: the collector, its engine, the layout of the store's files.
        events: raw events in the store's files; those in `journal` come on top.
        pepper: fingerprint of the pepper that instances were hashed with; `pepper_included` where it is in here.
    """

    format: int
    made: str
    version: str
    duckdb: str
    schema: int
    events: int
    pepper: str
    pepper_included: bool
    files: tuple[Listed, ...]


def digest(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def listed(directory: Path, say: Say) -> tuple[Listed, ...]:
    """Every file below a directory that is being made. Raises OSError."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file() and path.name != UNFINISHED)
    found = []
    for path in paths:
        say(f"checksum of {path.name}")
        found.append(Listed(path.relative_to(directory).as_posix(), path.stat().st_size, digest(path)))
    return tuple(found)


def read(backup: Path) -> Manifest:
    """A backup's manifest. Raises ControlError where there is none, or one of another format."""
    path = backup / FILE
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise ControlError(f"{path} can't be read ({error.strerror}); name the directory of a whole backup") from None
    except msgspec.DecodeError:
        raise ControlError(f"{path} is no manifest of a backup; take another backup") from None
    if manifest.format != FORMAT:
        raise ControlError(f"{path} has format {manifest.format}, not {FORMAT}; update footfall-collector")
    for file in manifest.files:
        if PurePosixPath(file.path).is_absolute() or ".." in PurePosixPath(file.path).parts:
            raise ControlError(f"{path} names a file outside the backup; don't use it")
    return manifest


def check(backup: Path, manifest: Manifest, say: Say) -> None:
    """Compare every file with the manifest. Raises ControlError at the first that is missing or changed."""
    for number, file in enumerate(manifest.files, 1):
        say(f"checking {number} of {len(manifest.files)} files: {file.path}")
        path = backup / file.path
        try:
            same = path.stat().st_size == file.bytes and digest(path) == file.sha256
        except OSError as error:
            raise ControlError(f"{path} can't be read ({error.strerror}); take another backup") from None
        if not same:
            raise ControlError(f"{path} is not what the backup's manifest says; take another backup")

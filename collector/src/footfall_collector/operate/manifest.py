"""`manifest.json`, which describes a backup: its versions, and every file's size and checksum."""

import hashlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import msgspec

from ..runtime import ControlError

MANIFEST_FILE = "manifest.json"
MANIFEST_FORMAT = 1
UNFINISHED = "not-finished"
"""A file that is in a directory until it is complete."""

ShowProgress = Callable[[str], None]


class BackupFile(msgspec.Struct, frozen=True):
    """One file: its path within the backup, its size in bytes, its SHA-256 as hex digits."""

    path: str
    bytes: int
    sha256: str


class BackupManifest(msgspec.Struct, frozen=True):
    """A backup.

    Attributes:
        format: of the backup's layout.
        made: RFC 3339, UTC.
        version, duckdb, schema: the versions of the collector, its engine, and the layout of the store's files.
        events: raw events in the store's files; those in the backup's `journal` are not among them.
        pepper: fingerprint of the pepper that instances were hashed with.
        pepper_included: whether the backup has the pepper itself.
    """

    format: int
    made: str
    version: str
    duckdb: str
    schema: int
    events: int
    pepper: str
    pepper_included: bool
    files: tuple[BackupFile, ...]


def describe_files(directory: Path, show_progress: ShowProgress) -> tuple[BackupFile, ...]:
    """Every file of a backup that is being made. Raises OSError."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file() and path.name != UNFINISHED)
    files = []
    for path in paths:
        show_progress(f"checksum of {path.name}")
        files.append(BackupFile(path.relative_to(directory).as_posix(), path.stat().st_size, _sha256(path)))
    return tuple(files)


def read_manifest(backup: Path) -> BackupManifest:
    """Raises ControlError where there is no manifest, or one of another format."""
    path = backup / MANIFEST_FILE
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=BackupManifest)
    except OSError as error:
        raise ControlError(f"{path} can't be read ({error.strerror}); name the directory of a whole backup") from None
    except msgspec.DecodeError:
        raise ControlError(f"{path} is no manifest of a backup; take another backup") from None
    if manifest.format != MANIFEST_FORMAT:
        raise ControlError(f"{path} has format {manifest.format}, not {MANIFEST_FORMAT}; update footfall-collector")
    for file in manifest.files:
        if PurePosixPath(file.path).is_absolute() or ".." in PurePosixPath(file.path).parts:
            raise ControlError(f"{path} names a file outside the backup; don't use it")
    return manifest


def check_files(backup: Path, manifest: BackupManifest, show_progress: ShowProgress) -> None:
    """Compare every file with the manifest. Raises ControlError at the first that is missing or changed."""
    for number, file in enumerate(manifest.files, 1):
        show_progress(f"checking {number} of {len(manifest.files)} files: {file.path}")
        path = backup / file.path
        try:
            same = path.stat().st_size == file.bytes and _sha256(path) == file.sha256
        except OSError as error:
            raise ControlError(f"{path} can't be read ({error.strerror}); take another backup") from None
        if not same:
            raise ControlError(f"{path} is not what the backup's manifest says; take another backup")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

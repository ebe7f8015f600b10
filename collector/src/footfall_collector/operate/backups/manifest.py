"""`manifest.json`, which describes a backup: its versions, every file's size and checksum, and who made it.

The manifest ends with a message authentication code. Its key is derived from the pepper, so only a holder of the pepper
can make a backup, or change one, that `restore` takes without a confirmation.
"""

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec

from ...admit import FILE, fingerprint
from ...runtime import ControlError, Settings
from .file_kinds import MAX_FILES, kind_of

MANIFEST_FILE = "manifest.json"
MANIFEST_FORMAT = 2
"""1 had no authentication code; it is still read."""
MAX_MANIFEST_BYTES = 32 << 20
UNFINISHED = "not-finished"
"""A file that is in a directory until it is complete."""

_MAC_CONTEXT = b"footfall-backup-manifest/v1"

ShowProgress = Callable[[str], None]
Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 50)]
ShortText = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z.+_-]{1,64}\Z")]


class BackupFile(msgspec.Struct, frozen=True):
    """One file: its path within the backup, its size in bytes, its SHA-256 as hex digits."""

    path: str
    bytes: Size
    sha256: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class BackupManifest(msgspec.Struct, frozen=True):
    """A backup.

    Attributes:
        format: of the backup's layout.
        made: RFC 3339, UTC.
        version, duckdb, schema: the versions of the collector, its engine, and the layout of the store's files.
        events: raw events in the store's files; those in the backup's `journal` are not among them.
        pepper: fingerprint of the pepper that instances were hashed with.
        pepper_included: whether the backup has the pepper itself.
        mac: HMAC-SHA256 of everything else, as hex digits; empty where the pepper was not at hand.
    """

    format: int
    made: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z\Z")]
    version: ShortText
    duckdb: ShortText
    schema: Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]
    events: Size
    pepper: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
    pepper_included: bool
    files: Annotated[tuple[BackupFile, ...], msgspec.Meta(max_length=MAX_FILES)]
    mac: Annotated[str, msgspec.Meta(max_length=64)] = ""

    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.bytes for file in self.files)

    def matching(self, pattern: str) -> list[str]:
        """The paths of the files whose kind has this beginning."""
        return [file.path for file in self.files if file.path.startswith(pattern)]


def authenticated(manifest: BackupManifest, pepper: bytes) -> BackupManifest:
    """The manifest with its authentication code."""
    return msgspec.structs.replace(manifest, mac=_mac(manifest, pepper))


def is_authentic(manifest: BackupManifest, pepper: bytes) -> bool:
    """Whether a holder of the pepper wrote exactly this manifest."""
    return hmac.compare_digest(_mac(manifest, pepper).encode(), manifest.mac.encode("utf-8", "replace"))


def _mac(manifest: BackupManifest, pepper: bytes) -> str:
    key = hmac.digest(pepper, _MAC_CONTEXT, "sha256")
    content = msgspec.json.encode(msgspec.structs.replace(manifest, mac=""))
    return hmac.digest(key, content, "sha256").hex()


def pepper_at_hand(settings: Settings) -> bytes:
    """The pepper of the settings or of the data directory; empty where there is none. Raises OSError."""
    path = settings.data / FILE
    return settings.pepper.encode() or (path.read_bytes().strip() if path.exists() else b"")


def pepper_of(settings: Settings, expected: str) -> bytes:
    """The pepper at hand if it has the fingerprint `expected`, else empty. Raises OSError."""
    pepper = pepper_at_hand(settings)
    return pepper if pepper and fingerprint(pepper) == expected else b""


def describe_files(directory: Path, show_progress: ShowProgress) -> tuple[BackupFile, ...]:
    """Every file of a backup that is being made. Raises OSError."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file() and path.name != UNFINISHED)
    files = []
    for path in paths:
        show_progress(f"checksum of {path.name}")
        files.append(BackupFile(path.relative_to(directory).as_posix(), path.stat().st_size, checksum(path)))
    return tuple(files)


def parse_manifest(content: bytes, path: Path) -> BackupManifest:
    """Raises ControlError where the content is no manifest, or names a file that no backup has."""
    try:
        manifest = msgspec.json.decode(content, type=BackupManifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ControlError(f"{path} is no manifest of a backup; take another backup") from None
    if not 1 <= manifest.format <= MANIFEST_FORMAT:
        raise ControlError(f"{path} has format {manifest.format}, not {MANIFEST_FORMAT}; update footfall-collector")
    seen: set[str] = set()
    for file in manifest.files:
        kind = kind_of(file.path)
        if kind is None:
            raise ControlError(f"{path} names {_shown(file.path)}, a file that no backup has; don't use this backup")
        if file.bytes > kind.max_bytes:
            raise ControlError(f"{path} says that {file.path} has {file.bytes} bytes, too many; don't use this backup")
        if file.path in seen:
            raise ControlError(f"{path} names {file.path} twice; don't use this backup")
        seen.add(file.path)
    return manifest


def checksum(path: Path) -> str:
    """The SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown(path: str) -> str:
    """A stranger's path, short and in ASCII: it may hold control characters of a terminal."""
    return ascii(path if len(path) <= 80 else path[:80] + "…")

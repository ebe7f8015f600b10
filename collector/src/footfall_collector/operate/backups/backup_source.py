"""A backup as it lies on disk, read as a stranger's: no link is followed, and only regular files are opened.

A file could be exchanged between a check and its use, so what is opened is checked, and what was copied is compared.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path, PurePosixPath

from ...runtime import ControlError, make_directory
from .copying import copy_open_file
from .manifest import MANIFEST_FILE, MAX_MANIFEST_BYTES, BackupFile, BackupManifest, ShowProgress, checksum
from .manifest import parse_manifest as _parse

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Without O_NONBLOCK the opening of a FIFO would wait for a writer."""


class BackupSource:
    """The directory of a backup. Every method raises ControlError for what is missing, no regular file, or changed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def manifest(self) -> BackupManifest:
        """The manifest, whose files are of known kinds only."""
        path = self.directory / MANIFEST_FILE
        if not os.path.lexists(path):
            raise ControlError(f"{path} can't be read (no such file); name the directory of a whole backup")
        with self._opened(MANIFEST_FILE) as file:
            content = file.read(MAX_MANIFEST_BYTES + 1)
        if len(content) > MAX_MANIFEST_BYTES:
            raise ControlError(f"{path} is too large to be a manifest; take another backup")
        return _parse(content, path)

    def check_sizes(self, manifest: BackupManifest) -> None:
        """Compare every file's size with the manifest, without reading the files."""
        for file in manifest.files:
            with self._described(file):
                pass

    def check_contents(self, manifest: BackupManifest, show_progress: ShowProgress) -> None:
        """Compare every file's checksum with the manifest."""
        for number, file in enumerate(manifest.files, 1):
            show_progress(f"checking {number} of {len(manifest.files)} files: {file.path}")
            with self._described(file) as opened:
                if hashlib.file_digest(opened, "sha256").hexdigest() != file.sha256:
                    raise self._changed(file)

    def read(self, file: BackupFile) -> bytes:
        """The content of a small file."""
        with self._described(file) as opened:
            content = opened.read(file.bytes + 1)
        if len(content) != file.bytes or hashlib.sha256(content).hexdigest() != file.sha256:
            raise self._changed(file)
        return content

    def copy(self, file: BackupFile, target: Path, show_progress: ShowProgress) -> None:
        """Copy a file below `target`, never more than the manifest says, and compare the copy. Raises OSError too."""
        copied = target / file.path
        make_directory(copied.parent)
        with self._described(file) as opened:
            copy_open_file(opened, copied, file.bytes, show_progress)
        if copied.stat().st_size != file.bytes or checksum(copied) != file.sha256:
            raise self._changed(file)

    @contextmanager
    def _described(self, file: BackupFile) -> Iterator[BufferedReader]:
        with self._opened(file.path) as opened:
            if os.fstat(opened.fileno()).st_size != file.bytes:
                raise self._changed(file)
            yield opened

    @contextmanager
    def _opened(self, name: str) -> Iterator[BufferedReader]:
        path = self.directory / name
        try:
            descriptor = self._open(PurePosixPath(name).parts)
        except OSError as error:
            raise ControlError(f"{path} can't be read ({error.strerror}); take another backup") from None
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ControlError(f"{path} is no regular file; don't use this backup")
            if status.st_nlink != 1:
                raise ControlError(
                    f"{path} has {status.st_nlink} names (hard links); copy the backup to a directory of its own first"
                )
            yield file

    def _open(self, parts: tuple[str, ...]) -> int:
        """Open a file one directory at a time, so that none of them is a link."""
        folder = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts[:-1]:
                inner = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=folder)
                os.close(folder)
                folder = inner
            return os.open(parts[-1], _FLAGS, dir_fd=folder)
        finally:
            os.close(folder)

    def _changed(self, file: BackupFile) -> ControlError:
        return ControlError(f"{self.directory / file.path} is not what the backup's manifest says; take another backup")

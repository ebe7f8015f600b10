"""Files and directories that survive a power cut: a new name is durable once its directory is synced.

Small files that nothing else can restore have a second copy with a checksum in the folder `copies` next to them.
"""

import os
from pathlib import Path
from zlib import crc32

COPIES = "copies"
_CHECKSUM_MARK = b"\ncrc32 "


def sync_directory(directory: Path) -> None:
    """Make creations, renames and deletions in a directory durable. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(directory: Path) -> None:
    """Make a directory for its user only, and its parents; each is on disk before the next. Raises OSError."""
    if directory.is_dir():
        return
    missing = []
    for path in directory.absolute().parents:
        if path.is_dir():
            break
        missing.append(path)
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_directory(path.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
    sync_directory(directory.absolute().parent)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file atomically by one that only its user can read. Raises OSError; the old file is then unchanged."""
    temporary = path.with_name(path.name + ".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, path)
    sync_directory(path.parent)


def copy_path(path: Path) -> Path:
    """The second copy of a small file."""
    return path.parent / COPIES / path.name


def replace_with_copy(path: Path, content: bytes) -> None:
    """Replace a small file, and its second copy. Raises OSError; the old file is then unchanged, or both are new."""
    replace_file(path, content)
    make_directory(copy_path(path).parent)
    replace_file(copy_path(path), content + _CHECKSUM_MARK + f"{crc32(content):08x}\n".encode())


def read_copy(path: Path) -> bytes | None:
    """The content of the second copy of a small file; None if there is none, or a damaged one."""
    try:
        content, mark, checksum = copy_path(path).read_bytes().rpartition(_CHECKSUM_MARK)
    except OSError:
        return None
    return content if mark and checksum == f"{crc32(content):08x}\n".encode() else None

"""Files and directories that survive a power cut: a new name is durable once its directory is synced.

Small files that nothing else can restore have a second copy with a checksum in the folder `copies` of the data
directory. Those that are JSON objects have their own checksum too, as their last member: where a file and its copy
differ, it shows whether the file is newer or was changed by something else.
"""

import errno
import os
import re
import stat
from pathlib import Path
from zlib import crc32

COPIES = "copies"
_CHUNK = 1 << 20
_CHECKSUM_MARK = b"\ncrc32 "
_CHECKSUM_MEMBER = re.compile(rb',\s*"crc32":\s*"([0-9a-f]{8})"\s*}\s*\Z')


def sync_directory(directory: Path) -> None:
    """Make creations, renames and deletions in a directory durable. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(directory: Path) -> None:
    """Make a directory, with its parents, for its user only; each is on disk before the next. Raises OSError."""
    if directory.is_dir():
        return
    missing = []
    for path in directory.absolute().parents:
        if path.is_dir():
            break
        missing.append(path)
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
        sync_directory(path.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
    sync_directory(directory.absolute().parent)


def read_regular_file(path: Path, max_bytes: int = 64 << 20) -> bytes:
    """The content of a small file. Raises OSError, also for a pipe, a directory, a device or a larger file.

    A pipe in place of a file would keep its reader waiting for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if status.st_size > max_bytes:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        content = bytearray()
        while chunk := os.read(descriptor, _CHUNK):
            content += chunk
        return bytes(content)
    finally:
        os.close(descriptor)


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


def with_checksum(json_object: bytes) -> bytes:
    """A JSON object that has members, with its CRC-32 as a further one."""
    body = json_object.rstrip().removesuffix(b"}").rstrip()
    return body + b',\n  "crc32": "%08x"\n}\n' % crc32(body)


def has_checksum_of_content(content: bytes) -> bool:
    """Whether a file is as `with_checksum` made it; False for one without a checksum too."""
    member = _CHECKSUM_MEMBER.search(content)
    return member is not None and int(member[1], 16) == crc32(content[: member.start()])


def checked_content(content: bytes) -> bytes:
    """The content of a small file. Raises ValueError where its checksum does not fit; earlier versions wrote none."""
    if b'"crc32"' in content and not has_checksum_of_content(content):
        raise ValueError("a checksum that does not fit")
    return content


def copy_path(path: Path, data: Path | None = None) -> Path:
    """The second copy of a small file. `data` is the data directory, where it is not the file's own."""
    data = data or path.parent
    return data / COPIES / path.relative_to(data)


def replace_with_copy(path: Path, content: bytes, data: Path | None = None) -> None:
    """Replace a small file, and its second copy. Raises OSError; the old file or the new one is then whole."""
    replace_file(path, content)
    write_copy(path, content, data)


def write_copy(path: Path, content: bytes, data: Path | None = None) -> None:
    """Write the second copy of a small file that has this content. Raises OSError."""
    copy = copy_path(path, data)
    make_directory(copy.parent)
    replace_file(copy, content + _CHECKSUM_MARK + f"{crc32(content):08x}\n".encode())


def read_copy(path: Path, data: Path | None = None) -> bytes | None:
    """The content of the second copy of a small file; None if there is none, or a damaged one."""
    try:
        content, mark, checksum = read_regular_file(copy_path(path, data)).rpartition(_CHECKSUM_MARK)
    except OSError:
        return None
    return content if mark and checksum == f"{crc32(content):08x}\n".encode() else None

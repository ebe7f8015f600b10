"""Deletes unsent events, or everything that telemetry keeps."""

import os

from ..runtime import TEMPORARY_PREFIX, check_private_directory, open_private_file
from .segment import SEGMENT_SUFFIX, try_lock

_STATE_FILES = frozenset(
    {"identity.json", "product.json", "ship.json", "ship.lock", "egress.jsonl", "egress.old.jsonl"}
)
_TEMPORARY_PREFIXES = (TEMPORARY_PREFIX, ".probe-")


def delete_unsent(spool: str) -> int:
    """Unlink every segment that no living process holds; how many. Never raises."""
    deleted = 0
    try:
        for directory in (os.path.dirname(spool), spool):
            check_private_directory(directory)  # else the files may be another program's
        names = [name for name in os.listdir(spool) if name.endswith(SEGMENT_SUFFIX)]
    except OSError:
        return 0
    for name in names:
        path = os.path.join(spool, name)
        try:
            file = open_private_file(path, os.O_RDWR)
        except OSError:
            continue
        try:
            if try_lock(file.proven()) is not False:
                os.unlink(path)
                deleted += 1
        except OSError:
            continue
        finally:
            file.close()
    return deleted


def delete_all(directory: str) -> int:
    """Delete all of telemetry's files in a state directory, unsent events of running servers included; how many.

    Other files stay: an operator may have configured a directory that holds more. Raises OSError; NotPrivateError for a
    directory that another user may have made.
    """
    spool = os.path.join(directory, "spool")
    for checked in (directory, spool):
        if os.path.lexists(checked):
            check_private_directory(checked)
    paths = [
        os.path.join(directory, name)
        for name in _names(directory)
        if name in _STATE_FILES or name.startswith(_TEMPORARY_PREFIXES)
    ]
    paths += [
        os.path.join(spool, name)
        for name in _names(spool)
        if name.endswith(SEGMENT_SUFFIX) or name.startswith(_TEMPORARY_PREFIXES)
    ]
    for path in paths:
        os.unlink(path)
    return len(paths)


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []

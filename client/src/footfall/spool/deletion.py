"""Deletes what was recorded and not yet sent, and all else that telemetry keeps."""

import os

from .segment import SUFFIX, lock


def delete_unsent(spool: str) -> int:
    """Unlink every segment that no living process holds; how many. Never raises."""
    deleted = 0
    try:
        names = [name for name in os.listdir(spool) if name.endswith(SUFFIX)]
    except OSError:
        return 0
    for name in names:
        path = os.path.join(spool, name)
        try:
            descriptor = os.open(path, os.O_RDWR)
        except OSError:
            continue
        try:
            if lock(descriptor) is not False:
                os.unlink(path)
                deleted += 1
        except OSError:
            continue
        finally:
            os.close(descriptor)
    return deleted


_KEPT = frozenset({"identity.json", "product.json", "ship.json", "ship.lock", "egress.jsonl", "egress.old.jsonl"})
_HALF_MADE = (".new-", ".probe-")


def delete_all(directory: str) -> int:
    """Delete everything that telemetry keeps in a state directory, unsent events of running servers too; how many.

    What somebody else keeps there stays: an operator may have named a directory that holds more. Raises OSError.
    """
    spool = os.path.join(directory, "spool")
    found = [
        os.path.join(directory, name) for name in _names(directory) if name in _KEPT or name.startswith(_HALF_MADE)
    ]
    found += [
        os.path.join(spool, name) for name in _names(spool) if name.endswith(SUFFIX) or name.startswith(_HALF_MADE)
    ]
    for path in found:
        os.unlink(path)
    return len(found)


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []

"""Deletes what was recorded and not yet sent."""

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

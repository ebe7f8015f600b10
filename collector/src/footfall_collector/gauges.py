"""What /metrics measures when it is asked: how far behind the journal and the loader are, disk, memory."""

import os
import resource
import time
from pathlib import Path

from .journal import FOLDER
from .receive import Connections, Lag
from .status import Status

_PAGE = resource.getpagesize()


def watch_gauges(status: Status, data: Path, lag: Lag) -> None:
    """Let `status` measure them.

    `journal_lag_seconds` is how long the latest request waited for the disk, or how long the oldest one does now.
    `loader_lag_seconds` is the age of the moment up to which all closed segments are in the store; a live segment is
    closed after `segment_seconds`.
    """
    status.watch("journal_lag_seconds", lag.seconds)
    status.watch("loader_lag_seconds", lambda: _since(status.value("loader_current_timestamp_seconds")))
    status.watch("disk_free_bytes", lambda: _disk(data)[0])
    status.watch("disk_size_bytes", lambda: _disk(data)[1])
    status.watch("data_bytes", lambda: _size(data))
    status.watch("journal_bytes", lambda: _size(data / FOLDER))
    status.watch("resident_bytes", _resident)


def watch_connections(status: Status, connections: Connections) -> None:
    """Let `status` count the connections."""
    status.watch("connections", lambda: float(len(connections.open)))


def _since(moment: float) -> float:
    return max(0.0, time.time() - moment) if moment else 0.0


def _disk(data: Path) -> tuple[float, float]:
    try:
        found = os.statvfs(data)
    except OSError:
        return 0.0, 0.0
    return float(found.f_bavail * found.f_frsize), float(found.f_blocks * found.f_frsize)


def _size(folder: Path) -> float:
    size = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.stat(os.path.join(path, name)).st_size
            except FileNotFoundError:
                continue  # segments come and go
    return float(size)


def _resident() -> float:
    with open("/proc/self/statm", "rb") as file:
        return float(int(file.read().split()[1]) * _PAGE)

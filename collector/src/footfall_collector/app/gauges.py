"""What /metrics measures when it is asked: how far behind the journal and the loader are, disk, memory."""

import logging
import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ..journal import FOLDER
from ..receive import CommitLag
from ..receive.server import Connections
from ..runtime import Settings, Status

_log = logging.getLogger(__name__)

_PAGE = resource.getpagesize()
_CLEARED = 1.1
"""The alarm ends a little above where it begins: segments come and go, and an alarm that flickers is not heeded."""


class DiskAlarm:
    """Whether the disk below a data directory is nearly full. Looks whenever it is asked; the log gets each change.

    Args:
        data: the data directory.
        percent: of the disk's size, what must be free at least; 0 for no alarm.
    """

    def __init__(self, data: Path, percent: float) -> None:
        self._data, self._percent = data, percent
        self._lock = threading.Lock()
        self._low = False

    def raised(self) -> float:
        """1 while less is free, else 0. Safe on any thread."""
        free, size = _disk(self._data)
        with self._lock:
            low = free < size * self._percent / 100 * (_CLEARED if self._low else 1)
            changed, self._low = low != self._low, low
        if changed and low:
            _log.warning(
                "disk: %d of %d MiB are free, under %g %% (disk_alarm_percent): make room before it is full",
                int(free) >> 20,
                int(size) >> 20,
                self._percent,
            )
        elif changed:
            _log.info("disk: %d MiB are free, which is enough again", int(free) >> 20)
        return float(low)


class PeriodicCheck:
    """Looks at something now and then on a thread of its own, so that the log has it where nobody asks.

    Args:
        look: what is done each time.
        seconds: how long to wait in between.
    """

    def __init__(self, look: Callable[[], object], seconds: float = 60.0) -> None:
        self._look, self._seconds = look, seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="footfall-watch", daemon=True)

    def start(self) -> None:
        """Begin, with a first look at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        self._look()
        while not self._stopping.wait(self._seconds):
            self._look()


def watch_gauges(status: Status, settings: Settings, lag: CommitLag) -> DiskAlarm:
    """Let `status` measure them; the alarm is also for who looks at it regularly.

    `journal_lag_seconds` is how long the latest request waited for the disk, or how long the oldest one does now.
    `loader_lag_seconds` is the age of the moment up to which all closed segments are in the store; a live segment is
    closed after `segment_seconds`.
    """
    data, alarm = settings.data, DiskAlarm(settings.data, settings.disk_alarm_percent)
    status.add_gauge("journal_lag_seconds", lag.seconds)
    status.add_gauge("loader_lag_seconds", lambda: _since(status.gauge("loader_current_timestamp_seconds")))
    status.add_gauge("disk_free_bytes", lambda: _disk(data)[0])
    status.add_gauge("disk_size_bytes", lambda: _disk(data)[1])
    status.add_gauge("disk_low", alarm.raised)
    status.add_gauge("data_bytes", lambda: _size(data))
    status.add_gauge("journal_bytes", lambda: _size(data / FOLDER))
    status.add_gauge("resident_bytes", _resident)
    return alarm


def watch_connections(status: Status, connections: Connections) -> None:
    """Let `status` count the connections."""
    status.add_gauge("connections", lambda: float(len(connections.open)))


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

"""Gauges that are measured when /metrics is read: lags of the journal and the loader, disk, memory, connections."""

import logging
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ..journal import FOLDER
from ..receive import CommitLag, disk_space, folder_bytes
from ..receive.server import Connections
from ..runtime import Settings, Status

_log = logging.getLogger(__name__)

_PAGE_BYTES = resource.getpagesize()
_END_FACTOR = 1.1
"""The alarm ends at 10 % more free space than where it begins: segments come and go, and it must not flicker."""


class DiskAlarm:
    """Whether the disk of a data directory is nearly full. It measures at each call, and logs each change.

    Args:
        data: the data directory.
        percent: the alarm is raised below this share of free space; 0 for no alarm.
    """

    def __init__(self, data: Path, percent: float) -> None:
        self._data, self._percent = data, percent
        self._lock = threading.Lock()
        self._low = False

    def raised(self) -> float:
        """1 or 0. Safe on any thread."""
        free, size = disk_space(self._data)
        with self._lock:
            low = free < size * self._percent / 100 * (_END_FACTOR if self._low else 1)
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
    """Calls a function at intervals on a separate thread.

    Args:
        check: the function.
        seconds: the pause between two calls.
    """

    def __init__(self, check: Callable[[], object], seconds: float = 60.0) -> None:
        self._check, self._seconds = check, seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="footfall-watch", daemon=True)

    def start(self) -> None:
        """Call it for the first time at once."""
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        self._check()
        while not self._stopping.wait(self._seconds):
            self._check()


def watch_gauges(status: Status, settings: Settings, commit_lag: CommitLag) -> None:
    """Register the gauges with `status`.

    `journal_lag_seconds` is the latest wait of a request for the group commit, or the oldest unfinished one.
    `loader_lag_seconds` is the age of the moment up to which all closed segments are in the store; a live segment is
    closed after `segment_seconds`.
    """
    data = settings.data
    status.add_gauge("journal_lag_seconds", commit_lag.seconds)
    status.add_gauge("loader_lag_seconds", lambda: _age(status.gauge("loader_current_timestamp_seconds")))
    status.add_gauge("disk_free_bytes", lambda: disk_space(data)[0])
    status.add_gauge("disk_size_bytes", lambda: disk_space(data)[1])
    status.add_gauge("disk_low", DiskAlarm(data, settings.disk_alarm_percent).raised)
    status.add_gauge("data_bytes", lambda: folder_bytes(data))
    status.add_gauge("journal_bytes", lambda: folder_bytes(data / FOLDER))
    status.add_gauge("trash_bytes", lambda: folder_bytes(data / "trash"))
    status.add_gauge("resident_bytes", _resident)


def watch_connections(status: Status, connections: Connections) -> None:
    status.add_gauge("connections", lambda: float(len(connections.open)))


def _age(moment: float) -> float:
    return max(0.0, time.time() - moment) if moment else 0.0


def _resident() -> float:
    with open("/proc/self/statm", "rb") as file:
        return float(int(file.read().split()[1]) * _PAGE_BYTES)

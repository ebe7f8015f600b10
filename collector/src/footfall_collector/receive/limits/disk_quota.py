"""The disk quota: events are refused with 503 before the disk is full, so that senders keep them.

A full disk stops more than ingestion: the store can't load, and other programs fail too. The quota bounds the data
directory by its share of the file system. A small reserve stays free where something else fills the disk.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ...runtime import Settings
from ..refusals import RefusedError

_log = logging.getLogger(__name__)
_MEASURE_SECONDS = 1.0
_RETRY_SECONDS = 60
_RESERVE_SHARE, _MAX_RESERVE_BYTES = 0.05, 1 << 30
_END_FACTOR = 1.1
"""The refusals end at 10 % less than the quota, and 10 % more than the reserve, and don't flicker."""


class DiskQuota:
    """Measures the data directory and its file system, at most once a second, when a request or a reader asks."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._data, self._percent, self._clock = settings.data, settings.disk_quota_percent, clock
        self._lock = threading.Lock()
        self._measured_at = float("-inf")
        self._is_reached = False

    def check(self) -> None:
        """Raises RefusedError (503) while the quota is reached."""
        if self._percent and self._reached_now():
            sentence = "The collector has no room on its disk for more events at the moment; try again later."
            raise RefusedError(503, "disk_quota", sentence, _RETRY_SECONDS)

    def reached(self) -> float:
        """1 or 0. Safe on any thread."""
        return float(bool(self._percent) and self._reached_now())

    def _reached_now(self) -> bool:
        now = self._clock()
        if now - self._measured_at < _MEASURE_SECONDS:
            return self._is_reached
        with self._lock:
            self._measured_at = now
            before, self._is_reached = self._is_reached, self._measure(1 if not self._is_reached else _END_FACTOR)
            if self._is_reached != before:
                self._log_change()
            return self._is_reached

    def _measure(self, factor: float) -> bool:
        free, size = disk_space(self._data)
        reserve = min(size * _RESERVE_SHARE, _MAX_RESERVE_BYTES)
        quota = size * self._percent / 100
        return size > 0 and (free < reserve * factor or folder_bytes(self._data) > quota / factor)

    def _log_change(self) -> None:
        free, size = (int(n) >> 20 for n in disk_space(self._data))
        if not self._is_reached:
            _log.info("disk: there is room for events again; %d MiB are free", free)
            return
        _log.error(
            "disk: the data directory has %d MiB of %d MiB, and %d MiB are free: events are refused with 503 "
            "(disk_quota_percent = %g); reduce retention_days, or enlarge the disk",
            int(folder_bytes(self._data)) >> 20,
            size,
            free,
            self._percent,
        )


def disk_space(path: Path) -> tuple[float, float]:
    """Free and total bytes of the file system; zeros where they can't be read."""
    try:
        stat = os.statvfs(path)
    except OSError:
        return 0.0, 0.0
    return float(stat.f_bavail * stat.f_frsize), float(stat.f_blocks * stat.f_frsize)


def folder_bytes(folder: Path) -> float:
    """The size of all files below a folder."""
    size = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(path, name)).st_size
            except OSError:
                continue  # deleted since the folder was listed
    return float(size)
